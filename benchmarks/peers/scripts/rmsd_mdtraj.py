"""RMSD of the protein, as a script that uses mdtraj: structure, trajectory, where to write it."""

import sys

import mdtraj
import numpy as np

structure, trajectory, out = sys.argv[1:]
topology = mdtraj.load_topology(structure)
protein = mdtraj.load(trajectory, top=topology, atom_indices=topology.select("protein"))
np.save(out, 10 * mdtraj.rmsd(protein, protein, 0, parallel=False))
