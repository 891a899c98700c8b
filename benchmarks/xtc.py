"""Reading XTC frame by frame into numpy, for each instruction set, beside MDAnalysis and two limits.

python benchmarks/xtc.py [FILE.xtc ...]: ns of CPU time for each atom in the file, the best of several passes. Without
files, two that MDAnalysisTests brings: a protein in water and a protein in lipids.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from agreement import agrees, largest_difference
from MDAnalysis.coordinates.XTC import XTCReader
from peers import readers
from peers.duels import LEVELS
from timing import at_level, in_turn

import mdloom

N_PASSES = 7


def mdanalysis(path: str, atoms: np.ndarray | None) -> float:
    if atoms is None:
        return readers.mdanalysis(path)
    with XTCReader(path) as reader:
        return readers.total(ts.positions[atoms] for ts in reader)


def ours(path: str, atoms: np.ndarray | None) -> float:
    return readers.mdloom(path) if atoms is None else readers.total(mdloom.open(path).read(atoms))


def ours_at(level: str, path: str, atoms: np.ndarray | None) -> float:
    with at_level(level):
        return ours(path, atoms)


def copy(path: str, atoms: np.ndarray | None) -> float:
    """What delivering and summing costs when there is nothing to decode."""
    trajectory = mdloom.open(path)
    positions = trajectory[0].positions if atoms is None else trajectory[0].positions[atoms]
    shown = np.empty_like(positions)
    for _ in range(len(trajectory)):
        np.copyto(shown, positions)
        shown.sum()
    return 0


def read(path: str, _: np.ndarray | None) -> float:
    """What the bytes cost."""
    with open(path, "rb", buffering=0) as file:
        while file.read(256 * 1024):
            pass
    return 0


def best_times(path: str, selections: dict[str, np.ndarray | None]) -> None:
    trajectory = mdloom.open(path)
    n = len(trajectory) * trajectory.n_atoms
    forced = {level: partial(ours_at, level) for level in LEVELS}
    ways: dict[str, Callable] = {"MDAnalysis": mdanalysis, **forced, "copy": copy, "read": read}
    print(f"\n{trajectory}\nns/atom of the file (x: times as fast as MDAnalysis)")
    print(f"{'':24}" + "".join(f"{way:>16}" for way in ways))
    for name, atoms in selections.items():
        works = {way: partial(run, path, atoms) for way, run in ways.items()}
        turns = in_turn(works, N_PASSES, time.process_time)
        best = {way: min(seconds) / n * 1e9 for way, (seconds, _) in turns.items()}
        sums = {way: found for way, (_, found) in turns.items()}
        assert all(agrees(largest_difference(sums[level], sums["MDAnalysis"]), 1e-6) for level in LEVELS), sums
        cells = (f"{best[way]:8.2f}" + f" {best['MDAnalysis'] / best[way]:5.1f}x " for way in ways)
        print(f"{name:24}" + "".join(f"{cell:>16}" for cell in cells))


def main() -> None:
    paths = sys.argv[1:]
    if not paths:
        from MDAnalysisTests.datafiles import XTC, XTC_MEMPROT

        paths = [XTC, XTC_MEMPROT]
    for path in map(str, paths):
        n_atoms = mdloom.open(path).n_atoms
        best_times(
            path,
            {
                "all atoms": None,
                "first 7 %": np.arange(n_atoms * 7 // 100),
                "every third": np.arange(0, n_atoms, 3),
                "one of 16 in first 7 %": np.arange(0, n_atoms * 7 // 100, 16),
                "one of 134": np.arange(0, n_atoms, 134),
            },
        )


if __name__ == "__main__":
    main()
