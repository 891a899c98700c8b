"""What a `_merge` of your own is made of, so that its results are the same bits for any cut of the frames.

Sums of floating-point numbers depend on their order; these do not: each addend is rounded once to a grid of spacing
2^exponent and then added as an integer of 128 bits. Arrays of integers and lists of what each frame gave
(``earlier + later``, both) are exact as they are.

    class MeanPositions(ParallelAnalysisBase):
        def _single_frame(self, ts, atomgroups):
            return atomgroups[0].positions

        @staticmethod
        def _reduce(res, result_single_frame):
            return (res or ExactMoments(result_single_frame.shape)).add_frame(result_single_frame)

        @staticmethod
        def _merge(earlier, later):
            return earlier.merge(later)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _core

__all__ = ["ExactMoments", "ExactSum"]


class _Exact:
    _kind: Any

    def __init__(self, shape: int | tuple[int, ...] = (), exponent: int = -40) -> None:
        self.shape = tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)
        self._own = self._kind.zeros(math.prod(self.shape), exponent)

    def merge(self, other: Any) -> Any:
        """Adds what another one of the same shape and grid holds; returns this one. Raises StateError if it is not."""
        self._own.merge(other._own)
        return self

    def _flat(self, values: Any) -> np.ndarray:
        array = np.asarray(values, dtype=np.float64)
        return np.ascontiguousarray(np.broadcast_to(array, self.shape)).reshape(-1)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__getstate__() == self.__getstate__()

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> tuple[tuple[int, ...], bytes]:
        return self.shape, self._own.to_bytes()

    def __setstate__(self, state: tuple[tuple[int, ...], bytes]) -> None:
        self.shape, packed = state
        self._own = self._kind.of_bytes(packed)


class ExactSum(_Exact):
    """A sum that does not depend on the order of its addends.

    shape: of the array that is summed, () for a number. exponent: addends are rounded to multiples of 2^exponent in
    their own unit, -40 being meant for coordinates in Å; they must stay below 2^(62 + exponent), 4.2e6 for -40.

    Errors: StateError for a value that is too large or not finite (the sum then stays as it was).
    """

    _kind = _core.ExactSum

    def add(self, values: Any) -> ExactSum:
        """Adds an array of its shape, or one that broadcasts to it; returns this one."""
        self._own.add(self._flat(values))
        return self

    @property
    def sum(self) -> np.ndarray:
        """float64, of its shape."""
        return self._own.sum.reshape(self.shape)


class ExactMoments(_Exact):
    """Mean and sum of squared deviations over frames that do not depend on the order of the frames.

    shape, exponent: as in :class:`ExactSum`. Errors: StateError, also in `sum_of_squares` where a square would not fit
    128 bits any more.
    """

    _kind = _core.ExactMoments

    def add_frame(self, values: Any) -> ExactMoments:
        """Adds one frame's array of its shape; returns this one."""
        self._own.add_frame(self._flat(values))
        return self

    @property
    def n_frames(self) -> int:
        """Frames added so far."""
        return self._own.n_frames

    @property
    def mean(self) -> np.ndarray:
        """float64, of its shape; NaN without frames."""
        return self._own.mean.reshape(self.shape)

    @property
    def sum_of_squares(self) -> np.ndarray:
        """Sum over frames of (value - mean)^2, float64, of its shape; 0 without frames."""
        return self._own.sum_of_squares.reshape(self.shape)
