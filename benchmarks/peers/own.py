"""mdloom against itself: several analyses in one pass, two threads, a start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import contests
import numpy as np
from trajectories import make_trajectory

import mdloom
from mdloom import gyration, rms

from .bench import Bench, ours_of
from .duels import Duel, Gates, Side

_SCRIPTS = Path(__file__).parent / "scripts"


def one_pass(bench: Bench) -> list[Duel]:
    """What a pass shares is the reading: the fewer atoms are looked at of those that are decoded, the more it saves."""
    return [_together(bench, selection) for selection in ("name CA", "protein", "all")]


def _together(bench: Bench, selection: str) -> Duel:
    group = bench.systems.adk.select_atoms(selection)

    def analyses() -> list[Any]:
        return [rms.RMSD(group), rms.RMSF(group), gyration.RadiusOfGyration(group)]

    def numbers(done: Iterable[Any]) -> np.ndarray:
        rmsd, rmsf, radius = done
        return np.concatenate([rmsd.rmsd[:, 2], rmsf.rmsf, radius.timeseries.ravel()])

    n_frames, what = 500, f"{len(group)} atoms ({selection})"
    one = Side(f"one pass, {what}", lambda n: numbers(mdloom.run(analyses(), stop=n, n_jobs=1)), n_frames, 5)
    three = Side(f"three, {what}", lambda n: numbers([each.run(stop=n, n_jobs=1) for each in analyses()]), n_frames, 5)
    operation = f"RMSD, RMSF, radius of gyration in one pass, {what}"
    return Duel(operation, one, three, "mdloom, three passes", Gates(2, 2.7))


def two_threads(bench: Bench) -> list[Duel]:
    gates, duels = Gates(1.85, 1.95), []
    for contest in (contests.rmsd(bench.systems, "all", 2000), contests.distances(bench.systems, 10, 1)):
        contest = contest._replace(n_frames=min(1000, 4 * contest.n_frames))
        two, one = (ours_of(contest, f"{contest.title}, {n} of mdloom's threads", n) for n in (2, 1))
        duels.append(Duel(f"2 threads: {contest.title}", two, one, "mdloom, 1 thread", gates))
    if len(os.sched_getaffinity(0)) < 2:
        return [duel._replace(peer="this machine has one core") for duel in duels]
    return duels


def start(bench: Bench) -> list[Duel]:
    """Import, open a file that has an index, the first frame; against importing numpy and nothing else."""
    path = str(make_trajectory(bench.folder))
    len(mdloom.open(path))  # makes the index

    def run(name: str) -> Callable[[int], int]:
        return lambda _: subprocess.run([sys.executable, _SCRIPTS / f"start_{name}.py", path], check=True).returncode

    ours, numpy = (Side(name, run(name), 1, 11) for name in ("mdloom", "numpy"))
    gates = Gates(0.25, 0.2, is_absolute=True)
    return [Duel("import, open an indexed XTC, first frame", ours, numpy, "importing numpy alone", gates, per="run")]


GROUPS = {"one-pass": one_pass, "threads": two_threads, "start": start}
