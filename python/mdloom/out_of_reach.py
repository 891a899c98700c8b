"""Code that stays behind when an analysis travels, and what it must not look at.

Where a class was written it stays as it is (see travel.py), and so does code that can only travel by its name. A group
of the analysed universe that such code finds in globals, closures, defaults or attributes of its class would stand
still while frames pass.
"""

from __future__ import annotations

import dis
import io
import pickle
import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np

from .user_code import cloudpickle, is_own, is_user_code

#: Called where the analysis was made, whose groups are the user's.
_AT_HOME = ("__init__", "_prepare", "_conclude")


def code_of(analysis: Any) -> list[Any]:
    """What of an analysis stays behind although it is installed: its classes, and functions that are its attributes."""
    classes = [cls for cls in type(analysis).__mro__ if cls.__module__.partition(".")[0] not in ("mdloom", "builtins")]
    functions = [value for value in vars(analysis).values() if isinstance(value, types.FunctionType)]
    return [*classes, *(function for function in functions if not is_own(function))]


def use_of(universe: Any, left: Iterable[Any], moving: Iterable[types.FunctionType], by_name: bool) -> str | None:
    """Says which code that stays behind names `universe` or a group of it, and by which name; None: none does.

    left: functions and classes that stay; what they use stays, too. moving: functions that travel with their globals,
    but not with the modules that they import. by_name: whether no module travels.
    """
    queue, seen = list(left), set[int]()
    at_home = {id(hook) for thing in queue for hook in _hooks_at_home(thing).values()}
    for function in moving:
        if id(function) not in at_home:
            names = chain(_imports(function), _modules(function) if by_name else ())
            if name := _name_of(universe, function, names, queue):
                return f"{_called(function)} uses {name!r} from outside"
    for thing in queue:  # which grows
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if name := _name_of(universe, thing, _names_used(thing), queue):
            return f"{_called(thing)} uses {name!r} from outside"
    return None


def _name_of(universe: Any, thing: Any, names: Iterable[tuple[str, Any]], left: list[Any]) -> str | None:
    """The name whose value holds the universe. What the others bring is put to what is left."""
    for name, value in names:
        probe = _Probe(universe, thing)
        if probe.finds(value):
            return name
        left.extend(probe.left)
    return None


def _called(thing: Any) -> str:
    return thing.__qualname__.rpartition("<locals>.")[2]


# Where code gets its values from

Names = Iterator[tuple[str, Any]]


def _names_used(thing: Any) -> Names:
    if isinstance(thing, type):
        at_home = _hooks_at_home(thing)
        yield from ((base.__name__, base) for base in (type(thing), *thing.__mro__[1:]))
        yield from ((name, value) for name, value in vars(thing).items() if name not in at_home)
    else:
        yield from chain(_variables(thing), _modules(thing), _imports(thing))


def _hooks_at_home(thing: Any) -> dict[str, Any]:
    if not isinstance(thing, type) or not hasattr(thing, "_single_frame"):
        return {}
    return {name: value for name, value in vars(thing).items() if name in _AT_HOME}


def _variables(function: types.FunctionType) -> Names:
    """All but modules."""
    code, defaults = function.__code__, function.__defaults__ or ()
    for name, *_ in _globals_loaded(code):
        yield name, function.__globals__.get(name)
    yield from _closed_over(function)
    yield from zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults, strict=False)
    yield from (function.__kwdefaults__ or {}).items()
    yield from vars(function).items()


def _closed_over(function: types.FunctionType) -> Names:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            yield name, cell.cell_contents


def _modules(function: types.FunctionType) -> Names:
    """What a function uses of the modules that it finds in its globals and around it."""
    for name, *attributes in _globals_loaded(function.__code__):
        value, path = function.__globals__.get(name), name
        while attributes and isinstance(value, types.ModuleType):
            value, path = vars(value).get(attributes[0]), f"{path}.{attributes.pop(0)}"
        if path != name:
            yield path, value
        yield from _attributes_of(value, function.__code__)
    for _, value in _closed_over(function):
        yield from _attributes_of(value, function.__code__)


