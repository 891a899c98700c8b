"""The peers, below the folder: Python packages in an environment of their own, a Rust program; and GROMACS."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
#: Name in the table, module, package. MDAnalysis is the first: without it there are no data and no table.
PACKAGES = {
    "MDAnalysis": ("MDAnalysis", "MDAnalysis"),
    "mdtraj": ("mdtraj", "mdtraj"),
    "pyztraj": ("pyztraj", "pyztraj"),
    "freud": ("freud", "freud-analysis"),
    "chemfiles": ("chemfiles", "chemfiles"),
}
_NEEDED = ["MDAnalysis", "MDAnalysisTests", "networkx", "scipy"]


def why_not(name: str, folder: Path) -> str | None:
    """None when the peer can be used; else what is missing, as the table says it."""
    if name == "molly":
        return None if molly_program(folder).exists() else "molly is not built: is there cargo?"
    if name == "GROMACS":
        return None if shutil.which("gmx") else "there is no gmx on PATH"
    module, package = PACKAGES[name]
    return None if importlib.util.find_spec(module) else f"{package} is not installed"


def molly_program(folder: Path) -> Path:
    return folder.absolute() / "molly/release/molly-sum"


def python_of(folder: Path) -> Path:
    return folder.absolute() / "environment/bin/python"


def install(folder: Path, with_apt: bool) -> None:
    """What is there already stays. What cannot be had is said, and the others go on."""
    _install_packages(folder)
    if not molly_program(folder).exists():
        target = {"CARGO_TARGET_DIR": str(folder.absolute() / "molly")}
        _try("molly", ["cargo", "build", "--release", "--locked", "--manifest-path", HERE / "molly/Cargo.toml"], target)
    if with_apt and why_not("GROMACS", folder):
        _try("GROMACS", ["apt-get", "install", "-y", "--no-install-recommends", "gromacs"])
    for reason in filter(None, (why_not(name, folder) for name in ("molly", "GROMACS"))):
        print(f"not measured: {reason}", flush=True)


def _install_packages(folder: Path) -> None:
    python, constraints = python_of(folder), HERE / "constraints.txt"
    stamp = folder / "environment" / "installed.txt"
    if not stamp.exists() or stamp.read_text() != constraints.read_text():
        if not python.exists():
            venv.create(folder / "environment", with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-c", constraints]
        subprocess.run([*pip, *_NEEDED], check=True)
        got = [_try(package, [*pip, package]) for _, package in PACKAGES.values()]
        if all(got):
            stamp.write_text(constraints.read_text())
    _lend_mdloom(python)


def _lend_mdloom(python: Path) -> None:
    """The environment looks into that of this process for what it has not itself: mdloom and what mdloom needs."""
    found = importlib.util.find_spec("mdloom")
    if found is None or found.origin is None:
        raise SystemExit("mdloom is not installed for this Python: scripts/bootstrap && scripts/install")
    lender = Path(found.origin).parents[1]
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    (site / "mdloom_from_elsewhere.pth").write_text(f"{lender}\n")


def _try(name: str, command: list[str | Path], more: dict[str, str] | None = None) -> bool:
    print(f"installing {name}", flush=True)
    try:
        subprocess.run(list(map(str, command)), check=True, env={**os.environ, **(more or {})}, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{name} could not be installed: {error}", flush=True)
        return False
    return True
