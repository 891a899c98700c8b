"""The loop that all backends share whose workers are elsewhere: other processes, pools, Dask.

It takes chunks from the run's ledger, hands them to a `Crew`, and gives back what comes in. The chunks' length follows
the speed seen so far; near the end they shrink, so that all workers finish together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import BackendError, FrameError, MdloomError
from .worker import Job

# watch() and Ctrl-C are served at least this often.
_TICK_SECONDS = 0.05
# How long the first answers of all workers are waited for, once one of them has come.
_FIRST_ANSWERS_SECONDS = 2.0
# A reserved chunk that nobody has brought back for so long, while there is nothing else to do, is given to others too.
# Nor sooner than this many times the longest that any chunk took.
_PATIENCE_SECONDS = 3.0
_PATIENCE_TIMES = 3
# While chunks are still short: enough to keep workers busy, and for an adaptive cluster to start the first.
_LEAST_IN_FLIGHT = 8
_MEMORY = 0.8
# Frames sent along with a chunk: Dask warns at 10 MB.
_MOST_BYTES = 8_000_000

Ticket = Hashable


class Crew(Protocol):
    """Some workers elsewhere. A context manager: leaving it cancels what is in flight, within a second."""

    target_seconds: float  # how long a chunk should take
    n_slots: int  # chunks worked on at the same time; may change

    def first_slots(self) -> list[tuple[Any, int]]:
        """Where to send the reserved first chunks: for each a place for submit(), and its process's number of slots."""

    def place(self) -> Any | None:
        """Where the next chunk may go; None when enough is in flight."""

    def submit(self, place: Any, chunk: tuple[int, int], frames: bytes | None, n_gather: int) -> Ticket: ...

    def wait(self, seconds: float) -> list[tuple[Ticket, tuple]]:
        """Answers that have come: worker.work_chunk's; or ("lost", reason): others shall do it; or ("given_up", text);
        or ("error", exception)."""

    def n_workers(self) -> int:
        """Processes that work, for messages."""


@dataclass
class _InFlight:
    worker: int  # as the ledger counts them
    chunk: tuple[int, int]
    is_reserved: bool


def drive(crew: Crew, run: Any, job: Job, watch: Callable[[int, int], None]) -> None:
    try:
        _Loop(crew, run, job, watch).until_over()
    except BaseException:
        run.stop()
        raise


