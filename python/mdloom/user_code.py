"""Which code travels to workers as code, because it is not installed, and what such code must not look at."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

try:
    import cloudpickle
except ImportError:  # it comes with the extras
    cloudpickle = None

_registering = threading.Lock()


@contextmanager
def by_value() -> Iterator[None]:
    """While this lasts, cloudpickle sends functions and classes of modules that are not installed as code."""
    with _registering:
        registered = []
        try:
            for module in list(sys.modules.values()):
                if is_user_code(module) and module.__name__ not in cloudpickle.list_registry_pickle_by_value():
                    cloudpickle.register_pickle_by_value(module)
                    registered.append(module)
            yield
        finally:
            for module in registered:
                cloudpickle.unregister_pickle_by_value(module)


def _installed_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({os.path.join(os.path.realpath(folder), "") for folder in folders})


_INSTALLED = _installed_folders()


def is_user_code(module: Any) -> bool:
    """A module from a file that is neither installed nor part of Python or mdloom."""
    name, file = getattr(module, "__name__", None), getattr(module, "__file__", None)
    if not isinstance(name, str) or not isinstance(file, str) or name == "__main__":
        return False
    if name.partition(".")[0] == __package__:
        return False
    return not _is_installed(file) and sys.modules.get(name) is module


@functools.cache
def _is_installed(file: str) -> bool:
    """Or no file of source code."""
    return not file.endswith(".py") or os.path.realpath(file).startswith(_INSTALLED)


def groups_out_of_reach(analysis: Any, universe: Any) -> str | None:
    """The name of a global group of `universe` that code uses which does not travel, or None.

    Classes stay what they are where they were written, and installed modules everywhere: a group in their globals would
    stand still while frames pass.
    """
    seen: set[int] = set()
    for cls in type(analysis).__mro__:
        if cls.__module__.partition(".")[0] in ("mdloom", "builtins"):
            continue
        for method in vars(cls).values():
            function = getattr(method, "__func__", method)
            if isinstance(function, types.FunctionType) and (name := _group_used(function, universe, seen)):
                return f"{cls.__name__}.{function.__name__} uses {name!r} from outside"
    for value in vars(analysis).values():
        if not isinstance(value, types.FunctionType) or _travels_as_code(value):
            continue
        if name := _group_used(value, universe, seen):
            return f"{value.__module__}.{value.__name__} uses {name!r} from outside"
    return None


def _travels_as_code(function: types.FunctionType) -> bool:
    module = sys.modules.get(function.__module__)
    return function.__module__ == "__main__" or "<locals>" in function.__qualname__ or is_user_code(module)


def _group_used(function: types.FunctionType, universe: Any, seen: set[int]) -> str | None:
    """Looks through what a function calls, as far as it is user code."""
    if id(function) in seen:
        return None
    seen.add(id(function))
    for name, value in _names_used(function):
        if value is universe or getattr(value, "universe", None) is universe:
            return name
        if not isinstance(value, types.FunctionType) or not _travels_as_code(value):
            continue
        if found := _group_used(value, universe, seen):
            return found
    return None


def _names_used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Globals and variables of enclosing functions, with what they hold now."""
    for name in _names_in(function.__code__):
        yield name, function.__globals__.get(name)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            yield name, cell.cell_contents


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)
