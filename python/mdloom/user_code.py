"""Which code travels to workers as code, because it is not installed."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


def is_own(thing: Any) -> bool:
    """Whether a function or class was written by the user: it travels as code, where it can."""
    name = getattr(thing, "__module__", None)
    if not isinstance(name, str):
        return True
    if name.partition(".")[0] == __package__:
        return False
    return name == "__main__" or "<locals>" in thing.__qualname__ or is_user_code(sys.modules.get(name))
