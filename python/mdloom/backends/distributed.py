"""A Dask cluster, whoever started it: the workers it has now, and those that come later.

Tasks are called `mdloom-rmsd-<run>-0007`, so that dashboard and `distributed.progress` show `mdloom-rmsd`. The job
travels once, as the result of a task that all others need: also to workers that do not exist yet. Each thread of each
worker has its first chunk sent to it; all others go where Dask likes. Nothing is asked of the workers before.
"""

from __future__ import annotations

import re
import time
import warnings
from typing import Any, NoReturn

from ..errors import BackendError
from ..scheduler import scheduler_address
from .worker import Job, work_chunk

_POLL_SECONDS = 0.005
# How often the cluster is asked who is there.
_LOOK_SECONDS = 1.0
# Nobody has come for so long: say once what is waited for.
_SILENCE_SECONDS = 5.0
# Chunks in flight. An adaptive cluster grows by what is queued, so there must be more than the workers can chew.
_LEAST_QUEUED = 96
_QUEUED_PER_SLOT = 8
# Frames that travel with their chunks fill the scheduler's memory.
_SENT_PER_SLOT = 2
_RETRIES = 2


def _as_it_is(job: Job) -> Job:
    return job


class DaskCrew:
    """A futures.Crew."""

    def __init__(self, client: Any, job: Job) -> None:
        self._client = client
        self._job = job
        self._task_name = f"mdloom-{re.sub('[^a-z]+', '-', job.name.lower()).strip('-')}-{job.key}"
        self._futures: dict[str, Any] = {}
        self._pinned: dict[str, str] = {}  # key -> the worker's address
        self._vanished: list[tuple[str, tuple]] = []
        self._n_submitted = 0
        self._is_known_to_work = False

    def __enter__(self) -> DaskCrew:
        from distributed import as_completed

        self._threads: dict[str, int] = self._client.nthreads()
        self._started = self._looked = time.monotonic()
        self._completed = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        self._job_future = self._client.submit(_as_it_is, self._job, key=f"mdloom-job-{self._job.key}", pure=False)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._futures and self._client.status == "running":
            self._client.cancel(list(self._futures.values()))
        self._futures.clear()
        del self._job_future

    @property
    def n_slots(self) -> int:
        return max(1, sum(self._threads.values()))

    @property
    def target_seconds(self) -> float:
        """Many slots need long tasks: a scheduler handles a few hundred in a second."""
        return min(2.0, max(0.2, 0.004 * self.n_slots))

    def n_workers(self) -> int:
        return len(self._threads)

    def first_slots(self) -> list[tuple[str, int]]:
        """One thread of each worker after the other, so that few frames reach many workers."""
        most = max(self._threads.values(), default=0)
        return [(address, n) for k in range(most) for address, n in self._threads.items() if k < n]

    def place(self) -> str | None:
        if self._job.sends_frames:
            most = _SENT_PER_SLOT * self.n_slots
        else:
            most = max(_LEAST_QUEUED, _QUEUED_PER_SLOT * self.n_slots)
        return "" if len(self._futures) < most else None

    def submit(self, place: str, chunk: tuple[int, int], frames: bytes | None, n_gather: int) -> str:
        key = f"{self._task_name}-{self._n_submitted:04d}"
        self._n_submitted += 1
        pin: dict[str, Any] = {"workers": [place], "allow_other_workers": False} if place else {}
        future = self._client.submit(
            work_chunk, self._job_future, *chunk, frames, n_gather, key=key, pure=False, retries=_RETRIES, **pin
        )
        self._futures[key] = future
        if place:
            self._pinned[key] = place
        self._completed.add(future)
        return key

    def wait(self, seconds: float) -> list[tuple[str, tuple]]:
        deadline = time.monotonic() + seconds
        while not self._completed.has_ready() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        answers = []
        for future, result in self._completed.next_batch(block=False):
            if self._futures.pop(future.key, None) is not None:
                self._pinned.pop(future.key, None)
                answers.append((future.key, self._answer(result)))
        self._look_around()
        lost, self._vanished = self._vanished, []
        return answers + lost

    def _answer(self, result: Any) -> tuple:
        self._is_known_to_work = True
        if isinstance(result, tuple) and result and isinstance(result[0], str):
            return result
        if isinstance(result, tuple) and len(result) == 3:  # type, exception, traceback
            return self._explain(result[1])
        return self._explain(result)

    def _explain(self, error: BaseException) -> tuple:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        if isinstance(error, KilledWorker):
            return (
                "given_up",
                f"several workers of the Dask cluster at {scheduler_address(self._client)} died working on them, the "
                f"last at {error.last_worker.address}. Their logs tell why; often the memory limit is too small",
            )
        if isinstance(error, FutureCancelledError) and self._client.status != "running":
            self._raise_cut_off()
        return ("error", error)

    def _raise_cut_off(self) -> NoReturn:
        raise BackendError(f"the connection to the Dask scheduler at {scheduler_address(self._client)} was lost")

    def _look_around(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        if self._client.status not in ("running", "connecting"):
            self._raise_cut_off()
        self._threads = self._client.nthreads()
        for key, address in list(self._pinned.items()):
            if address not in self._threads:
                del self._pinned[key]
                self._client.cancel([self._futures.pop(key)])
                self._vanished.append((key, ("lost", f"the worker {address} went away before its first chunk")))
        if not self._threads and not self._is_known_to_work and now - self._started > _SILENCE_SECONDS:
            self._is_known_to_work = True
            warnings.warn(
                f"waiting for a worker: the Dask cluster at {scheduler_address(self._client)} has none yet, "
                f"{len(self._futures)} tasks are queued there",
                UserWarning,
                stacklevel=2,
            )
