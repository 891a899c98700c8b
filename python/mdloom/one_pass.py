"""One pass over a trajectory: any number of analyses, each frame read and decoded once.

What a pass asks of an analysis is in :class:`Member`; mdloom.analysis has the class that gives it.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from . import _core, backends, failures, progress, scheduler, timing, travel, util
from .backends import here, worker
from .changing_groups import ChangingGroups
from .errors import AnalysisError, ArgumentError, MdloomWarning, depth_outside_package
from .first_frame import FirstFrame

if TYPE_CHECKING:
    from .fitting import SettledFit

Frames = range | np.ndarray


class Member(Protocol):
    """An analysis, as a pass sees it."""

    name: str
    universe: Any
    is_native: bool  # else it is a PythonMember
    _libraries: tuple[tuple[str, str], ...]

    def _while_running(self) -> AbstractContextManager[Any]: ...
    def _begin(self, frames: Frames, blocks: Sequence[Frames]) -> None: ...
    def _require_room(self, n_workers: int) -> None: ...
    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]: ...
    def _attach(self, run: _core.Run, position: int) -> None: ...
    def _take(self, columns: dict[str, Any]) -> None: ...
    def _commit(self) -> None: ...
    def _forget(self) -> None: ...
    def _tell(self, timing: timing.Timing, how: str) -> None: ...


class NativeMember(Member, Protocol):
    """One that the engine computes."""

    _why_not_selectable: str
    _fit: SettledFit | None

    def _make_analysis(self) -> _core.Analysis: ...
    def _changing_groups(self) -> Mapping[int, Any]: ...


class PythonMember(Member, Protocol):
    """One whose hooks are called for every frame, in private copies of its Universe."""

    def _prepare(self) -> None: ...
    def readonly_attributes(self) -> AbstractContextManager[None]:
        """Holds while the pass runs."""
        ...

    def _make_python_analysis(self, number: int) -> _core.Analysis: ...
    def _fold_way(self) -> str: ...


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
        from .universe import masses_of, trajectory_source

        self.analyses = analyses
        self.in_python = [cast(PythonMember, analysis) for analysis in analyses if not analysis.is_native]
        natives = [cast(NativeMember, analysis) for analysis in analyses if analysis.is_native]
        changing = {id(analysis): analysis._changing_groups() for analysis in natives}
        self.changing = {one: groups for one, groups in changing.items() if groups}
        #: Those whose workers need a Universe of their own, in the order in which these hold them.
        self.on_universes = [one for one in analyses if not one.is_native or id(one) in self.changing]
        self.name = "+".join(analysis.name for analysis in analyses)
        self.messages: list[str] = []
        self.begun = time.perf_counter()
        self.universe = analyses[0].universe
        self.privates: Any = None
        if self.on_universes:
            from .private_universe import PythonFrames

            self.python_frames = PythonFrames(self.universe, strict)
            self.n_frames, self.reader_text = self.python_frames.n_frames, self.python_frames.text
        else:
            self.source, _, self.reader_text, self.reopen = trajectory_source(
                self.universe, strict=strict, warn=self.messages.append
            )
            self.n_frames = self.source.n_frames
        self.libraries = tuple(dict.fromkeys(library for analysis in analyses for library in analysis._libraries))
        # Which of them a plug-in needs, only its prepare() knows; those of this package bring their own.
        self.masses = masses_of(self.universe) if self.libraries else None

    def go(
        self,
        selection: tuple,
        counts: tuple[int | None, int | None],
        place: dict[str, Any],
        verbose: bool,
        watcher: Any,
    ) -> None:
        """Runs it: (start, stop, step, frames), (n_jobs, n_blocks), where to work, a bar, and a function to tell."""
        self.frames = select_frames(self.n_frames, *selection)
        local = "processes" if self.on_universes else "threads"
        with ExitStack() as around, scheduler.resolve(*counts, len(self.frames), local=local, **place) as schedule:
            for analysis in self.analyses:
                around.enter_context(analysis._while_running())
            try:
                with ExitStack() as while_running:
                    self._prepare(schedule, while_running)
                    self._warn()
                    how = self._work(schedule, verbose, watcher)
                self._conclude(how)
            finally:
                self._warn()
                if self.privates is not None:
                    self.privates.close()

    def _prepare(self, schedule: scheduler.Schedule, while_running: ExitStack) -> None:
        started = time.perf_counter()
        self.borders = util.block_borders(len(self.frames), schedule.n_blocks) if len(self.frames) else []
        blocks = [self.frames[first:stop] for first, stop in self.borders]
        n_workers_here = schedule.n_workers if schedule.kind in ("serial", "threads", "processes", "in_task") else 0
        for analysis in self.analyses:
            analysis._begin(self.frames, blocks)
            analysis._require_room(n_workers_here)
        if self.on_universes:
            self._open_private_universes(while_running)
        first_frame = None
        if len(self.frames) and len(self.in_python) < len(self.analyses):
            positions, _, boxes = self.source.read(None, int(self.frames[0]), 1, 1)
            first_frame = FirstFrame(positions[0], boxes[0])
        for analysis in self.analyses:
            self.messages.extend(analysis._doubts(first_frame))
        self.chunks_are_blocks = any(analysis._fold_way() == "blocks" for analysis in self.in_python)
        self.run = _core.Run(
            self.source,
            len(self.universe.atoms),
            self.masses,
            self.frames if isinstance(self.frames, range) else np.ascontiguousarray(self.frames),
            [self._engines_own(analysis) for analysis in self.analyses],
            [stop for _, stop in self.borders] if self.chunks_are_blocks else [],
        )
        for position, analysis in enumerate(self.analyses):
            analysis._attach(self.run, position)
        self.prepare_seconds = time.perf_counter() - started

    def _open_private_universes(self, while_running: ExitStack) -> None:
        for analysis in self.in_python:
            analysis._prepare()
        for analysis in self.in_python:
            while_running.enter_context(analysis.readonly_attributes())
        packed = tuple(map(self._packed, self.on_universes))
        self.privates = self.python_frames.open(packed)
        self.source = self.python_frames.source_of(self.privates)

    def _packed(self, analysis: Member) -> bytes:
        if not analysis.is_native:
            return travel.pack_analysis(analysis, self.universe)
        return travel.pack(ChangingGroups(tuple(self.changing[id(analysis)].values())), self.universe)

    def _engines_own(self, analysis: Member) -> _core.Analysis:
        if not analysis.is_native:
            return cast(PythonMember, analysis)._make_python_analysis(self._number_of(analysis))
        member = cast(NativeMember, analysis)
        native = member._make_analysis()
        if id(analysis) in self.changing:
            positions = list(self.changing[id(analysis)])
            native = _core.with_changing_groups(
                native, self._number_of(analysis), positions, member._why_not_selectable
            )
        return native if member._fit is None else member._fit.around(native)

    def _number_of(self, analysis: Member) -> int:
        return [id(one) for one in self.on_universes].index(id(analysis))

    def _work(self, schedule: scheduler.Schedule, verbose: bool, watcher: Any) -> str:
        """Gives where the work was done, in words."""
        self.started = time.time()
        with (
            progress.watching(
                self.name.upper(), len(self.frames), schedule, verbose=verbose, progress=watcher
            ) as watch,
            failures.at_home(),
        ):
            try:
                where = "in this process"
                if not (schedule.may_stay_here and here.ends_soon(self.run, self.privates, watch)):
                    where = schedule.text
                    self._drive(schedule, watch)
                self.run.close()
            except AnalysisError as error:
                own = failures.own_error(error, self.source.name)
                raise own from own.__cause__
        self.source.require_unchanged()
        return where

    def _drive(self, schedule: scheduler.Schedule, watch: progress.Watch) -> None:
        if self.privates is not None:
            self.privates.between_frames = here.leave_when_over(self.run)

        def make_job() -> worker.Job:
            return worker.make_job(
                self.run,
                name=self.name,
                path=self.source.name,
                reopen=self.reopen if self.privates is None else self.python_frames.reopen(self.privates.analyses),
                chunks_are_blocks=self.chunks_are_blocks,
                libraries=self.libraries,
            )

        backends.drive(schedule, self.run, make_job, watch)

    def _conclude(self, where: str) -> None:
        started = time.perf_counter()
        try:
            for analysis, columns in zip(self.analyses, self.run.conclude(last=True), strict=True):
                analysis._take(columns)
            for analysis in self.analyses:
                analysis._commit()
        except BaseException:
            for analysis in self.analyses:
                analysis._forget()
            raise
        now = time.perf_counter()
        measured = timing.timing_of(
            self.run.records,
            self.borders,
            started=self.started,
            prepare=self.prepare_seconds,
            conclude=now - started,
            total=now - self.begun,
        )
        for analysis in self.analyses:
            analysis._tell(measured, f"{where}, {self.reader_text}")

    def _warn(self) -> None:
        """In the user's own thread, each message once."""
        for message in dict.fromkeys(self.messages):
            warnings.warn(message, MdloomWarning, stacklevel=depth_outside_package())
        self.messages.clear()
