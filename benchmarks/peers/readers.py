"""Each package reads a trajectory once, frame by frame, and sums every position, in Å."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

Reader = Callable[[str], float]


def total(positions: Iterable[np.ndarray]) -> float:
    return sum(float(array.sum()) for array in positions)


def mdloom(path: str) -> float:
    from mdloom import open as open_trajectory

    return total(frame.positions for frame in open_trajectory(path))


def delivered(path: str) -> float:
    """mdloom, without looking at what it delivers."""
    from mdloom import open as open_trajectory

    return float(sum(len(frame.positions) for frame in open_trajectory(path)))


def mdanalysis(path: str) -> float:
    with _mdanalysis_reader(path) as reader:
        return total(frame.positions for frame in reader)


def delivered_by_mdanalysis(path: str) -> float:
    with _mdanalysis_reader(path) as reader:
        return float(sum(len(frame.positions) for frame in reader))


def _mdanalysis_reader(path: str):
    from MDAnalysis.coordinates import DCD, TRJ, TRR, XTC

    readers = {".xtc": XTC.XTCReader, ".trr": TRR.TRRReader, ".dcd": DCD.DCDReader, ".nc": TRJ.NCDFReader}
    return readers[Path(path).suffix](path)


def mdtraj(path: str) -> float:
    """A frame at a time, as the others; nm but for DCD and NetCDF, which hold Å."""
    from mdtraj import formats

    kinds = {
        ".xtc": (formats.XTCTrajectoryFile, 10),
        ".trr": (formats.TRRTrajectoryFile, 10),
        ".dcd": (formats.DCDTrajectoryFile, 1),
        ".nc": (formats.NetCDFTrajectoryFile, 1),
    }
    kind, factor = kinds[Path(path).suffix]
    sums = 0.0
    with kind(path) as file:
        for _ in range(len(file)):
            sums += float(file.read(1)[0].sum())
    return sums * factor


def pyztraj(path: str) -> float:
    import pyztraj as peer

    from mdloom import open as open_trajectory

    openers = {".xtc": peer.open_xtc, ".trr": peer.open_trr, ".dcd": peer.open_dcd, ".nc": peer.open_nc}
    with openers[Path(path).suffix](path, open_trajectory(path).n_atoms) as reader:
        return total(frame.coords for frame in reader)


def chemfiles(path: str) -> float:
    import chemfiles as peer

    sums = 0.0
    with peer.Trajectory(path) as trajectory:
        for _ in range(trajectory.nsteps):
            frame = trajectory.read()  # has a name: its positions are gone when it is
            sums += float(frame.positions.sum())
    return sums


class Molly:
    """The program in the folder molly, waiting for paths."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, path: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(path, file=self._process.stdin, flush=True)
        return 10 * float(self._process.stdout.readline())
