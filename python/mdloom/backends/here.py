"""Analyses written in Python, in this process: short runs end here, and runs that are over let their workers go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..errors import FrameError

# Starting processes that import MDAnalysis takes about as long.
_WORTH_SECONDS = 2.0
_CHUNK_SECONDS = 0.05


class _LeavingError(Exception):
    """Ends a chunk; its frames are done by others, or by nobody."""


def leave_when_over(run: Any) -> Callable[[], None]:
    """For PrivateUniverses.between_frames: chunks may be long, and nobody waits for what an ended run still does."""

    def leave() -> None:
        if run.over:
            raise _LeavingError("the run is over")

    return leave


class _Estimate:
    """How long the run will take, from the frames that were done so far. The first one opens files and fills caches."""

    def __init__(self, n_frames: int) -> None:
        self._n_frames, self._n_done = n_frames, -1
        self._started = time.perf_counter()
        self.is_long = False

    def between_frames(self) -> None:
        self._n_done += 1
        now = time.perf_counter()
        if self._n_done <= 1:
            self._first_done = now
        rest = self._n_frames - self._n_done
        later = 0.0 if self._n_done < 3 else rest * (now - self._first_done) / (self._n_done - 1)
        if now - self._started + later > _WORTH_SECONDS:
            self.is_long = True
            raise _LeavingError("the run is long")


def ends_soon(run: Any, privates: Any, watch: Callable[[int, int], None]) -> bool:
    """Works through the run in this thread for as long as its frames say that it ends within 2 s.

    Gives whether it is over; the frames of the rest are then free for others.
    """
    estimate = _Estimate(run.n_frames)
    privates.between_frames = estimate.between_frames
    length = 1
    try:
        while not run.over and not estimate.is_long:
            first, stop = run.take(0, length)
            started = time.perf_counter()
            try:
                run.give(0, run.work(first, stop))
            except FrameError as error:
                if estimate.is_long:
                    run.lost(0, "it takes long")
                else:
                    run.fail(0, error.ordinal, error.kind, error.text, error.payload)
            seconds = max(time.perf_counter() - started, 1e-6)
            length = max(1, int((stop - first) * min(4.0, _CHUNK_SECONDS / seconds)))
            watch(run.n_done, run.n_frames)
    except BaseException:
        run.stop()
        raise
    return run.over
