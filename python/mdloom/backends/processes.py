"""One process per job on this machine, kept warm between runs.

A lane is a process and a pipe. A run borrows its lanes and gives them back; lanes that it leaves busy or dead are
replaced in the next run. A lane ends when its pipe does: with this process, however that dies. The start method is
dask's configuration `multiprocessing.context`, else "spawn"; the program's main script is never imported, so scripts
need no `if __name__ == "__main__"`.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any, NamedTuple

from ..errors import ArgumentError, BackendError
from .worker import Job, work_chunk

# Chunks in a lane: one is worked on, one waits in its pipe. Blocks are long: nobody else could take one that waits.
_N_IN_LANE = 2
_N_BLOCKS_IN_LANE = 1


class _Surroundings(NamedTuple):
    """What names of files and modules mean here; a warm lane started with what they meant then."""

    folder: str
    search_path: list[str]

    @classmethod
    def of_this_process(cls) -> _Surroundings:
        return cls(os.getcwd(), list(sys.path))

    def enter(self) -> None:
        with suppress(OSError):
            os.chdir(self.folder)
        sys.path[:] = self.search_path


class _Lane:
    def __init__(self, method: str) -> None:
        context: Any = multiprocessing.get_context(method)
        self.method = method
        self.connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end,), daemon=True, name="mdloom-lane")
        _lanes.add(self)
        try:
            with _main_script_hidden(), _interrupts_blocked():
                self._process.start()
        except AssertionError as error:  # a daemonic process, such as a multiprocessing.Pool's
            raise BackendError(
                f'cannot start processes here ({error}): use scheduler="threads" or "synchronous"'
            ) from None
        far_end.close()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join(0.5)

    def epitaph(self) -> str:
        """Why a lane whose pipe broke is gone."""
        self._process.join(0.5)
        code = self._process.exitcode
        if code is None:
            return f"process {self._process.pid} closed its pipe"
        if code < 0:
            return f"process {self._process.pid} was killed ({signal.Signals(-code).name})"
        return f"process {self._process.pid} ended with exit code {code}"

    def forget(self) -> None:
        """After a fork, in the child: the process is the parent's, and so is its pipe."""
        self.connection.close()
        getattr(multiprocessing.process, "_children", set()).discard(self._process)


_lanes: weakref.WeakSet[_Lane] = weakref.WeakSet()  # all of them, also those at work
_idle: list[_Lane] = []
_n_kept = 0
_lock = threading.Lock()


def _borrow(n_lanes: int) -> list[_Lane]:
    method = _start_method()
    with _lock:
        lanes = [lane for lane in _idle if lane.method == method and lane.is_alive()][:n_lanes]
        for lane in [lane for lane in _idle if lane not in lanes]:
            if lane.method != method or not lane.is_alive():
                _idle.remove(lane)
                lane.end()
        for lane in lanes:
            _idle.remove(lane)
    try:
        while len(lanes) < n_lanes:
            lanes.append(_Lane(method))
    except BaseException:
        _give_back(lanes, n_lanes)
        raise
    return lanes


def _give_back(lanes: list[_Lane], n_asked: int) -> None:
    """Keeps as many as the largest run had: runs at the same time may have had more together."""
    global _n_kept
    with _lock:
        _n_kept = max(_n_kept, n_asked)
        _idle[:0] = lanes
        surplus = _idle[_n_kept:]
        del _idle[_n_kept:]
    for lane in surplus:
        lane.end()


def _start_method() -> str:
    config = sys.modules.get("dask.config")
    method = (config.get("multiprocessing.context", None) if config else None) or "spawn"
    methods = multiprocessing.get_all_start_methods()
    if method not in methods:
        raise ArgumentError(
            f"dask's configuration multiprocessing.context is {method!r}: it must be one of {', '.join(methods)}"
        )
    return method


@contextmanager
def _main_script_hidden() -> Iterator[None]:
    """If it finds its name, multiprocessing imports the main script in new processes: unguarded ones run again."""
    main: Any = sys.modules.get("__main__")
    with _hiding:
        hidden = {name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__}
        main.__spec__ = None
        try:
            yield
        finally:
            main.__dict__.update(hidden)


