"""Exceptions of an analysis' own code, on their way from a worker to whoever wrote it."""

from __future__ import annotations

import os
import pickle
import secrets
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import AnalysisError
from .travel import pack, unpack

_N_KEPT = 16


class _ElsewhereError(Exception):
    """Shows the traceback of a worker."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


class _Kept:
    """Exceptions that were raised in this process while it drives a run, with their tracebacks, for debuggers.

    They hold the worker's Universe: without a run nobody would come for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_runs = 0
        self._errors: OrderedDict[str, BaseException] = OrderedDict()

    def begin(self) -> None:
        with self._lock:
            self._n_runs += 1

    def end(self) -> None:
        with self._lock:
            self._n_runs -= 1
            if not self._n_runs:
                self._errors.clear()

    def add(self, key: str, error: BaseException) -> None:
        with self._lock:
            if not self._n_runs:
                return
            self._errors[key] = error
            while len(self._errors) > _N_KEPT:
                self._errors.popitem(last=False)

    def take(self, key: str) -> BaseException | None:
        with self._lock:
            return self._errors.pop(key, None)


_kept = _Kept()
os.register_at_fork(after_in_child=lambda: _kept.__init__())  # type: ignore[misc]


@contextmanager
def at_home() -> Iterator[None]:
    """While a run is driven from this process, which then gets the very exceptions that were raised here."""
    _kept.begin()
    try:
        yield
    finally:
        _kept.end()


def pack_error(error: BaseException) -> tuple[str, bytes]:
    """(one line of text, what own_error() makes the error from)."""
    own = error.__traceback__.tb_next if error.__traceback__ is not None else None  # without the frame of mdloom
    text = "".join(traceback.format_exception(type(error), error, own))
    key = secrets.token_hex(8)
    _kept.add(key, error)
    try:
        copy = pack(error, None)
        unpack(copy, None)
    except Exception:
        copy = pack(RuntimeError(f"{type(error).__name__}: {error}"), None)
    worker = (os.uname().nodename, os.getpid(), threading.get_native_id())
    return f"{type(error).__name__}: {error}", pickle.dumps((key, worker, text, copy))


def own_error(error: AnalysisError, path: str) -> AnalysisError:
    """The error as whoever wrote the analysis shall see it: of the class that was raised, with its cause."""
    if not error.payload:  # an interrupt that nobody answered
        return error
    key, (host, pid, thread), text, copy = pickle.loads(error.payload)
    cause = _kept.take(key)
    if cause is None:
        cause = unpack(copy, None)
        cause.__cause__ = _ElsewhereError(text)
    worker = f"host {host}, process {pid}, thread {thread}"
    made = _make(type(cause), f"{path}: {error} ({worker})", _frame_in(str(error)), worker)
    made.__cause__ = cause
    return made


def _frame_in(text: str) -> int | None:
    words = text.removeprefix("after ").split(":")[0].split()
    return int(words[1]) if len(words) == 2 and words[0] == "frame" else None


def _make(raised: type[BaseException], text: str, frame: int | None, worker: str) -> AnalysisError:
    made = _also_of_class(raised)(text)
    made.frame, made.worker = frame, worker
    return made


class _AlsoAnotherError(AnalysisError):
    """Says and does what AnalysisError does, whatever the other class does with its arguments."""

    raised: type[BaseException]

    def __init__(self, text: str) -> None:
        BaseException.__init__(self, text)
        self.payload = b""

    def __str__(self) -> str:
        return BaseException.__str__(self)

    def __reduce__(self) -> tuple:
        return _make, (self.raised, str(self), self.frame, self.worker)


_also: dict[type, type[AnalysisError]] = {}


def _also_of_class(raised: type[BaseException]) -> type[AnalysisError]:
    """AnalysisError that is caught by `except ValueError` too, where a ValueError was raised."""
    if issubclass(AnalysisError, raised) or not issubclass(raised, Exception):
        return AnalysisError
    if raised not in _also:
        members = {"raised": raised, "__module__": __name__, "__doc__": _AlsoAnotherError.__doc__}
        try:
            _also[raised] = type(f"AnalysisError({raised.__name__})", (_AlsoAnotherError, raised), members)
            _also[raised]("")
        except Exception:  # a class that cannot be combined with others
            _also[raised] = AnalysisError
    return _also[raised]
