"""What runs in another process (or in a pool's thread): a `Job` says what, `work_chunk` does some of it.

Imports numpy and the extension only; a reader that needs MDAnalysis imports it when its source is opened.
Everything goes back as a plain value, first of all what sort of answer it is:

    ("part", bytes, place, seconds)             the frames are done
    ("frame_error", ordinal, kind, text, payload, place) a frame could not be read or analysed
    ("cannot", "read" | "work", reason, place)  this process cannot read the file, or not work at all

where place = (host, pid).
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# Open runs that a process keeps. More than a few only hold memory and file handles.
_N_KEPT = 4
# How long the first chunk on a thread waits for the process's other threads to get theirs.
_GATHER_SECONDS = 0.5


def own_version(runs_python: bool = False) -> str:
    """What must be the same here and there. Code travels as what this Python made of it."""
    from .. import _core

    return _core.__version__ + (f" on Python {sys.version_info[0]}.{sys.version_info[1]}" if runs_python else "")


@dataclass(frozen=True)
class Job:
    """One run, as it travels. `key` is unique; `name` ("RMSD") and `path` are for people."""

    key: str
    spec: bytes
    reopen: (
        tuple  # ("sent",): frames come with the chunks | ("private", ...): private_universe.reopened | others: universe
    )
    version: str
    name: str
    path: str
    chunks_are_blocks: bool = False
    libraries: tuple[tuple[str, str], ...] = ()  # plug-ins to load first: (path, digest)

    @property
    def sends_frames(self) -> bool:
        return self.reopen[0] == "sent"


def make_job(run: Any, *, reopen: tuple, **rest: Any) -> Job:
    """`rest`: name, path, and what else a Job has."""
    version = own_version(reopen[0] == "private")
    return Job(key=secrets.token_hex(4), spec=run.spec(), reopen=reopen, version=version, **rest)


class _CannotError(Exception):
    def __init__(self, verb: str, reason: str) -> None:
        super().__init__(verb, reason)
        self.verb, self.reason = verb, reason


class _Kept:
    """The runs this process has rebuilt, and those it drives itself, which need no rebuilding."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_home: dict[str, Any] = {}
        self._rebuilt: OrderedDict[str, Any] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        self._begun: dict[str, set[int]] = {}

    def run_of(self, job: Job) -> tuple[Any, bool]:
        """The run, and whether it is the driver's own."""
        with self._lock:
            if job.key in self._at_home:
                return self._at_home[job.key], True
            lock = self._locks.setdefault(job.key, threading.Lock())
        with lock:  # one thread rebuilds, the others of this process wait for it
            with self._lock:
                if job.key in self._rebuilt:
                    self._rebuilt.move_to_end(job.key)
                    return self._rebuilt[job.key], False
            run = _rebuild(job)
            with self._lock:
                self._rebuilt[job.key] = run
                while len(self._rebuilt) > _N_KEPT:
                    gone, _ = self._rebuilt.popitem(last=False)
                    self._locks.pop(gone, None)
                    self._begun.pop(gone, None)
            return run, False

    def add_home(self, job: Job, run: Any) -> None:
        with self._lock:
            self._at_home[job.key] = run

    def remove_home(self, job: Job) -> None:
        with self._lock:
            self._at_home.pop(job.key, None)
            self._begun.pop(job.key, None)

    def gather(self, job: Job, n_threads: int) -> None:
        """Waits until `n_threads` threads of this process have begun the job, but not for long.

        A thread pool gives two short chunks to one thread; this way each thread gets its own.
        """
        deadline = time.monotonic() + _GATHER_SECONDS
        with self._lock:
            begun = self._begun.setdefault(job.key, set())
            begun.add(threading.get_ident())
        while len(begun) < n_threads and time.monotonic() < deadline:
            time.sleep(0.002)


_kept = _Kept()
os.register_at_fork(after_in_child=lambda: _kept.__init__())  # type: ignore[misc]


@contextmanager
def at_home(job: Job, run: Any) -> Iterator[None]:
    """While this lasts, chunks of the job that are worked on in this process use the run itself."""
    _kept.add_home(job, run)
    try:
        yield
    finally:
        _kept.remove_home(job)


def _load_libraries(job: Job) -> None:
    from .. import plugins
    from ..errors import ArgumentError, FileError

    for path, digest in job.libraries:
        try:
            plugins.require(path, digest)
        except (ArgumentError, FileError) as error:
            is_missing = str(error).startswith(f"{path}: ")
            raise _CannotError("read" if is_missing else "work", str(error)) from None


def _rebuild(job: Job) -> Any:
    """The probe and the rebuilding: whatever this process lacks is said here, before its first frame."""
    from .. import _core
    from ..errors import BackendError, FileError

    there = own_version(job.reopen[0] == "private")
    if job.version != there:
        raise _CannotError("work", f"mdloom {there} there, {job.version} here")
    if job.libraries:
        _load_libraries(job)
    try:
        if job.sends_frames:
            source = None
        elif job.reopen[0] == "description":
            source = _core.open_description(job.reopen[1])
        elif job.reopen[0] == "private":
            from .. import private_universe

            source = private_universe.reopened(*job.reopen[1:])
        else:
            from .. import universe

            source = universe.reopen_source(job.reopen)
        run = _core.Run.rebuild(job.spec, source)
        if job.reopen[0] == "private":
            run.open_worker()
    except (FileError, OSError) as error:
        raise _CannotError("read", str(error)) from None
    except (ImportError, BackendError) as error:
        raise _CannotError("work", f"{error}") from None
    return run


def work_chunk(job: Job, first: int, stop: int, frames: bytes | None = None, n_gather: int = 1) -> tuple:
    """Works on the ordinals `[first, stop)`. `n_gather`: how many threads of this process have a first chunk."""
    from ..errors import FrameError

    place = (socket.gethostname(), os.getpid())
    if n_gather > 1:
        _kept.gather(job, n_gather)
    try:
        run, is_home = _kept.run_of(job)
    except _CannotError as error:
        return ("cannot", error.verb, error.reason, place)
    started = time.perf_counter()
    try:
        part = run.work(first, stop, None if is_home else frames)
    except FrameError as error:
        return ("frame_error", error.ordinal, error.kind, error.text, error.payload, place)
    return ("part", part, place, time.perf_counter() - started)