_hiding = threading.Lock()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """The new process inherits it: Ctrl-C in a terminal reaches all processes, but here the parent decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Lanes:
    """A futures.Crew of processes."""

    target_seconds = 0.05

    def __init__(self, n_lanes: int, job: Job) -> None:
        self._n_lanes = n_lanes
        self._job = job
        self._lanes: dict[int, _Lane] = {}
        self._in_lane: dict[int, dict[int, None]] = {}
        self._most_in_lane = _N_BLOCKS_IN_LANE if job.chunks_are_blocks else _N_IN_LANE
        self._n_submitted = 0
        self._lost: list[tuple[int, tuple]] = []

    def __enter__(self) -> Lanes:
        self._lanes = dict(enumerate(_borrow(self._n_lanes)))
        self._in_lane = {number: {} for number in self._lanes}
        for number, lane in list(self._lanes.items()):
            self._send(number, lane, _Surroundings.of_this_process())
            self._send(number, lane, self._job)
        return self

    def __exit__(self, *exc_info: object) -> None:
        usable = [lane for number, lane in self._lanes.items() if not self._in_lane[number]]
        for number, lane in self._lanes.items():
            if self._in_lane[number]:
                lane.end()
        _give_back(usable, self._n_lanes)

    @property
    def n_slots(self) -> int:
        return len(self._lanes)

    def n_workers(self) -> int:
        return self._n_lanes

    def first_slots(self) -> list[tuple[int, int]]:
        return [(number, 1) for number in range(self._n_lanes)]

    def place(self) -> int | None:
        free = [number for number in self._lanes if len(self._in_lane[number]) < self._most_in_lane]
        return min(free, key=lambda number: len(self._in_lane[number]), default=None)

    def submit(self, place: int, chunk: tuple[int, int], frames: bytes | None, n_gather: int) -> int:
        self._n_submitted += 1
        ticket = self._n_submitted
        lane = self._lanes.get(place)
        if lane is None:
            self._lost.append((ticket, ("lost", "a process died before its first chunk")))
        else:
            self._in_lane[place][ticket] = None
            self._send(place, lane, (ticket, *chunk, frames))
        return ticket

    def wait(self, seconds: float) -> list[tuple[int, tuple]]:
        answers, self._lost = self._lost, []
        by_connection = {lane.connection: number for number, lane in self._lanes.items()}
        ready: list[Any] = wait(list(by_connection), 0 if answers else seconds)
        for connection in ready:
            number = by_connection[connection]
            try:
                ticket, answer = connection.recv()
            except (EOFError, OSError):
                self._bury(number)
            else:
                del self._in_lane[number][ticket]
                answers.append((ticket, answer))
        lost, self._lost = self._lost, []
        return answers + lost

    def _send(self, number: int, lane: _Lane, message: Any) -> None:
        try:
            lane.connection.send(message)
        except OSError:
            self._bury(number)

    def _bury(self, number: int) -> None:
        lane = self._lanes.pop(number)
        reason = lane.epitaph()
        lane.end()
        self._lost += [(ticket, ("lost", reason)) for ticket in self._in_lane.pop(number)]


def _serve(connection: Connection) -> None:
    """The life of a lane's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(connection, inbox), daemon=True).start()
    job: Any = None
    while True:
        message = inbox.get()
        if isinstance(message, Job):
            job = message
            continue
        if isinstance(message, _Surroundings):
            message.enter()
            continue
        ticket, first, stop, frames = message
        try:
            answer = work_chunk(job, first, stop, frames)
        except Exception as error:
            answer = ("error", error)
        try:
            connection.send((ticket, answer))
        except OSError:
            os._exit(0)
        except Exception:  # an exception that does not pickle
            connection.send((ticket, ("error", RuntimeError(f"{type(answer[1]).__name__}: {answer[1]}"))))


def _read(connection: Connection, inbox: SimpleQueue[Any]) -> None:
    """Empties the pipe, so that the parent's sends never wait; ends this process with it."""
    try:
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _forget_lanes() -> None:
    global _lock, _hiding
    _lock, _hiding = threading.Lock(), threading.Lock()
    for lane in list(_lanes):
        with suppress(OSError):
            lane.forget()
    _lanes.clear()
    _idle.clear()


@atexit.register
def _end_lanes() -> None:
    with _lock:
        lanes, _idle[:] = list(_idle), []
    for lane in lanes:
        lane.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lanes)
