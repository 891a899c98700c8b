"""Analyses written in C++ outside this package: :func:`load` opens a shared library that holds some.

    gyration = plugins.load("libgyration.so").gyration(universe, universe.select_atoms("protein"))
    gyration.run().results.gyration

How to write one: `examples/recipes/analysis` of the sources. Processes, executors and Dask workers load the same file
by its absolute path, and refuse to work when theirs is another build.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import numbers
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from . import _core, atoms
from .analysis import NativeAnalysis
from .errors import ArgumentError, FileError
from .results import Results

_TAKES = {
    "group": "an AtomGroup or atom indices",
    "numbers": "an array of numbers, one-dimensional",
    "number": "a number",
    "index": "a whole number",
    "switch": "True or False",
    "text": "a string",
}


@dataclass(frozen=True)
class _Parameter:
    name: str  # empty: it has only its place
    kind: str
    when_left_out: Any


@dataclass(frozen=True)
class _Listed:
    """One analysis, as its library tells it."""

    library: tuple[str, str]  # path, digest
    name: str
    summary: str
    parameters: tuple[_Parameter, ...]

    def called(self, place: int) -> str:
        name = self.parameters[place].name
        return f'{self.name}: "{name}"' if name else f"{self.name}: argument {place + 1} after the Universe"

    def __str__(self) -> str:
        names = [p.name or _TAKES[p.kind] for p in self.parameters]
        return f"{self.name}({', '.join(['universe', *names])})"


class Plugin:
    """A library of analyses. Each is an attribute that makes one: ``plugin.gyration(universe, group)``."""

    def __init__(self, path: str, digest: str, told: list[Any]) -> None:
        self._path, self._digest, self._told = path, digest, told
        self._listed = {
            name: _Listed((path, digest), name, summary, tuple(_Parameter(*p) for p in parameters))
            for name, summary, parameters in told
        }

    def __getattr__(self, name: str) -> Callable[..., PluginAnalysis]:
        listed = self.__dict__.get("_listed", {})
        if name not in listed:
            raise AttributeError(f"{self.__dict__.get('_path')} has no analysis {name!r}; it has {', '.join(listed)}")
        make = functools.partial(PluginAnalysis, listed[name])
        make.__doc__ = f"{listed[name]}: {listed[name].summary}".rstrip(": ")
        return make

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._listed]

    def __repr__(self) -> str:
        return f"<Plugin {self._path}: {', '.join(map(str, self._listed.values()))}>"


class PluginAnalysis(NativeAnalysis):
    """An analysis of a plug-in: the Universe, then the arguments that its author chose, by place or by name.

    Groups are AtomGroups of that Universe or atom indices. After run() each column of the result is an attribute of
    `results`. The analysis may look at the Universe's masses when it has any. Errors: ArgumentError for arguments that
    do not fit; what the analysis itself refuses.
    """

    def __init__(self, _listed: _Listed, universe: Any, *args: Any, **kwargs: Any) -> None:
        universe = getattr(universe, "universe", None)
        if universe is None:
            raise ArgumentError(f"{_listed.name} takes the Universe first: {_listed}")
        super().__init__(universe)
        self.name = _listed.name
        self._listed = _listed
        self._libraries = (_listed.library,)
        given = _by_place(_listed, args, kwargs)
        self._values = [_converted(_listed, place, universe, given) for place in range(len(_listed.parameters))]

    def _make_analysis(self) -> Any:
        require(*self._listed.library)
        return _core.make_plugin_analysis(self.name, self._values)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        return Results(columns)

    def _size_text(self) -> str:
        groups = [
            len(value) for p, value in zip(self._listed.parameters, self._values, strict=True) if p.kind == "group"
        ]
        return f"{groups[0]} atoms" if groups else super()._size_text()

    def __repr__(self) -> str:
        return super().__repr__().replace(type(self).__name__, self.name, 1)


def load(path: str | os.PathLike[str]) -> Plugin:
    """Open a library of analyses; it stays loaded until the process ends.

    Errors: FileError when it is not there or cannot be loaded; ArgumentError when it is no plug-in, was built for
    another version, has an analysis whose name is taken, or was built anew after this process had loaded it.
    """
    full = os.path.abspath(os.fspath(path))
    digest = _digest_of(full)
    with _lock:
        known = _loaded.get(digest)
        if known is not None and known._path == full:
            return known
        if known is None and any(plugin._path == full for plugin in _loaded.values()):
            raise ArgumentError(f"plug-in {full} was built anew after this process had loaded it: start a new process")
        # A copy needs no loading, but workers shall look for it where the user found it last.
        _loaded[digest] = Plugin(full, digest, _core.load_plugin(full) if known is None else known._told)
        return _loaded[digest]


def require(path: str, digest: str) -> None:
    """Make sure that this process has loaded exactly this build. Errors: those of :func:`load`."""
    if digest in _loaded:
        return
    if _digest_of(path) != digest:
        raise ArgumentError(f"plug-in {path} is another build here: give every worker the same file, and start anew")
    load(path)


_loaded: dict[str, Plugin] = {}  # by digest
_lock = threading.Lock()


def _new_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def _digest_of(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()[:16]
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None


# Arguments


def _by_place(listed: _Listed, args: tuple, kwargs: dict[str, Any]) -> dict[int, Any]:
    names = {p.name: place for place, p in enumerate(listed.parameters) if p.name}
    if len(args) > len(listed.parameters):
        raise ArgumentError(
            f"{listed.name} takes at most {len(listed.parameters)} arguments after the Universe: {listed}"
        )
    given = dict(enumerate(args))
    for name, value in kwargs.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f'; did you mean "{near[0]}"?' if near else f": {listed}"
            raise ArgumentError(f'{listed.name} has no argument "{name}"{hint}')
        if names[name] in given:
            raise ArgumentError(f"{listed.called(names[name])} is given twice")
        given[names[name]] = value
    return given


def _converted(listed: _Listed, place: int, universe: Any, given: dict[int, Any]) -> Any:
    """As the extension wants it; int64 and float64 arrays."""
    parameter = listed.parameters[place]
    if place not in given:
        if parameter.kind == "group":
            raise ArgumentError(f"{listed.called(place)} is missing: {listed}")
        value = parameter.when_left_out
        return np.asarray(value, np.float64) if parameter.kind == "numbers" else value
    value = given[place]
    try:
        if parameter.kind == "group":
            return _indices(listed.called(place), universe, value)
        return _CONVERT[parameter.kind](value)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"{listed.called(place)} takes {_TAKES[parameter.kind]}, not {value!r:.80}") from None


def _indices(what: str, universe: Any, value: Any) -> np.ndarray:
    if hasattr(value, "atoms"):
        group = atoms.as_group(what, value)
        atoms.require_same_universe(what, group, universe)
        return atoms.indices(group)
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError
    return np.ascontiguousarray(array, dtype=np.int64)


def _numbers(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise TypeError
    return np.ascontiguousarray(array, dtype=np.float64)


def _number(value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError
    return float(value)


def _index(value: Any) -> int:
    whole = index(value)
    if isinstance(value, (bool, np.bool_)) or not -(2**63) <= whole < 2**63:
        raise TypeError
    return whole


def _switch(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "numbers": _numbers,
    "number": _number,
    "index": _index,
    "switch": _switch,
    "text": _text,
}
