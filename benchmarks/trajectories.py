"""Trajectories to measure on: real frames, many of them distinct. Each is made once per folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysisTests.datafiles import GRO, GRO_MEMPROT, XTC, XTC_MEMPROT

N_FRAMES, N_MEMBRANE_FRAMES, N_STORED_FRAMES, N_REAL_FRAMES = 2000, 200, 200, 200


def make_trajectory(folder: Path) -> Path:
    """Adenylate kinase in water (47,681 atoms, a triclinic box): 2000 distinct frames, at 0, 1, 2 ... ps."""
    return _once(folder / f"adk_distinct_{N_FRAMES}.xtc", lambda path: _write(path, _moved(GRO, XTC, N_FRAMES)))


def make_membrane(folder: Path) -> Path:
    """A protein in a lipid bilayer (43,480 atoms, a triclinic box): 200 distinct frames."""
    frames = _moved(GRO_MEMPROT, XTC_MEMPROT, N_MEMBRANE_FRAMES)
    return _once(folder / f"membrane_distinct_{N_MEMBRANE_FRAMES}.xtc", lambda path: _write(path, frames))


def make_real(folder: Path, xtc: str = XTC, n_frames: int = N_REAL_FRAMES) -> Path:
    """The frames of a simulation, untouched, again and again: few, but with the entropy that real ones have."""
    data = Path(xtc).read_bytes()
    times = n_frames // mda.coordinates.XTC.XTCReader(xtc).n_frames
    return _once(folder / f"{Path(xtc).stem}_{times}_times.xtc", lambda path: path.write_bytes(data * times))


def make_stored(folder: Path, ending: str) -> Path:
    """The first 200 frames of make_trajectory() as .trr, .dcd or .nc, whose positions are stored as they are."""

    def copy(path: Path) -> None:
        universe = mda.Universe(GRO, str(make_trajectory(folder)))
        written = path.with_name(f"written_{path.name}")
        _write(written, (universe.atoms for _ in universe.trajectory[:N_STORED_FRAMES]))
        # In large pieces: a page cache that was filled 4 KiB at a time takes twice as long to copy from.
        shutil.copyfile(written, path)
        written.unlink()

    return _once(folder / f"adk_distinct_{N_STORED_FRAMES}.{ending}", copy)


def _once(path: Path, make: Callable[[Path], object]) -> Path:
    """Whole or not at all, so that a run that was stopped can be started again."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"unfinished_{path.name}")
        make(unfinished)
        os.replace(unfinished, path)
    return path


def _moved(topology: str, trajectory: str, n_frames: int) -> Iterator[mda.AtomGroup]:
    """Real frames, each residue shifted by about 0.8 Å, each atom by 0.04 Å: hardly to be compressed."""
    universe = mda.Universe(topology, trajectory)
    residue, dice = universe.atoms.resindices, np.random.default_rng(1)
    for i in range(n_frames):
        frame = universe.trajectory[i % len(universe.trajectory)]
        shifts = dice.standard_normal((len(universe.residues), 3), dtype=np.float32) * np.float32(0.8)
        noise = dice.standard_normal(frame.positions.shape, dtype=np.float32) * np.float32(0.04)
        frame.positions = frame.positions + shifts[residue] + noise
        frame.time = float(i)
        yield universe.atoms


def _write(path: Path, frames: Iterator[mda.AtomGroup]) -> None:
    first = next(frames)
    with mda.Writer(str(path), len(first)) as writer:
        writer.write(first)
        for atoms in frames:
            writer.write(atoms)
