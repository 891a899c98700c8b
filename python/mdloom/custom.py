"""Analyses from functions: what a function gives for each frame, one line of Python, on every scheduler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ArgumentError
from .fold import stacked
from .parallel import ParallelAnalysisBase


class AnalysisFromFunction(ParallelAnalysisBase):
    """What `function(*args, **kwargs)` gives for every frame.

    function: anything that can be called, also a lambda or one written in a notebook. universe: its trajectory is
    analysed (a reader of it will do, if an AtomGroup is among the arguments). Groups of that universe in args and
    kwargs, in any order and also inside lists, move with the frames; groups of other universes stay as they stand.

    After run(): `results`, [n_frames, ...], an array of objects where values are no numbers; `times` (ps), `frames`.

    Errors: ArgumentError (a ValueError) for a function or a universe that is none, and when values change their shape;
    AnalysisError when the function raises, which is also of the class that was raised.
    """

    def __init__(self, function: Callable[..., Any], universe: Any = None, *args: Any, **kwargs: Any) -> None:
        if not callable(function):
            raise ArgumentError(f"the function of an analysis must be callable, not {function!r}")
        if hasattr(universe, "ix"):  # an AtomGroup: the first argument, as in MDAnalysis
            universe, args = universe.universe, (universe, *args)
        self._function, self._args, self._kwargs = function, args, kwargs
        self.results: Any = None
        super().__init__(_universe_of(universe, (*args, *kwargs.values())), [])

    @property
    def name(self) -> str:  # type: ignore[override]
        """The function's."""
        return getattr(self._function, "__name__", type(self._function).__name__).strip("<>_") or "function"

    def _prepare(self) -> None:
        self.results = None

    def _single_frame(self, ts: Any, atomgroups: list[Any]) -> Any:
        return self._function(*self._args, **self._kwargs)

    def _conclude(self) -> None:
        blocks = list(self._results)
        shapes = {block.shape[1:] for block in blocks}
        if len(shapes) == 1 and len({block.dtype.hasobject for block in blocks}) == 1:
            self.results = np.concatenate(blocks)
        else:
            self.results = stacked([value for block in blocks for value in block])
        self._refuse_changing_shapes()

    def _refuse_changing_shapes(self) -> None:
        """An array of arrays would break what comes next, in words that nobody understands."""
        if not self.results.dtype.hasobject or not isinstance(self.results[0], np.ndarray):
            return
        values, self.results = self.results, None
        for frame, value in zip(self.frames, values, strict=True):
            shape = getattr(value, "shape", None)
            if shape != values[0].shape:
                raise ArgumentError(
                    f"{self.name} gave an array of shape {values[0].shape} for frame {self.frames[0]}, of {shape} for "
                    f"frame {frame}: values of one shape make an array; for others derive from "
                    "mdloom.parallel.ParallelAnalysisBase. The values are in _results"
                )
        self.results = values


def _universe_of(given: Any, arguments: tuple[Any, ...]) -> Any:
    """`given`, or the universe whose reader it is, or that of the first group among the arguments."""
    if hasattr(given, "select_atoms") and not hasattr(given, "ix"):
        return given
    groups = [argument for argument in arguments if hasattr(argument, "ix") and hasattr(argument, "universe")]
    if given is None and groups:
        return groups[0].universe
    if hasattr(given, "n_frames") and hasattr(given, "ts"):
        for group in groups:
            if group.universe.trajectory is given:
                return group.universe
        raise ArgumentError(
            "a trajectory alone does not say what its atoms are: give the Universe, or an AtomGroup as an argument"
        )
    raise ArgumentError(f"the trajectory must be a Universe or its reader, not {given!r}")


def analysis_class(function: Callable[..., Any]) -> type[AnalysisFromFunction]:
    """A class like :class:`AnalysisFromFunction` with this function in it; also as a decorator.

    `cls(universe, *args, **kwargs).run()`. Errors: ArgumentError (a ValueError) when it is no function, or is given no
    universe.
    """
    if not callable(function):
        raise ArgumentError(f"the function of an analysis must be callable, not {function!r}")

    class WrapperClass(AnalysisFromFunction):
        """An analysis of one function."""

        def __init__(self, trajectory: Any = None, *args: Any, **kwargs: Any) -> None:
            super().__init__(function, trajectory, *args, **kwargs)

    WrapperClass.__doc__ = function.__doc__ or WrapperClass.__doc__
    return WrapperClass
