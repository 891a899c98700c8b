"""RMSD of the protein, as a script that uses MDAnalysis: structure, trajectory, where to write it."""

import sys

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis import rms

u = mda.Universe(*sys.argv[1:3])
rmsd = rms.RMSD(u.select_atoms("protein")).run()
np.save(sys.argv[3], rmsd.results.rmsd[:, 2])
