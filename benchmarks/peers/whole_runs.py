"""Analyses as `run()` does them, from a trajectory file to numbers, on one thread."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import contests
import numpy as np
from MDAnalysisTests.datafiles import GRO
from trajectories import make_trajectory

from .bench import Bench, against_mdanalysis
from .duels import Duel, Gates, Side

_SCRIPTS = Path(__file__).parent / "scripts"


def rmsd(bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.rmsd(bench.systems, "protein", 2000), Gates(50, 100))]


def rmsd_scattered(selection: str, bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.rmsd(bench.systems, selection, 500), Gates(10, 15))]


def rmsd_script(bench: Bench) -> list[Duel]:
    """Python is started, packages are imported, files opened, the result is written: what a user waits for."""
    trajectory = make_trajectory(bench.folder)

    def run(name: str, _: int) -> np.ndarray:
        with tempfile.TemporaryDirectory() as scratch:
            out = f"{scratch}/rmsd.npy"
            subprocess.run(
                [sys.executable, "-W", "ignore", _SCRIPTS / f"rmsd_{name}.py", GRO, trajectory, out], check=True
            )
            return np.load(out)

    def side(name: str, n_rounds: int) -> Side:
        return Side(name, partial(run, name.lower()), 2000, n_rounds)

    ours, operation = side("mdloom", 5), "RMSD, protein, a script from start to result"
    return [
        Duel(operation, ours, bench.why_not(peer) or side(peer, 3), peer, Gates(2, 4), 2e-3, per="run")
        for peer in ("MDAnalysis", "mdtraj")
    ]


def rmsf(bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.rmsf(bench.systems), Gates(20, 50))]


def contacts(bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.native_contacts(bench.systems), Gates(50, 200))]


def density(bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.water_density(bench.systems), Gates(15, 40))]


def leaflets(bench: Bench) -> list[Duel]:
    return [against_mdanalysis(contests.leaflets(bench.systems), Gates(30, 200))]


GROUPS = {
    "rmsd": rmsd,
    "rmsd-script": rmsd_script,
    "rmsd-ca": partial(rmsd_scattered, "name CA"),
    "rmsd-water": partial(rmsd_scattered, "name OW"),
    "rmsf": rmsf,
    "contacts": contacts,
    "density": density,
    "leaflets": leaflets,
}
