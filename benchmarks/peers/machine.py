"""What was measured on, and with which versions of everything."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from .duels import LEVELS

ROOT = Path(__file__).parents[2]
_PACKAGES = ("numpy", "scipy", "MDAnalysis", "mdtraj", "pyztraj", "freud-analysis", "chemfiles")


def describe() -> dict[str, Any]:
    """Of this process: the peers' environment."""
    return {"machine": _machine(), "levels": levels(), "versions": _versions(), "load": os.getloadavg()[0]}


def levels() -> list[str]:
    """Of mdloom's instructions, those that this machine has; the best one first."""
    from mdloom import _core

    return list(LEVELS[LEVELS.index(_core.simd_level()) :])


def _machine() -> str:
    facts = dict(
        re.findall(r"^(model name|model|cpu family)\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    name = (
        f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family')}, model {facts.get('model')})"
    )
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, Linux {platform.release()}"


def _versions() -> dict[str, str]:
    found = {"mdloom": f"{metadata.version('mdloom')} ({_commit()})"}
    found["Python"] = platform.python_version()
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if shutil.which("gmx"):
        said = _output("gmx", "--version")
        simd = _line(r"SIMD instructions: *(\S+)", said)
        found["GROMACS"] = f"{_line('GROMACS version: *([0-9.]+)', said)} ({simd})"
    lock = (Path(__file__).parent / "molly/Cargo.lock").read_text()
    found["molly"] = _line(r'name = "molly"\nversion = "([^"]+)"', lock)
    found["rustc"] = _line(r"rustc (\S+)", _output("rustc", "--version"))
    return {name: version for name, version in found.items() if version}


def _commit() -> str:
    """The last one that changed what is measured."""
    commit = _output("git", "-C", ROOT, "log", "-1", "--format=%h", "--", "cpp", "python")
    return commit + ("-dirty" if _output("git", "-C", ROOT, "status", "--porcelain", "--", "cpp", "python") else "")


def _line(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def _output(*command: Any) -> str:
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
