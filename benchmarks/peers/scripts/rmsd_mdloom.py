"""RMSD of the protein, as a script that uses mdloom: structure, trajectory, where to write it."""

import sys

import MDAnalysis as mda
import numpy as np

from mdloom import rms

u = mda.Universe(*sys.argv[1:3])
rmsd = rms.RMSD(u.select_atoms("protein")).run(n_jobs=1)
np.save(sys.argv[3], rmsd.rmsd[:, 2])
