"""What all analyses share: run(), timing, results; and :func:`run` for several at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core, one_pass, writers
from .errors import ArgumentError
from .first_frame import FirstFrame
from .results import Results
from .timing import Timing
from .universe import names_of_files

if TYPE_CHECKING:
    from typing import Self

    from .fitting import SettledFit


class Analysis:
    """What native analyses and those written in Python share: run(), timing, which frames, how it went.

    After run(): `timing`, `start`, `stop`, `step`, `n_frames`, `frames` (int64, 0-based), `_blocks` (the frames of each
    block). A failed or interrupted run leaves the object usable.
    """

    name: str
    universe: Any
    is_native: bool
    start: int | None = None
    stop: int | None = None
    step: int | None = None
    n_frames: int
    frames: np.ndarray
    timing: Timing
    _blocks: list[one_pass.Frames]
    #: Plug-ins that every worker must load first: (path, digest).
    _libraries: tuple[tuple[str, str], ...] = ()
    _run: Any = None
    _told = ""
    #: Whether run() shows a progress bar without being asked.
    _verbose = False

    def run(
        self,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        n_jobs: int | None = None,
        n_blocks: int | None = None,
        *,
        frames: Iterable[int] | None = None,
        verbose: bool | None = None,
        progress: Callable[[int, int], Any] | None = None,
        client: Any = None,
        scheduler: Any = None,
        scheduler_file: Any = None,
        strict: bool = False,
    ) -> Self:
        """Analyse the trajectory, or the part that start, stop and step (or ``frames=``) name.

        n_jobs: how many work at the same time (-1: all usable cores; 1: the calling thread alone; None: all usable
        cores, but an analysis written in Python starts processes only when its first frames say that it takes more than
        2 s). n_blocks: PMDA's number of segments, a label on frames that never changes a number, unless a class has a
        `_reduce` of its own. verbose: a progress bar (None: as the analysis was made). progress: called with (frames
        done, all frames). client, scheduler, scheduler_file: where to work, if not on dask's current client or here.
        strict: a trajectory that ends inside a frame is an error. Returns self.

        Errors: ArgumentError (a ValueError), FileError, FormatError, TopologyError, BackendError, AnalysisError.
        """
        run(
            [self],
            start,
            stop,
            step,
            n_jobs,
            n_blocks,
            frames=frames,
            verbose=verbose,
            progress=progress,
            client=client,
            scheduler=scheduler,
            scheduler_file=scheduler_file,
            strict=strict,
        )
        return self

    def _member(self) -> Analysis:
        """What takes part in a pass in this one's place, and hands on to it what comes out."""
        return self

    def _begin(self, frames: one_pass.Frames, blocks: Sequence[one_pass.Frames]) -> None:
        self._run, self._told = None, ""
        self._selected = frames
        self.frames = np.asarray(frames, dtype=np.int64)
        self.n_frames = len(frames)
        self.start, self.stop, self.step = (
            (frames.start, frames.stop, frames.step) if isinstance(frames, range) else (None, None, None)
        )
        self._blocks = list(blocks)

    def _while_running(self) -> AbstractContextManager[Any]:
        """Entered before a pass is prepared, and left when it is over, however it ends."""
        return nullcontext()

    def _require_room(self, n_workers: int) -> None:
        """Raises ArgumentError when so many workers in this machine's memory would not fit; before any is made."""

    def _attach(self, run: Any, position: int) -> None:
        """The engine's run, once it is made."""

    def _take(self, columns: dict[str, Any]) -> None:
        """What the engine concluded."""
        raise NotImplementedError

    def _commit(self) -> None:
        """Files are put in place, once all analyses of the pass have taken what was concluded."""

    def _forget(self) -> None:
        """The pass failed after all, perhaps for another analysis."""

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        """Warnings about the input, which may look at the first analysed frame if there is one."""
        return ()

    def _tell(self, timing: Timing, how: str) -> None:
        self.timing = timing
        self._told = f"{self.n_frames} frames, {{}}, {len(self._blocks)} blocks, {how}, {timing.total:.3f} s"

    def _size_text(self) -> str:
        return f"{len(self.universe.atoms)} atoms"

    def __repr__(self) -> str:
        state = self._told.format(self._size_text()) if self._told else f"{self._size_text()}, not run yet"
        return f"<{type(self).__name__} {state}>"

    def __getstate__(self) -> dict[str, Any]:
        """Results travel, the engine's run does not."""
        return {**self.__dict__, "_run": None}


#: PMDA's and MDAnalysis' names for what a class does; in native analyses the engine does it.
_HOOKS = ("_prepare", "_single_frame", "_reduce", "_merge", "_conclude")