class _Loop:
    def __init__(self, crew: Crew, run: Any, job: Job, watch: Callable[[int, int], None]) -> None:
        self._crew, self._run, self._job, self._watch = crew, run, job, watch
        self._in_flight: dict[Ticket, _InFlight] = {}
        self._frames_per_second: float | None = None
        self._recent_frames = self._recent_seconds = 0.0
        self._longest = self._first_length = 1
        self._slowest_seconds = 0.0
        self._bytes_per_frame = 0
        self._n_reserved = 0
        self._held: list[tuple[int, bytes]] = []
        self._hold_until: float | None = None
        self._places_seen: set[tuple[str, int]] = set()
        self._refusals: list[tuple] = []
        self._last_event = time.monotonic()

    def until_over(self) -> None:
        self._submit_reserved()
        last_watch = 0.0
        while not self._run.over:
            self._submit_more()
            answers = self._crew.wait(_TICK_SECONDS)
            for ticket, answer in answers:
                self._settle(ticket, answer)
            self._give_held()
            self._raise_refusals()
            if not answers:
                self._lose_patience()
            if not self._in_flight and not self._held and self._run.n_free > 0 and self._crew.n_slots == 0:
                return  # nobody is left: run.close() says so
            if (now := time.monotonic()) - last_watch >= _TICK_SECONDS:
                last_watch = now
                self._watch(self._run.n_done, self._run.n_frames)
        self._watch(self._run.n_done, self._run.n_frames)

    # ---- handing out

    def _submit_reserved(self) -> None:
        slots = self._crew.first_slots()
        self._n_reserved = len(slots)
        n_frames = self._run.n_frames
        self._longest = self._first_length = min(8, max(1, n_frames // (8 * max(1, len(slots)))))
        if slots:
            self._run.expect(len(slots), self._first_length)
        for worker, (place, n_gather) in enumerate(slots):
            if not self._submit(worker, place, self._first_length, n_gather, is_reserved=True):
                return

    def _submit_more(self) -> None:
        while not self._refusals and (place := self._crew.place()) is not None:
            if self._is_ramping() and len(self._in_flight) >= max(_LEAST_IN_FLIGHT, 2 * self._crew.n_slots):
                return  # a long queue of short chunks would only cost
            # Under Dask nobody knows who will work on it: then all such chunks belong to one more worker.
            worker = place if isinstance(place, int) else self._n_reserved
            if not self._submit(worker, place, self._length()):
                return

    def _submit(self, worker: int, place: Any, length: int, n_gather: int = 1, is_reserved: bool = False) -> bool:
        chunk = self._run.take(worker, length, length)
        if chunk is None:
            return False
        frames = None
        if self._job.sends_frames:
            try:
                frames = self._run.send_frames(*chunk)
            except FrameError as error:
                self._run.fail(worker, error.ordinal, error.kind, error.text, error.payload)
                return True
            self._bytes_per_frame = len(frames) / (chunk[1] - chunk[0])
        ticket = self._crew.submit(place, chunk, frames, n_gather)
        self._in_flight[ticket] = _InFlight(worker, chunk, is_reserved)
        return True

    def _is_ramping(self) -> bool:
        """Chunks are still shorter than they should be: each is at most 8 times as long as the longest one done."""
        rate = self._frames_per_second
        return rate is None or 8 * self._longest < rate * self._crew.target_seconds

    def _length(self) -> int:
        if self._frames_per_second is None:
            return self._first_length
        wanted = self._frames_per_second * self._crew.target_seconds
        # The last chunks shrink, so that workers finish together, but not to less than is worth the round trip.
        fair = max(self._run.n_free / (2 * max(1, self._crew.n_slots)), wanted / 10)
        length = min(wanted, 8 * self._longest, fair)
        if self._bytes_per_frame:
            length = min(length, _MOST_BYTES / self._bytes_per_frame)
        return max(1, int(length))

    # ---- taking in

    def _settle(self, ticket: Ticket, answer: tuple) -> None:
        held = self._in_flight.pop(ticket, None)
        if held is None:
            return
        self._last_event = time.monotonic()
        if answer[0] == "part":
            _, part, place, seconds = answer
            self._places_seen.add(place)
            self._learn(held.chunk, seconds)
            self._held.append((held.worker, part))
            self._start_holding()
        elif answer[0] == "frame_error":
            _, ordinal, kind, text, payload, place = answer
            self._places_seen.add(place)
            self._run.fail(held.worker, ordinal, kind, text, payload)
        elif answer[0] == "cannot":
            self._places_seen.add(answer[-1])
            self._refusals.append(answer)
            self._start_holding()
        elif answer[0] == "lost":
            self._run.lost(held.worker, f"{answer[1]} (it worked on {self._what(held.chunk)})")
        elif answer[0] == "given_up":
            raise BackendError(f"{self._what(held.chunk)}: {answer[1]}")
        else:
            self._raise_error(answer[1], held.chunk)

    def _learn(self, chunk: tuple[int, int], seconds: float) -> None:
        n_frames = chunk[1] - chunk[0]
        self._longest = max(self._longest, n_frames)
        self._slowest_seconds = max(self._slowest_seconds, seconds)
        # A mean over the last few chunks, by their time: single short ones say little on a busy machine.
        self._recent_frames = _MEMORY * self._recent_frames + n_frames
        self._recent_seconds = _MEMORY * self._recent_seconds + max(seconds, 1e-6)
        self._frames_per_second = self._recent_frames / self._recent_seconds

    def _start_holding(self) -> None:
        if self._hold_until is None:
            self._hold_until = time.monotonic() + _FIRST_ANSWERS_SECONDS

    def _gathering(self) -> bool:
        """First answers are still to come: until then a worker that cannot work ends the run before its first frame."""
        return time.monotonic() < (self._hold_until or 0) and any(f.is_reserved for f in self._in_flight.values())

    def _give_held(self) -> None:
        if self._refusals or self._gathering():
            return
        for worker, part in self._held:
            self._run.give(worker, part)
        self._held.clear()

    def _lose_patience(self) -> None:
        """Not before others have brought back theirs: chunks may be long."""
        idle = time.monotonic() - self._last_event
        patience = max(_PATIENCE_SECONDS, _PATIENCE_TIMES * self._slowest_seconds)
        if not self._slowest_seconds or idle < patience or self._run.n_free:
            return
        if not all(f.is_reserved for f in self._in_flight.values()):
            return
        for held in self._in_flight.values():
            self._run.lost(held.worker, "a worker did not come for its first chunk")
            held.is_reserved = False

    # ---- errors

    def _what(self, chunk: tuple[int, int]) -> str:
        return f"frames {chunk[0]} to {chunk[1] - 1} of the selection, {self._job.path}"

    def _raise_error(self, error: BaseException, chunk: tuple[int, int]) -> None:
        if isinstance(error, MdloomError):
            raise error
        text = str(error) or type(error).__name__
        raise BackendError(f"a worker failed on {self._what(chunk)}: {type(error).__name__}: {text}") from error

    def _raise_refusals(self) -> None:
        """Waits for the other workers' first answers, so that one error tells of all."""
        if not self._refusals or self._gathering():
            return
        by_reason: dict[tuple[str, str, str], set[tuple[str, int]]] = {}
        for _, verb, reason, place in self._refusals:
            path, _, why = reason.rpartition(": ")  # FileError: "/path/traj.xtc: No such file or directory"
            known = (verb, path, why) if path.startswith("/") else (verb, self._job.path, reason)
            by_reason.setdefault(known, set()).add(place)
        who = "; ".join(
            f"{', '.join(sorted({host for host, _ in places}))}: {why}"
            for (_, _, why), places in sorted(by_reason.items())
        )
        path = next(iter(by_reason))[1]
        places = set().union(*by_reason.values())
        n_workers = max(self._crew.n_workers(), len(self._places_seen))
        is_read = all(verb == "read" for verb, _, _ in by_reason)
        verb = "read" if is_read else "work on"
        remedy = (
            "Every worker must see it under this path: move it to a shared file system."
            if is_read
            else "Every worker needs the same Python environment."
        )
        n_done = self._run.n_done
        kept = f"{n_done} of {self._run.n_frames} frames were done before." if n_done else "Nothing was computed."
        raise BackendError(f"{len(places)} of {n_workers} workers cannot {verb} {path} ({who}). {remedy} {kept}")
