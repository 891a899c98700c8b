"""Reading: every position of every frame delivered, as numpy where it is Python, and summed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from trajectories import XTC, XTC_MEMPROT, make_membrane, make_real, make_stored, make_trajectory

from mdloom import open as open_trajectory

from . import gromacs, readers
from .bench import Bench
from .duels import Duel, Gates, Side

N_FRAMES = 200  # of the long trajectories: as many as the short ones have
_TOLERANCE = 2e-6  # of the sum, in float32
_STORED_GATES = {"trr": Gates(15, 25), "dcd": Gates(2, 2.5), "nc": Gates(1, 1.3)}
_STORED_NAMES = {"trr": "TRR", "dcd": "DCD", "nc": "AMBER NetCDF"}


def _side(name: str, read: Callable[[str], float], path: Path, level: str | None = None) -> Side:
    """Whole files only, as every package can."""
    n_rounds = 9 if name.startswith("mdloom") else 4
    return Side(name, lambda _: read(str(path)), open_trajectory(str(path)).n_frames, n_rounds, level)


def _xtc(bench: Bench, data: str, path: Path) -> list[Duel]:
    operation = f"XTC, {data}"
    best = _side("mdloom", readers.mdloom, path)
    masked = _side("mdloom, AVX-512 masked off", readers.mdloom, path, "avx2")
    theirs = {"MDAnalysis": readers.mdanalysis, "mdtraj": readers.mdtraj, "pyztraj": readers.pyztraj}
    theirs["chemfiles"] = readers.chemfiles

    def duel(ours: Side, name: str, gates: Gates | None = None) -> Duel:
        peer = bench.why_not(name) or _side(name, bench.molly if name == "molly" else theirs[name], path)
        what = operation if ours is best else f"{operation}, AVX-512 masked off"
        return Duel(what, ours, peer, name, gates, _TOLERANCE)

    duels = [duel(best, "MDAnalysis", Gates(10, 16)), duel(best, "molly", Gates(6, 10))]
    duels.append(duel(masked, "MDAnalysis", Gates(6, 8)))
    return duels + [duel(best, name) for name in ("mdtraj", "pyztraj", "chemfiles")]


def xtc_water(bench: Bench) -> list[Duel]:
    return _xtc(bench, "protein in water, real frames", make_real(bench.folder, XTC))


def xtc_lipids(bench: Bench) -> list[Duel]:
    return _xtc(bench, "protein in lipids, real frames", make_real(bench.folder, XTC_MEMPROT))


def xtc_water_distinct(bench: Bench) -> list[Duel]:
    return _xtc(bench, "protein in water, with noise", _first(bench, make_trajectory))


def xtc_lipids_distinct(bench: Bench) -> list[Duel]:
    return _xtc(bench, "protein in lipids, with noise", make_membrane(bench.folder))


def xtc_gromacs(bench: Bench) -> list[Duel]:
    """Nothing but what GROMACS itself wrote."""
    data = "water of a GROMACS run"
    if reason := bench.why_not("GROMACS"):
        return [bench.missing(f"XTC, {data}", "MDAnalysis", reason, Gates(10, 16))]
    run = gromacs.simulate_water(bench.folder)
    return _xtc(bench, data, make_real(bench.folder, str(run.trajectory), 2020))


def _first(bench: Bench, make: Callable[[Path], Path]) -> Path:
    """The frames that stand first in a long XTC file, as a file."""
    whole = make(bench.folder)
    path = whole.with_name(f"first_{N_FRAMES}_of_{whole.name}")
    if not path.exists():
        data = whole.read_bytes()
        path.write_bytes(data[: list(_starts(data, N_FRAMES + 1))[-1]])
    return path


def _starts(data: bytes, n_frames: int) -> Iterator[int]:
    """Where frames of an XTC file begin: 88 bytes, the number of bytes that follow, these, filled up to whole words."""
    at = 0
    for _ in range(n_frames):
        yield at
        n_bytes = int.from_bytes(data[at + 88 : at + 92], "big")
        at += 92 + (n_bytes + 3) // 4 * 4


def stored(ending: str, bench: Bench) -> list[Duel]:
    """TRR, DCD and AMBER NetCDF, whose positions are stored as they are."""
    path, name = make_stored(bench.folder, ending), _STORED_NAMES[ending]
    ours, unread = _side("mdloom", readers.mdloom, path), _side("mdloom, not summed", readers.delivered, path)
    peers = {"mdtraj": readers.mdtraj, "pyztraj": readers.pyztraj}
    theirs = _side("MDAnalysis", readers.mdanalysis, path)
    theirs_unread = _side("MDAnalysis, not summed", readers.delivered_by_mdanalysis, path)
    return [
        Duel(name, ours, theirs, "MDAnalysis", _STORED_GATES[ending], _TOLERANCE),
        Duel(f"{name}, not summed", unread, theirs_unread, "MDAnalysis"),
        *(
            Duel(name, ours, bench.why_not(peer) or _side(peer, read, path), peer, None, _TOLERANCE)
            for peer, read in peers.items()
        ),
    ]


GROUPS = {
    "xtc-water": xtc_water,
    "xtc-lipids": xtc_lipids,
    "xtc-water-distinct": xtc_water_distinct,
    "xtc-lipids-distinct": xtc_lipids_distinct,
    "xtc-gromacs": xtc_gromacs,
    **{ending: partial(stored, ending) for ending in _STORED_NAMES},
}
