"""Analyses of your own in Python: derive from :class:`ParallelAnalysisBase` and write what happens in one frame.

class RadiusOfGyration(ParallelAnalysisBase):
    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return ts.time, atomgroups[0].radius_of_gyration()

    def _conclude(self):
        self.rgyr = np.vstack(self._results)

RadiusOfGyration(u.select_atoms("protein")).run(n_jobs=4).rgyr
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _core, fold
from .analysis import Analysis
from .errors import ArgumentError
from .timing import Timing
from .universe import trajectory_of

__all__ = ["ParallelAnalysisBase", "Timing"]


class ParallelAnalysisBase(Analysis):
    """PMDA's framework: a class with a few hooks runs on every scheduler that mdloom knows.

    universe: its trajectory is analysed. atomgroups: a list of its AtomGroups, which `_single_frame` gets.

    Hooks, in the order of a run:

    - `_prepare(self)`, once, here: attributes may be set.
    - `_single_frame(self, ts, atomgroups)`, once a frame, in a worker, on a copy of this object whose groups (also
      those in attributes) move with the worker's frames. Returns the frame's value; setting an attribute raises
      AttributeError.
    - `_reduce(res, result_single_frame)`, static: adds a frame's value to `res`, which is `[]` at the start of each
      block, and returns it. By default values are appended.
    - `_merge(earlier, later)`, static, not needed: joins what `_reduce` gave for two neighbouring runs of frames. With
      it frames are cut into chunks of any length, and where it is exact (integers, :mod:`mdloom.partials`) the results
      are the same bits for any cut. Without it a block is one chunk.
    - `_conclude(self)`, once, here: makes attributes of `_results`.

    `_results` has an entry per block (one in all with `_merge`): an array if all have one shape, else an array of
    objects. `times` (ps) and `frames` are those of the selection; also `n_frames`, `start`, `stop`, `step`, `_blocks`
    and `timing`.

    Groups of the universe belong in attributes of self or in arguments. What methods find elsewhere (globals, defaults,
    attributes of the class) would stand still while frames pass: it is refused.

    Errors: ArgumentError (a ValueError) for what cannot be honoured; AnalysisError when a hook fails on a frame, which
    is also of the class that the hook raised, with that exception and its traceback as its cause.
    """

    is_native = False
    _attr_lock = False
    _groups: list[Any]
    _results: Any
    times: np.ndarray

    def __init__(self, universe: Any, atomgroups: Sequence[Any]) -> None:
        self.universe = universe
        if hasattr(atomgroups, "ix"):
            atomgroups = [atomgroups]
        self._groups = [_group_of(universe, group) for group in atomgroups]
        self._indices = [group.ix for group in self._groups]
        self._trajectory = trajectory_of(universe)
        self._top = getattr(universe, "filename", None)
        self._traj = getattr(self._trajectory, "filename", None)

    @property
    def name(self) -> str:  # type: ignore[override]
        """For progress bars and task names."""
        return type(self).__name__

    @contextmanager
    def readonly_attributes(self) -> Iterator[None]:
        """While this lasts, setting an attribute raises AttributeError; released also after a failure."""
        self._attr_lock = True
        try:
            yield
        finally:
            self._attr_lock = False

    def __setattr__(self, name: str, value: Any) -> None:
        if self._attr_lock and name != "_attr_lock":
            raise AttributeError("Can't set attribute at this time")
        super().__setattr__(name, value)

    def _prepare(self) -> None:
        """Does nothing."""

    def _single_frame(self, ts: Any, atomgroups: list[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _single_frame(self, ts, atomgroups)")

    @staticmethod
    def _reduce(res: Any, result_single_frame: Any) -> Any:
        res.append(result_single_frame)
        return res

    def _conclude(self) -> None:
        """Does nothing."""

    def _fold_way(self) -> str:
        if hasattr(self, "_merge"):
            return "merge"
        return "append" if type(self)._reduce is ParallelAnalysisBase._reduce else "blocks"

    def _begin(self, frames: Any, blocks: Any) -> None:
        if not hasattr(self, "_groups"):
            raise ArgumentError(f"{type(self).__name__}.__init__ must call super().__init__(universe, atomgroups)")
        super()._begin(frames, blocks)
        self._results = None

    def _make_python_analysis(self, number: int) -> _core.Analysis:
        # The engine must not hold this object.
        can_join = self._fold_way() == "merge"
        join = functools.partial(fold.join, type(self), self.universe) if can_join else None
        return _core.python_analysis(number, join)

    def _take(self, columns: dict[str, Any]) -> None:
        n_frames = [len(block) for block in self._blocks]
        self.times, self._results = fold.opened(columns["pieces"], self._fold_way(), n_frames, self.universe)
        self._conclude()

    def __getstate__(self) -> dict[str, Any]:
        """Workers need neither the run nor what the last one gave."""
        state = super().__getstate__()
        for name in ("_run", "_results", "_told", "timing", "times", "frames", "_selected"):
            state.pop(name, None)
        return state


def _group_of(universe: Any, group: Any) -> Any:
    if not hasattr(group, "ix") or not hasattr(group, "universe"):
        raise ArgumentError(f"atomgroups takes AtomGroups of the universe, not {type(group).__name__}")
    if group.universe is not universe:
        raise ArgumentError(
            f"a group of {len(group)} atoms belongs to another universe, whose frames do not pass while this one's do: "
            "select it in the analysed universe, or keep it as an attribute of self, where it stays as it stands"
        )
    return group
