"""An analysis written in Python at work: what its frames give is folded, chunk by chunk, and joined in the end.

Three ways, chosen by the hooks that a class has:

- "append": the default `_reduce`. Values are kept frame by frame, so chunks may be cut anywhere.
- "blocks": a `_reduce` of its own. It starts from `[]` in every block and cannot join two halves: a chunk is a block.
- "merge": a static `_merge(earlier, later)` joins what neighbouring chunks gave; chunks may be cut anywhere.

A piece is the bytes of (times of its frames, what they gave).
"""

from __future__ import annotations

import itertools
import pickle
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError
from .travel import pack, unpack


class Fold:
    """One worker's copy of an analysis, and what its frames have given since the last finish()."""

    def __init__(self, analysis: Any, place: Any) -> None:
        self._analysis, self._place = analysis, place
        self._way = analysis._fold_way()
        self._is_new = True
        self.restart()

    def restart(self) -> None:
        """Forgets what the last frames gave."""
        self._times: list[float] = []
        self._values: list[bytes] = []
        self._folded: Any = []

    def single_frame(self) -> None:
        """Looks at the frame where the worker's Universe stands."""
        analysis, ts = self._analysis, self._place.ts_for(self)
        before = _contents(analysis) if self._is_new else None
        value = analysis._single_frame(ts, analysis._groups)
        if before is not None:
            self._is_new = False
            _require_unchanged(analysis, before)
        self._times.append(float(ts.time))
        if self._way == "append":
            self._values.append(pack(value, self._place.universe))  # at once: the frame's arrays are used again
        else:
            self._folded = analysis._reduce(self._folded, value)
            if self._folded is None:
                raise ArgumentError(
                    f"{type(analysis).__name__}._reduce returned None: it must return what it was given (`[]` at "
                    "first) with the frame's value added"
                )

    def finish(self) -> bytes:
        """What the frames since the last finish() gave, as a piece."""
        gave = self._values if self._way == "append" else pack(self._folded, self._place.universe)
        times = np.array(self._times, dtype=np.float64)
        self.restart()
        return pickle.dumps((times, gave), protocol=5)


def join(analysis_class: Any, universe: Any, earlier: bytes, later: bytes) -> bytes:
    """One piece from two neighbouring ones."""
    (times, first), (more_times, second) = pickle.loads(earlier), pickle.loads(later)
    merged = analysis_class._merge(unpack(first, universe), unpack(second, universe))
    if merged is None:
        raise ArgumentError(f"{analysis_class.__name__}._merge returned None: it must return what both gave together")
    return pickle.dumps((np.concatenate([times, more_times]), pack(merged, universe)), protocol=5)


def opened(
    pieces: Sequence[tuple[int, int, bytes]], way: str, n_frames: Sequence[int], universe: Any
) -> tuple[np.ndarray, Any]:
    """(times float64 [all frames], `_results`) from all pieces in order of their ordinals; n_frames: of each block.

    `_results` has an entry for each block (one for everything where pieces were merged; one that is empty without
    frames), as one array where all have the same shape, else as an object array of them.
    """
    if not pieces:
        return np.empty(0), np.empty((1, 0))
    loaded = [pickle.loads(piece) for *_, piece in pieces]
    times = np.concatenate([times for times, _ in loaded])
    if way == "append":
        values = [unpack(value, universe) for _, packed in loaded for value in packed]
        coming = iter(values)
        blocks = [stacked(list(itertools.islice(coming, n))) for n in n_frames]
    else:
        folded = [unpack(packed, universe) for _, packed in loaded]
        blocks = [stacked(value) if isinstance(value, list) else value for value in folded]
    return times, stacked(blocks)


def stacked(values: list[Any]) -> np.ndarray:
    """An array of the values: with their shape where they are numbers of one shape, else of objects."""
    if all(map(_is_numeric, values)):
        try:
            array = np.asarray(values)
        except ValueError:  # of different shapes
            array = None
        if array is not None and not array.dtype.hasobject:
            return array
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array


def _is_numeric(value: Any) -> bool:
    """Atom groups are sequences too: numpy would take them apart."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_numeric, value))
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    return isinstance(value, (bool, int, float, complex, str, bytes, np.generic))


# A worker's copy may be changed in place without a word, and nobody would ever see it.


def _contents(analysis: Any) -> dict[str, Any]:
    return {name: _content(value) for name, value in vars(analysis).items()}


def _content(value: Any) -> Any:
    if isinstance(value, (list, dict, set)):
        return len(value)
    if isinstance(value, np.ndarray) and value.nbytes <= 1_000_000 and not value.dtype.hasobject:
        return zlib.crc32(value.tobytes())
    return None


def _require_unchanged(analysis: Any, before: dict[str, Any]) -> None:
    changed = [name for name, content in _contents(analysis).items() if content != before.get(name, content)]
    if changed:
        raise ArgumentError(
            f"{type(analysis).__name__}._single_frame changed {', '.join(changed)} of self in place: each worker has a "
            "copy of its own, so this would be lost; return the frame's value, and collect the values in _conclude"
        )
