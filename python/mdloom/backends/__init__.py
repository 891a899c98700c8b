"""Who works through a run's frames. `drive` is the only door.

    def make_job():  # called where the run leaves this process' own threads
        return worker.make_job(run, name="RMSD", path="traj.xtc", reopen=("description", source.describe()))
    with scheduler.resolve(...) as schedule, progress.watching(name, n_frames, schedule, ...) as watch:
        backends.drive(schedule, run, make_job, watch)

`drive` returns when the run is over; afterwards `run.close()` says whether it succeeded. What `watch(n_done, n_frames)`
raises (KeyboardInterrupt included) stops the run within a second and is raised again, as is BackendError when workers
cannot work. The parts handed in until then are kept in the run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..scheduler import Schedule
from .worker import Job

Watch = Callable[[int, int], None]


def drive(schedule: Schedule, run: Any, make_job: Callable[[], Job], watch: Watch) -> None:
    if run.n_frames == 0:
        return
    if schedule.kind in ("serial", "in_task"):
        run.drive_serial(watch)
    elif schedule.kind == "threads":
        run.drive_threads(schedule.n_workers, watch)
    elif schedule.kind == "processes":
        from .processes import Lanes

        job = make_job()
        _drive_crew(Lanes(schedule.n_workers, job), run, job, watch)
    elif schedule.kind == "executor":
        from .executor import ExecutorCrew

        job = make_job()
        _drive_crew(ExecutorCrew(schedule.resource, schedule.n_workers, job), run, job, watch)
    elif schedule.kind == "distributed":
        from .distributed import DaskCrew

        job = make_job()
        _drive_crew(DaskCrew(schedule.resource, job), run, job, watch)
    else:
        raise AssertionError(schedule.kind)


def _drive_crew(crew: Any, run: Any, job: Job, watch: Watch) -> None:
    from . import futures, worker

    with worker.at_home(job, run), crew:
        futures.drive(crew, run, job, watch)
