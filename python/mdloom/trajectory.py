"""Trajectories without MDAnalysis: :func:`open` and what it gives."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np

from . import _core
from .errors import ArgumentError, MdloomWarning, TopologyError


class Frame(NamedTuple):
    """One moment: `index` (0-based), `time` (ps), `positions` float32 [n_atoms, 3] Å, `box` float32 [3, 3] Å.

    The rows of `box` are the cell vectors; all zero where there is no box.
    """

    index: int  # type: ignore[assignment] # hides tuple.index
    time: float
    positions: np.ndarray
    box: np.ndarray


class Trajectory:
    """The frames of one or several trajectory files, read natively; a snapshot of what was there when it was opened.

    ``len(t)`` frames of ``t.n_atoms`` atoms; ``t[i]`` is a :class:`Frame`, ``t[a:b:c]`` a shorter trajectory, iterating
    gives the frames in order. Errors: FileError, FormatError (naming file, frame and byte), IndexError.
    """

    def __init__(
        self, source: _core.Source, frames: range | None = None, delivery: _core.FrameDelivery | None = None
    ) -> None:
        self._source = source
        self._delivery = delivery or _core.FrameDelivery(source)
        self._frames = range(source.n_frames) if frames is None else frames

    @property
    def n_atoms(self) -> int:
        """Atoms in each frame."""
        return self._source.n_atoms

    @property
    def n_frames(self) -> int:
        """Frames, the same as ``len()``."""
        return len(self._frames)

    @property
    def name(self) -> str:
        """The file, as messages call it."""
        return self._source.name

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Trajectory: ...
    def __getitem__(self, index: int | slice) -> Frame | Trajectory:
        if isinstance(index, slice):
            return Trajectory(self._source, self._frames[index], self._delivery)
        try:
            frame = self._frames[index]
        except IndexError:
            raise IndexError(f"frame {index} is outside {self.name} with its {len(self)} frames") from None
        rows, time = self._delivery.frame(frame)
        return Frame(frame, time, rows[:-3], rows[-3:])

    def __iter__(self) -> Iterator[Frame]:
        frames = self._frames
        read = self._delivery.sequence(frames.start, frames.step, len(frames)).frame
        for frame in frames:
            rows, time = read(frame)
            yield Frame(frame, time, rows[:-3], rows[-3:])

    def read(
        self,
        atoms: Sequence[int] | np.ndarray | None = None,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
    ) -> np.ndarray:
        """Positions of some atoms in some frames, as one array.

        `atoms`: 0-based indices in any order, repeats kept (None: all). Returns float32 [n_frames, n_atoms, 3] Å.
        Decodes no more than the highest atom asked for needs. Errors: ArgumentError for indices that are not there.
        """
        frames = self._frames[slice(start, stop, step)]
        if atoms is None:
            return self._fill(None, self.n_atoms, frames)
        asked = np.asarray(atoms)
        if asked.ndim != 1 or (asked.size and asked.dtype.kind not in "iu"):
            raise ArgumentError(f"atoms takes a list of 0-based indices, not {atoms!r}")
        wanted, places = np.unique(asked.astype(np.int64), return_inverse=True)
        if wanted.size and (wanted[0] < 0 or wanted[-1] >= self.n_atoms):
            wrong = wanted[0] if wanted[0] < 0 else wanted[-1]
            raise ArgumentError(f"atom index {wrong} is outside {self.name} with its {self.n_atoms} atoms")
        positions = self._fill(wanted, wanted.size, frames)
        return positions if np.array_equal(wanted, asked) else positions[:, places]

    def _fill(self, atoms: np.ndarray | None, n_atoms: int, frames: range) -> np.ndarray:
        positions = np.empty((len(frames), n_atoms, 3), np.float32)
        self._delivery.fill(atoms, frames.start, frames.step, positions)
        return positions

    def __repr__(self) -> str:
        return f"<Trajectory {self.name}: {len(self)} frames of {self.n_atoms} atoms>"


def open(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    topology: str | os.PathLike[str] | None = None,
    *,
    strict: bool = False,
) -> Trajectory:
    """Open a trajectory file, or several as one, with mdloom's own readers (XTC, TRR, DCD, AMBER NetCDF).

    `topology`: a structure file that the number of atoms is checked against (read by MDAnalysis). `strict`: a file that
    ends inside a frame is an error instead of a warning. Errors: FileError, FormatError, TopologyError, ArgumentError.
    """
    paths = [os.fspath(p) for p in ([path] if isinstance(path, (str, os.PathLike)) else path)]
    messages: list[str] = []
    source = _core.open_files(paths, strict, messages.append)
    for message in messages:
        warnings.warn(message, MdloomWarning, stacklevel=2)
    if topology is not None:
        from .universe import n_atoms_of

        n_atoms = n_atoms_of(topology)
        if n_atoms != source.n_atoms:
            raise TopologyError(
                f"{source.name} has {source.n_atoms} atoms, {os.fspath(topology)} has {n_atoms}: not the same system. "
                "If the trajectory holds only a part, make a matching structure: "
                "gmx trjconv -s topol.tpr -f traj.xtc -dump 0 -o part.gro"
            )
    return Trajectory(source)