class NativeAnalysis(Analysis):
    """An analysis that the engine computes; the subclasses say which.

    A subclass sets `name` and gives `_make_analysis()` (a new engine analysis for each run), `_results_of(columns)`
    (what the engine found, as the user shall see it), `_settings()` (what files shall say about it) and, where it has
    doubts about the input, `_doubts(first_frame)`.

    After run(): `results`. A failed or interrupted run leaves them empty, and `partial()` readable.
    """

    is_native = True

    #: Ends the error when a group that changes has an atom that the engine's analysis does not list.
    _why_not_selectable = "is not among those that can be"

    #: Superposes every frame before the engine's analysis sees it.
    _fit: SettledFit | None = None

    def __init__(self, universe: Any) -> None:
        self.universe = universe
        self.results = Results()
        self._about: dict[str, Any] = {}

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the results of run() to a file; its ending says how.

        .csv, .tsv: the table, below `#` lines that say what was done; the same file for any number of workers. .json:
        the same (null for NaN). .xvg: what ``results.plot()`` draws, for Grace. .npy: the main array of the results.
        .npz: all of them. .dx: densities. .ndx: the components of LeafletFinder as groups `frame_0_component_1`, ...,
        of each frame the largest first; as in GROMACS, atoms are counted from 1. Floats read back as the same numbers.

        The file is there whole or not at all. force: replace one that is there. Errors: ArgumentError (a ValueError)
        before run(), for other endings, and for a file that is there; FileError when it cannot be written.
        """
        found = self._found()
        if not found:
            raise ArgumentError(f"there are no results to save to {os.fspath(path)}: call run() first")
        writers.write(path, found, self._about, force)

    def _found(self) -> Results:
        return self.results

    def _settings(self) -> dict[str, Any]:
        """Arguments that matter for the numbers, and how many atoms there are; what JSON can hold."""
        return {}

    def _tell(self, timing: Timing, how: str) -> None:
        super()._tell(timing, how)
        fit = {} if self._fit is None else {"fit": self._fit.text}
        about = {**self._settings(), **fit, **names_of_files(self.universe), "frames": _frames_text(self._selected)}
        self._about = writers.plain({"analysis": self.name, "mdloom": _core.__version__, **about})

    def partial(self) -> Results:
        """The results of the frames done so far, while a run lasts or after it was stopped; `frames` lists them.

        Errors: ArgumentError when no run was started.
        """
        if self._run is None:
            raise ArgumentError("there is nothing yet: call run() first")
        found = self._found_in(self._run.conclude()[self._position])
        done = [np.asarray(self._selected[first:stop], dtype=np.int64) for first, stop in self._run.done]
        found["frames"] = found._frames = np.concatenate(done) if done else np.empty(0, np.int64)
        return found

    def _attach(self, run: Any, position: int) -> None:
        self._run, self._position = run, position

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        return () if self._fit is None else self._fit.doubts(first_frame)

    def _make_analysis(self) -> Any:
        raise NotImplementedError

    def _changing_groups(self) -> Mapping[int, Any]:
        """Groups to select anew in every frame: an UpdatingAtomGroup for a position among the engine's groups, where
        the engine's analysis lists every atom that may come.
        """
        return {}

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        raise NotImplementedError

    def _begin(self, frames: one_pass.Frames, blocks: Sequence[one_pass.Frames]) -> None:
        for hook in _HOOKS:
            if hasattr(self, hook):
                raise ArgumentError(
                    f"{type(self).__name__} overrides {hook}, but it is computed natively and would never call it: "
                    "derive from mdloom.parallel.ParallelAnalysisBase, or work on the results after run()"
                )
        self._forget()
        super()._begin(frames, blocks)

    def _take(self, columns: dict[str, Any]) -> None:
        self.results = self._found_in(columns)
        self.results._frames = self.frames

    def _forget(self) -> None:
        self.results = Results()

    def _found_in(self, columns: dict[str, np.ndarray]) -> Results:
        if self._fit is None:
            return self._results_of(columns)
        fit_rmsd = columns.pop("fit_rmsd")
        found = self._results_of(columns)
        found["fit_rmsd"] = fit_rmsd
        return found


#: Frames that were given one by one are listed up to this many; tables over time have them all.
_MOST_LISTED = 1000


def _frames_text(frames: one_pass.Frames) -> str:
    if isinstance(frames, range):
        return f"{len(frames)}, start {frames.start}, stop {frames.stop}, step {frames.step}"
    listed = " ".join(map(str, frames)) if len(frames) <= _MOST_LISTED else "given one by one"
    return f"{len(frames)}: {listed}"


def run(
    analyses: Sequence[Analysis],
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    n_jobs: int | None = None,
    n_blocks: int | None = None,
    *,
    frames: Iterable[int] | None = None,
    verbose: bool | None = None,
    progress: Callable[[int, int], Any] | None = None,
    client: Any = None,
    scheduler: Any = None,
    scheduler_file: Any = None,
    strict: bool = False,
) -> list[Analysis]:
    """Run several analyses of one universe in one pass; each frame is read and decoded once.

    Each analysis ends up as its own ``run()`` would leave it, bit for bit; only where transformations are done natively
    for it alone, and by MDAnalysis because analyses in Python share the pass, the last bits may differ. The arguments
    are those of :meth:`mdloom.analysis.Analysis.run`. Returns the analyses. Errors: ArgumentError when there is none,
    one is given twice, or they belong to different universes; else what a single run raises.
    """
    analyses = list(analyses)
    _require_one_universe(analyses)
    one_pass.OnePass([analysis._member() for analysis in analyses], strict).go(
        (start, stop, step, frames),
        (n_jobs, n_blocks),
        {"client": client, "scheduler": scheduler, "scheduler_file": scheduler_file},
        any(analysis._verbose for analysis in analyses) if verbose is None else verbose,
        progress,
    )
    return analyses


def _require_one_universe(analyses: list[Analysis]) -> None:
    if not analyses:
        raise ArgumentError("mdloom.run takes at least one analysis")
    for analysis in analyses:
        if not isinstance(analysis, Analysis):
            raise ArgumentError(f"mdloom.run takes mdloom's analyses, not {type(analysis).__name__}")
        if analysis.universe is not analyses[0].universe:
            raise ArgumentError("the analyses of one pass must belong to the same universe")
    if len({id(analysis) for analysis in analyses}) < len(analyses):
        raise ArgumentError("an analysis is given twice: make a second one")
