"""An analysis of one's own, radius of gyration from a function, beside MDAnalysis: see README.md in this folder."""

from __future__ import annotations

import statistics
import sys
import tempfile
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.base import AnalysisFromFunction as Peer
from MDAnalysisTests.datafiles import GRO
from timing import in_turn
from trajectories import make_trajectory

from mdloom.custom import AnalysisFromFunction

N_ROUNDS = 5


def radius(group: mda.AtomGroup) -> float:
    return group.radius_of_gyration()


def contestants(protein: mda.AtomGroup, stop: int):
    universe = protein.universe

    def ours(**arguments):
        return lambda: AnalysisFromFunction(radius, universe, protein).run(stop=stop, **arguments).results

    def peer(**arguments):
        def run() -> np.ndarray:
            done = Peer(radius, universe.trajectory, protein).run(stop=stop, **arguments)
            return np.asarray(done.results.timeseries).ravel()

        return run

    return {
        "mdloom, n_jobs left alone": ours(),
        "mdloom, n_jobs=1": ours(n_jobs=1),
        "mdloom, 2 threads": ours(n_jobs=2, scheduler="threads"),
        "mdloom, 2 processes": ours(n_jobs=2),
        "MDAnalysis, serial": peer(),
        "MDAnalysis, 2 processes": peer(backend="multiprocessing", n_workers=2),
    }


def measure(protein: mda.AtomGroup, stop: int) -> None:
    turns = in_turn(contestants(protein, stop), N_ROUNDS)
    print(f"{stop} frames of {len(protein.universe.atoms)} atoms, radius of gyration of {len(protein)}")
    expected = turns["MDAnalysis, serial"]
    base = statistics.median(expected.seconds[1:])
    for name, ((first, *later), found) in turns.items():
        assert np.array_equal(found, expected.found), name
        median = statistics.median(later)
        print(
            f"{name:26} first {first:7.3f} s, then {median:7.3f} s, {1e6 * median / stop:7.0f} us a frame, "
            f"MDAnalysis serial / this {base / median:5.2f}"
        )


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir())
    universe = mda.Universe(GRO, str(make_trajectory(folder)))
    protein = universe.select_atoms("protein")
    for stop in (10, len(universe.trajectory)):
        measure(protein, stop)


if __name__ == "__main__":
    main()
