"""GROMACS: its analysis tools on one thread, and a short simulation of water of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "GMX_MAXBACKUP": "-1"}
_N_COLUMNS = 15  # of an index file

_TOPOLOGY = """\
#include "oplsaa.ff/forcefield.itp"
#include "oplsaa.ff/spce.itp"
[ system ]
water
[ molecules ]
"""
_MINIMISE = "integrator = steep\nnsteps = 100\n"
_SIMULATE = """\
integrator = md
dt = 0.002
nsteps = 1000
nstxout-compressed = 10
gen-vel = yes
gen-temp = 300
tcoupl = v-rescale
tc-grps = system
tau-t = 0.1
ref-t = 300
coulombtype = PME
"""


class Water(NamedTuple):
    """A simulation of our own: 4 nm of SPC/E water, 101 frames, 0.02 ps apart."""

    run_input: Path
    structure: Path
    trajectory: Path


def gmx(*arguments: Any, stdin: str = "", cwd: Path | None = None) -> None:
    command = ["gmx", "-quiet", *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, cwd=cwd, env={**os.environ, **_ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-2000:]}")


def write_index(path: Path, groups: dict[str, np.ndarray]) -> Path:
    """`groups`: 0-based atoms of each."""
    with path.open("w") as file:
        for name, atoms in groups.items():
            file.write(f"[ {name} ]\n")
            for i in range(0, len(atoms), _N_COLUMNS):
                file.write(" ".join(str(atom + 1) for atom in atoms[i : i + _N_COLUMNS]) + "\n")
    return path


def pairs_within(structure: str, trajectory: Path, index: Path, reach: float, n_frames: int) -> np.ndarray:
    """Mean number of atoms of the group OW within 0.1, 0.2 ... `reach` Å of another: `gmx rdf`, mean over the frames.

    Frames are at 0, 1, 2 ... ps.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "number.xvg"
        files = ["-s", structure, "-f", trajectory, "-n", index, "-o", Path(scratch) / "rdf.xvg", "-cn", out]
        what = ["-ref", "OW", "-sel", "OW", "-rmax", reach / 10, "-bin", 0.01, "-norm", "none", "-xvg", "none"]
        gmx("rdf", *files, *what, "-e", n_frames - 1)
        return np.loadtxt(out)[:, 1]


def bond_counts(run_input: Any, trajectory: Any, index: Path) -> np.ndarray:
    """Hydrogen bonds among the first group in each frame: `gmx hbond`, 3.5 Å, 30 degrees."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "number.xvg"
        files = ["-s", run_input, "-f", trajectory, "-n", index, "-num", out]
        gmx("hbond", *files, "-nthreads", 1, "-xvg", "none", stdin="0 0\n", cwd=Path(scratch))
        return np.loadtxt(out, ndmin=2)[:, 1]


def simulate_water(folder: Path) -> Water:
    """Some seconds on one core, once per folder."""
    home = folder / "water"
    found = Water(home / "water.tpr", home / "water.gro", home / "water.xtc")
    if not found.trajectory.exists():
        shutil.rmtree(home, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _simulate(Path(scratch))
            shutil.copytree(scratch, home)
    return found


def _simulate(home: Path) -> None:
    (home / "water.top").write_text(_TOPOLOGY)
    gmx("solvate", "-cs", "spc216.gro", "-box", 4, 4, 4, "-p", "water.top", "-o", "start.gro", cwd=home)
    (home / "minimise.mdp").write_text(_MINIMISE)
    (home / "water.mdp").write_text(_SIMULATE)
    for name, start in (("minimise", "start.gro"), ("water", "minimise.gro")):
        gmx("grompp", "-f", f"{name}.mdp", "-c", start, "-p", "water.top", "-o", f"{name}.tpr", cwd=home)
        gmx("mdrun", "-deffnm", name, "-nt", 1, cwd=home)