def _imports(function: types.FunctionType) -> Names:
    """What a function uses of the modules that it imports itself."""
    for code in _all_codes(function.__code__):
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME":
                yield from _attributes_of(sys.modules.get(step.argval), function.__code__)


def _attributes_of(module: Any, code: types.CodeType, seen: tuple = ()) -> Names:
    """Of a user's module that may have any name in the code."""
    if not isinstance(module, types.ModuleType) or module in seen or not is_user_code(module):
        return
    for name in sorted({name for one in _all_codes(code) for name in one.co_names} & vars(module).keys()):
        yield f"{module.__name__}.{name}", vars(module)[name]
        yield from _attributes_of(vars(module)[name], code, (*seen, module))


def _all_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_codes(constant)


_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")


def _globals_loaded(code: types.CodeType) -> Iterator[list[str]]:
    """[global, attribute of it, attribute of that, ...]"""
    for one in _all_codes(code):
        path: list[str] = []
        for step in dis.get_instructions(one):
            if step.opname in _ATTRIBUTE and path:
                path.append(step.argval)
            elif step.opname != "EXTENDED_ARG":
                if path:
                    yield path
                path = [step.argval] if step.opname in _GLOBAL else []


# Whether a value holds the universe


class _FoundError(Exception):
    """The universe is in what is packed."""


class _Nowhere:
    def write(self, _: bytes) -> None:
        """Keeps nothing."""


def _nothing(*_: Any) -> None:
    """Stands in for what is not looked into."""


class _Probe(pickle.Pickler):
    """A pickler, because that knows what things are made of. It keeps no bytes, notes functions and classes in `left`
    instead of packing them, and does not mind what cannot be pickled.
    """

    def __init__(self, universe: Any, thing: Any) -> None:
        super().__init__(_Nowhere(), protocol=5)
        self.left: list[Any] = []
        self._named = {id(universe), id(getattr(universe, "trajectory", universe))}
        # what is written in a class belongs to it, wherever it is installed
        self._module = thing.__module__ if isinstance(thing, type) else None

    def finds(self, value: Any) -> bool:
        try:
            self.dump(value)
        except _FoundError:
            return True
        except Exception:  # a user's __reduce__ may give anything
            return any(map(self._is_named, _parts_of(value)))
        return False

    def _is_named(self, value: Any) -> bool:
        with suppress(Exception):  # an attribute may raise anything
            return id(value) in self._named or id(value.universe) in self._named
        return False

    def persistent_id(self, what: Any) -> str | None:
        if id(what) in self._named:
            raise _FoundError
        return "numbers" if isinstance(what, np.ndarray) and not what.dtype.hasobject else None

    def reducer_override(self, what: Any) -> Any:
        if what is _nothing:
            return NotImplemented
        if isinstance(what, (types.FunctionType, type)):
            if is_own(what) or what.__module__ == self._module:
                self.left.append(what)
            return _nothing, ()
        if isinstance(what, (types.ModuleType, io.IOBase)) or type(what).__module__ in _STANDING_STILL:
            return _nothing, ()
        try:
            reduce = cloudpickle.Pickler.dispatch_table.get(type(what))
            reduced = what.__reduce_ex__(5) if reduce is None else reduce(what)
        except Exception:  # locks, for one
            reduced = None
        return reduced if isinstance(reduced, tuple) else (_nothing, (dict(getattr(what, "__dict__", {})),))


#: Other universes, and what does not change with the frame.
_STANDING_STILL = ("MDAnalysis.core.universe", "MDAnalysis.core.topology")


def _parts_of(value: Any) -> list[Any]:
    parts = [value, *getattr(value, "__dict__", {}).values()]
    if isinstance(value, dict):
        parts += value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts += value
    return parts
