"""One pass over a trajectory: any number of analyses, each frame read and decoded once.

What a pass asks of an analysis is in :class:`Member`; mdloom.analysis has the class that gives it.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from . import _core, backends, progress, scheduler, timing, util
from .backends import worker
from .errors import ArgumentError, MdloomWarning

Frames = range | np.ndarray


class Member(Protocol):
    """An analysis, as a pass sees it."""

    name: str
    universe: Any

    def _begin(self, frames: Frames, blocks: Sequence[Frames]) -> None: ...
    def _doubts(self, first_frame: Any) -> Sequence[str]: ...
    def _make_analysis(self) -> _core.Analysis: ...
    def _attach(self, run: _core.Run, position: int) -> None: ...
    def _finish(self, columns: dict[str, np.ndarray], timing: timing.Timing, how: str) -> None: ...


def select_frames(
    n_frames: int, start: int | None, stop: int | None, step: int | None, frames: Iterable[int] | None
) -> Frames:
    """The frame indices that a run works on, in its order: a range, or int64 [n] for ``frames=``.

    Slices count as in Python, so negative indices and steps work. ``frames`` takes indices in any order, repeats
    allowed, negative ones counted from the end, or one truth value per frame. Errors: ArgumentError.
    """
    if frames is None:
        try:
            return range(n_frames)[slice(start, stop, step)]
        except (TypeError, ValueError):
            raise ArgumentError(
                f"start, stop and step take whole numbers or None, and step is not 0: {start!r}, {stop!r}, {step!r}"
            ) from None
    if not (start is None and stop is None and step is None):
        raise ArgumentError("frames= names the frames one by one: leave out start, stop and step")
    asked = np.asarray(frames if hasattr(frames, "__len__") else list(frames))
    if asked.dtype == bool:
        if asked.shape != (n_frames,):
            raise ArgumentError(f"frames= has {asked.size} truth values, the trajectory has {n_frames} frames")
        return np.flatnonzero(asked)
    if asked.ndim != 1 or (asked.size and asked.dtype.kind not in "iu"):
        raise ArgumentError(f"frames= takes a list of indices or of truth values, not {asked.dtype} {asked.shape}")
    chosen = asked.astype(np.int64)
    wrong = chosen[(chosen < -n_frames) | (chosen >= n_frames)]
    if wrong.size:
        raise ArgumentError(f"frame {wrong[0]} is outside the trajectory with its {n_frames} frames")
    return np.where(chosen < 0, chosen + n_frames, chosen)


class OnePass:
    """What several analyses of one universe share while they run together."""

    def __init__(self, analyses: Sequence[Member], strict: bool) -> None:
        from .universe import trajectory_source

        self.analyses = analyses
        self.name = "+".join(analysis.name for analysis in analyses)
        self.messages: list[str] = []
        self.begun = time.perf_counter()
        universe = analyses[0].universe
        self.source, self.how, self.reader_text, self.reopen = trajectory_source(
            universe, strict=strict, warn=self.messages.append
        )
        self.n_atoms = len(universe.atoms)

    def go(
        self, selection: tuple, counts: tuple[int, int | None], place: dict[str, Any], verbose: bool, watcher: Any
    ) -> None:
        """Runs it: (start, stop, step, frames), (n_jobs, n_blocks), where to work, a bar, and a function to tell."""
        self.frames = select_frames(self.source.n_frames, *selection)
        with scheduler.resolve(*counts, len(self.frames), **place) as schedule:
            self._prepare(schedule)
            self._warn()
            try:
                self._work(schedule, verbose, watcher)
                self._conclude(schedule)
            finally:
                self._warn()

    def _prepare(self, schedule: scheduler.Schedule) -> None:
        started = time.perf_counter()
        self.borders = util.block_borders(len(self.frames), schedule.n_blocks) if len(self.frames) else []
        blocks = [self.frames[first:stop] for first, stop in self.borders]
        first_frame = None
        if len(self.frames):
            first_frame = self.source.read(None, int(self.frames[0]), 1, 1)
        for analysis in self.analyses:
            analysis._begin(self.frames, blocks)
            self.messages.extend(analysis._doubts(first_frame))
        self.run = _core.Run(
            self.source,
            self.n_atoms,
            None,
            self.frames if isinstance(self.frames, range) else np.ascontiguousarray(self.frames),
            [analysis._make_analysis() for analysis in self.analyses],
        )
        for position, analysis in enumerate(self.analyses):
            analysis._attach(self.run, position)
        self.prepare_seconds = time.perf_counter() - started

    def _work(self, schedule: scheduler.Schedule, verbose: bool, watcher: Any) -> None:
        job = worker.make_job(self.run, name=self.name, path=self.source.name, reopen=self.reopen)
        self.started = time.time()
        with progress.watching(
            self.name.upper(), len(self.frames), schedule, verbose=verbose, progress=watcher
        ) as watch:
            backends.drive(schedule, self.run, job, watch)
            self.run.close()
        self.source.require_unchanged()

    def _conclude(self, schedule: scheduler.Schedule) -> None:
        started = time.perf_counter()
        columns = self.run.conclude()
        now = time.perf_counter()
        measured = timing.timing_of(
            self.run.records,
            self.borders,
            started=self.started,
            prepare=self.prepare_seconds,
            conclude=now - started,
            total=now - self.begun,
        )
        for analysis, found in zip(self.analyses, columns, strict=True):
            analysis._finish(found, measured, f"{schedule.text}, {self.reader_text}")

    def _warn(self) -> None:
        """In the user's own thread, each message once."""
        for message in dict.fromkeys(self.messages):
            warnings.warn(message, MdloomWarning, stacklevel=_depth_outside_package())
        self.messages.clear()


def _depth_outside_package() -> int:
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("mdloom"):
        depth, frame = depth + 1, frame.f_back
    return depth
