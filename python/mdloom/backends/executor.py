"""Any `concurrent.futures.Executor`: thread and process pools, loky, mpi4py.futures, `client.get_executor()`."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

from .worker import Job, work_chunk

# Chunks per worker: one is worked on, one waits.
_N_EACH = 2


class ExecutorCrew:
    """A futures.Crew. Nobody can say which worker of a pool gets a chunk, so no chunk is meant for one of them."""

    target_seconds = 0.1

    def __init__(self, executor: Executor, n_workers: int, job: Job) -> None:
        self._executor = executor
        self._n_workers = self.n_slots = n_workers
        self._job = job
        self._in_flight: dict[Future[tuple], int] = {}
        self._done: SimpleQueue[Future[tuple]] = SimpleQueue()
        self._refused: list[tuple[int, tuple]] = []
        self._n_submitted = 0

    def __enter__(self) -> ExecutorCrew:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for future in self._in_flight:
            future.cancel()

    def n_workers(self) -> int:
        return self._n_workers

    def first_slots(self) -> list[tuple[int, int]]:
        n_gather = self._n_workers if isinstance(self._executor, ThreadPoolExecutor) else 1
        return [(number, n_gather) for number in range(self._n_workers)]

    def place(self) -> int | None:
        # The worker numbers are the ledger's: any but the same one for all will do.
        return self._n_submitted % self.n_slots if len(self._in_flight) < _N_EACH * self.n_slots else None

    def submit(self, place: Any, chunk: tuple[int, int], frames: bytes | None, n_gather: int) -> int:
        self._n_submitted += 1
        ticket = self._n_submitted
        try:
            future = self._executor.submit(work_chunk, self._job, *chunk, frames, n_gather)
        except RuntimeError as error:  # broken, or shut down
            self._break(ticket, error)
        else:
            self._in_flight[future] = ticket
            future.add_done_callback(self._done.put)
        return ticket

    def wait(self, seconds: float) -> list[tuple[int, tuple]]:
        answers, self._refused = self._refused, []
        try:
            while True:
                future = self._done.get(timeout=0 if answers else seconds)
                answers.append((self._in_flight.pop(future), self._answer(future)))
        except (Empty, ValueError):
            return answers

    def _answer(self, future: Future[tuple]) -> tuple:
        if future.cancelled():
            return ("lost", "somebody cancelled its task")
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, BrokenExecutor):
            self.n_slots = 0
            return ("lost", f"the {type(self._executor).__name__} broke: {error}")
        return ("error", error)

    def _break(self, ticket: int, error: RuntimeError) -> None:
        self.n_slots = 0
        self._refused.append((ticket, ("lost", f"the {type(self._executor).__name__} takes no tasks: {error}")))
