"""Cutting frames into blocks, and a stopwatch."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Sequence
from operator import index
from typing import Any

from .errors import ArgumentError


class timeit:  # noqa: N801 - PMDA's name
    """Context manager; afterwards `elapsed` holds the wall time in seconds."""

    elapsed: float

    def __enter__(self) -> timeit:
        self._started = time.perf_counter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.elapsed = time.perf_counter() - self._started


def block_borders(n_frames: int, n_blocks: int) -> list[tuple[int, int]]:
    """`[first, stop)` ordinals of each block: contiguous, the first `n_frames % n_blocks` blocks one frame longer.

    0 frames give no blocks; more blocks than frames raise ArgumentError.
    """
    n_frames, n_blocks = index(n_frames), index(n_blocks)
    if n_frames < 0:
        raise ArgumentError(f"n_frames is {n_frames}: it must be 0 or more")
    if n_blocks < 1:
        raise ArgumentError(f"n_blocks is {n_blocks}: it must be 1 or more")
    if n_frames == 0:
        return []
    if n_blocks > n_frames:
        raise ArgumentError(f"n_blocks must be smaller than or equal to the number of frames: {n_blocks} > {n_frames}")
    length, n_longer = divmod(n_frames, n_blocks)
    firsts = [block * length + min(block, n_longer) for block in range(n_blocks + 1)]
    return list(itertools.pairwise(firsts))


def make_balanced_slices(
    n_frames: int,
    n_blocks: int,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
) -> list[slice]:
    """Cut `n_frames` frames, every `step`-th one from `start` on, into `n_blocks` slices of a trajectory.

    The slices differ by at most one frame in length and none is empty. The last one ends at `stop` at the latest, and
    is open when `stop` is None. Raises ArgumentError (a ValueError) for arguments that make no sense.
    """
    start = 0 if start is None else index(start)
    step = 1 if step is None else index(step)
    if start < 0:
        raise ArgumentError(f"start is {start}: it must be 0 or more, or None")
    if stop is not None and index(stop) < start:
        raise ArgumentError(f"stop is {stop}: it must not lie before start ({start}), or be None")
    if step < 1:
        raise ArgumentError(f"step is {step}: it must be 1 or more, or None")
    slices = [
        slice(start + first * step, start + last * step, step) for first, last in block_borders(n_frames, n_blocks)
    ]
    if slices:
        end = None if stop is None else min(slices[-1].stop, index(stop))
        slices[-1] = slice(slices[-1].start, end, step)
    return slices


def second_order_moments(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The moments of two lots of frames together, from those of each.

    first, second: (number of frames, mean, sum of squared deviations from it), numbers or arrays of one shape. Returns
    the same three. Chan, Golub & LeVeque 1979, eq. 2.1.
    """
    n_first, mean_first, squares_first = first
    n_second, mean_second, squares_second = second
    n_frames = n_first + n_second
    apart = mean_second - mean_first
    mean = (n_first * mean_first + n_second * mean_second) / n_frames
    squares = squares_first + squares_second + (n_first * n_second / n_frames) * apart**2
    return n_frames, mean, squares


def fold_second_order_moments(moments: Sequence[Sequence[Any]]) -> tuple[Any, Any, Any]:
    """The moments of several lots of frames together, joined from the left. Raises ArgumentError when there is none."""
    if not len(moments):
        raise ArgumentError("there are no moments to fold")
    n_frames, mean, squares = functools.reduce(second_order_moments, moments)
    return n_frames, mean, squares
