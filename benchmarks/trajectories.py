"""Trajectories to measure on: real frames, many of them distinct."""

from __future__ import annotations

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysisTests.datafiles import GRO, XTC

N_DISTINCT, N_FRAMES = 200, 2000


def make_trajectory(folder: Path) -> Path:
    """Real frames, moved a little residue by residue so that 200 of them are distinct, then repeated."""
    path = folder / "adk_2000.xtc"
    if path.exists():
        return path
    universe = mda.Universe(GRO, XTC)
    residue, dice = universe.atoms.resindices, np.random.default_rng(1)
    once = folder / "adk_200.xtc"
    with mda.Writer(str(once), len(universe.atoms)) as writer:
        for i in range(N_DISTINCT):
            frame = universe.trajectory[i % len(universe.trajectory)]
            shifts = dice.normal(0, 0.8, (len(universe.residues), 3)).astype(np.float32)
            universe.atoms.positions = frame.positions + shifts[residue]
            writer.write(universe.atoms)
    data = once.read_bytes()
    with path.open("wb") as file:
        for _ in range(N_FRAMES // N_DISTINCT):
            file.write(data)
    return path
