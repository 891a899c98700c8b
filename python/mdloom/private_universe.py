"""Private copies of a Universe, one for each worker that needs one in Python. The user's is never moved.

Analyses written in Python look at their frames, and native ones have their groups selected there.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from . import _core, travel
from .boxes import box_of
from .changing_groups import ChangingGroups
from .errors import ArgumentError, FileError
from .fold import Fold
from .transformations import refuse_memories, require_own_groups
from .universe import (
    decoding_reader,
    format_names,
    is_decoded_here,
    name_of,
    native_source,
    refuse_parts_of_files,
    refuse_streams,
    short_name,
    step_of,
    trajectory_of,
)


class PythonFrames:
    """The frames of a Universe for such analyses, or refused by name (ArgumentError)."""

    def __init__(self, universe: Any, strict: bool = False) -> None:
        self._universe, self._trajectory = universe, trajectory_of(universe)
        for refuse in (refuse_streams, refuse_parts_of_files, refuse_memories):
            refuse(self._trajectory)
        self._decoding = decoding_reader(self._trajectory, strict)
        self.n_frames = len(self._trajectory)
        if self._decoding is not None:  # which counts whole frames, also those that have come since
            self.n_frames = min(self.n_frames, len(self._decoding))
        is_native = is_decoded_here(self._trajectory) or self._decoding is not None
        self.text = f"{format_names(self._trajectory)} read {'natively' if is_native else 'through MDAnalysis'}"
        if self._trajectory.transformations:
            self.text += " with its transformations"

    def open(self, analyses: tuple[bytes, ...]) -> PrivateUniverses:
        """What reads them, for these analyses: each as travel.pack_analysis leaves it, or its packed ChangingGroups."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # readers without times say so while they are packed
            try:
                make_copy = travel.copy_universe(self._universe, self._decoding)
            except Exception as error:  # a reader, a topology or a transformation may raise anything here
                raise ArgumentError(
                    f"{name_of(self._universe)} cannot be sent to workers ({type(error).__name__}: {error}): its "
                    f"reader ({type(self._trajectory).__name__}), transformations and attributes must be of kinds that "
                    "pickle"
                ) from error
        privates = PrivateUniverses(make_copy, analyses)
        if self._trajectory.transformations:
            require_own_groups(privates.open_reader().trajectory, self._universe)
        return privates

    def source_of(self, privates: PrivateUniverses) -> _core.Source:
        """Its readers are private copies in this process."""
        return _core.python_source(privates.open_reader, *self._size())

    def reopen(self, analyses: tuple[bytes, ...]) -> tuple:
        """What reopened() makes the same source of in another process."""
        return "private", travel.pack_universe(self._universe, self._decoding), analyses, *self._size()

    def _size(self) -> tuple[int, int, str]:
        return self._trajectory.n_atoms, self.n_frames, short_name(self._trajectory)


def reopened(universe: bytes, analyses: tuple[bytes, ...], *size: Any) -> _core.Source:
    """The source of PythonFrames.reopen() in this process."""
    privates = PrivateUniverses(functools.partial(travel.unpack_universe, universe), analyses)
    return _core.python_source(privates.open_reader, *size)


