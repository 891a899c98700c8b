"""Schedulers and workers started from outside, as on a real cluster, and scripts run as a user would run them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from distributed import Client


def wait_until(is_true: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def running(command: list[str], cwd: Path, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its log in `cwd`; it and what it started are ended in the end."""
    log = cwd / f"{Path(command[-1]).name}-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", *command],
            cwd=cwd,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


@contextlib.contextmanager
def separate_scheduler(cwd: Path) -> Iterator[Path]:
    """`dask scheduler` in its own process and folder; gives the shared state file."""
    state_file = cwd / "scheduler.json"
    command = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address"]
    command += ["127.0.0.1:0", "--scheduler-file", str(state_file)]
    with running(command, cwd):
        wait_until(state_file.exists, "the scheduler's state file")
        yield state_file


@contextlib.contextmanager
def separate_worker(
    state_file: Path, cwd: Path, n_threads: int = 1, prefix: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    command = ["distributed.cli.dask_worker", "--no-nanny", "--nthreads", str(n_threads), "--no-dashboard"]
    command += ["--host", "127.0.0.1", "--local-directory", str(cwd), "--scheduler-file", str(state_file)]
    with running(command, cwd, prefix) as process:
        yield process


def wait_for_workers(client: Client, n_workers: int) -> None:
    wait_until(lambda: len(client.nthreads()) >= n_workers, f"{n_workers} workers", 60.0)


def run_script(text: str, cwd: Path, *, prefix: tuple[str, ...] = (), seconds: float = 60.0) -> str:
    """Runs it as a file of its own, and gives what it printed."""
    script = cwd / "script.py"
    script.write_text(textwrap.dedent(text))
    done = subprocess.run(
        [*prefix, sys.executable, str(script)], cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_in_forked_child(function: Callable[[], None], seconds: int = 20) -> None:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # a child that hangs would outlive the test
        signal.alarm(seconds)
        try:
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def process_ids(timing) -> set[int]:
    return {worker.pid for block in timing.workers for worker in block}


def thread_ids(timing) -> set[tuple[int, int]]:
    return {(worker.pid, worker.thread) for block in timing.workers for worker in block}