class PrivateUniverses:
    """What makes them, and the packed analyses that will look at their frames.

    `between_frames` is called before each frame of each copy in this process; what it raises ends the chunk.
    """

    def __init__(self, make_copy: Callable[[], Any], analyses: tuple[bytes, ...]) -> None:
        self._make_copy, self.analyses = make_copy, analyses
        self._idle: list[PrivateUniverse] = []
        self.between_frames: Callable[[], None] = _nothing

    def open_reader(self) -> _Borrowed:
        """For _core.python_source. Raises FileError, and ImportError for whatever else this process lacks."""
        try:
            return _Borrowed(self._idle.pop(), self._idle)
        except IndexError:
            pass
        try:
            return _Borrowed(PrivateUniverse(self._load(), self), self._idle)
        except (OSError, FileError) as error:
            raise FileError(str(error)) from None
        except Exception as error:
            raise ImportError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Lets go of the copies, and of the run that between_frames looks at."""
        self._idle.clear()
        self.between_frames = _nothing

    def _load(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user has seen the readers' warnings
            return self._make_copy()


_NO_ATOMS = np.empty(0, np.int64)


def _nothing() -> None:
    pass


class PrivateUniverse:
    """One copy, standing at the frame that was read last; used by one thread at a time."""

    def __init__(self, universe: Any, made_by: PrivateUniverses) -> None:
        self.universe, self._made_by = universe, made_by
        self._trajectory = universe.trajectory
        self._is_in_memory = hasattr(self._trajectory, "get_array")
        readers = getattr(self._trajectory, "readers", ())
        self._is_transformed = any(reader.transformations for reader in (self._trajectory, *readers))
        unpacked = [travel.unpack(packed, universe) for packed in made_by.analyses]
        self._users = [one if isinstance(one, ChangingGroups) else Fold(one, self) for one in unpacked]
        self._ts: Any = None
        self._untouched: Any = None

    def read(self, frame_index: int, wanted: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, tuple, int]:
        """Goes to a frame; what native analyses of the same pass want of it."""
        self._made_by.between_frames()
        self._ts = ts = self._trajectory[frame_index]
        if self._is_in_memory:
            _own_arrays(ts)
        self._untouched = ts.copy() if len(self._users) > 1 else None
        if not len(wanted):
            return np.empty((0, 3), np.float32), float(ts.time), np.zeros(9, np.float32), (), 0
        positions = np.ascontiguousarray(ts.positions[wanted], dtype=np.float32)
        return positions, float(ts.time), *self._stored_with(ts, frame_index)

    def _stored_with(self, ts: Any, frame_index: int) -> tuple[np.ndarray, tuple, int]:
        """Box, cell and step as the file has them, for native analyses to give the bits that they give alone;
        transformations may set the box.
        """
        reader = getattr(self._trajectory, "active_reader", self._trajectory)
        if not is_decoded_here(self._trajectory) or not reader.convert_units:
            box = box_of(ts) if self._boxes is None else self._boxes.read(_NO_ATOMS, frame_index, 1, 1)[2].reshape(9)
            return box, (), step_of(ts)
        box, cell, step = reader.exact_cell()
        return (box_of(ts), (), step) if self._is_transformed else (box, cell, step)

    @cached_property
    def _boxes(self) -> Any:
        """Where to look up boxes that MDAnalysis' reader has turned into lengths and angles; None: nowhere."""
        opened = None if self._is_transformed or self._is_in_memory else native_source(self.universe)
        return None if opened is None else opened[0]

    def ts_for(self, user: Fold | ChangingGroups) -> Any:
        """The frame as it was read, whatever analyses before this one did to it."""
        if self._untouched is not None and user is not self._users[0]:
            _restore(self._ts, self._untouched)
        return self._ts

    def fold(self, number: int) -> Fold:
        """The `number`-th analysis, one written in Python, ready for its first frame."""
        fold = self._users[number]
        assert isinstance(fold, Fold)
        fold.restart()
        return fold

    def atoms_of(self, number: int) -> list[np.ndarray]:
        """What the `number`-th analysis, a native one, selects in this frame."""
        groups = self._users[number]
        assert isinstance(groups, ChangingGroups)
        self.ts_for(groups)
        return groups.atoms()


class _Borrowed:
    """A reader's private universe, free for others when the reader is gone."""

    def __init__(self, private: PrivateUniverse, idle: list[PrivateUniverse]) -> None:
        self._idle, self._private = idle, private
        self.read, self.fold, self.atoms_of = private.read, private.fold, private.atoms_of
        self.trajectory = private.universe.trajectory

    def __del__(self) -> None:
        self._idle.append(self._private)


_ARRAYS = {"positions": "_pos", "velocities": "_velocities", "forces": "_forces"}


def _own_arrays(ts: Any) -> None:
    """A trajectory in memory shows its own arrays: edits of a frame would stay in it, and reach the user's."""
    for name, array in _ARRAYS.items():
        if getattr(ts, f"has_{name}"):
            setattr(ts, array, np.array(getattr(ts, array)))
    if ts.dimensions is not None:
        ts._unitcell = np.array(ts._unitcell)


def _restore(ts: Any, untouched: Any) -> None:
    for name, array in _ARRAYS.items():
        if getattr(untouched, f"has_{name}"):
            getattr(ts, array)[:] = getattr(untouched, array)
    ts.dimensions = untouched.dimensions
