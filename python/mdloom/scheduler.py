"""Which scheduler a run uses, and how many workers and blocks.

    schedule = resolve(n_jobs, n_blocks, n_frames, client=..., scheduler=..., scheduler_file=...)

The first of these that says something decides:

1. the arguments `client=` (a dask Client, a cluster, an address), `scheduler_file=`, or `scheduler=` (a name, an
   Executor, ...)
2. inside a Dask task: here, on this thread
3. dask's configuration `scheduler`: a Client, `Client.get`, an Executor, or the name of a local scheduler
4. the current Client (`Client.current()`, so also `as_current()`); n_jobs is then ignored
5. nothing: serial for n_jobs == 1, else threads of this process; processes for analyses written in Python, when
   n_jobs is given or the first frames say that the run takes longer than starting them

dask and distributed are looked at only when the program has imported them, or asks for them by an argument.
Errors are ArgumentError (a ValueError). Blocks are labels on frames: `n_blocks` if given, else the number of workers of
the Client, else n_jobs, whatever the scheduler.
"""

from __future__ import annotations

import difflib
import os
import sys
import warnings
import weakref
from concurrent.futures import Executor
from dataclasses import dataclass, field
from operator import index
from typing import Any

from .errors import ArgumentError

_KINDS_BY_NAME = {
    "sync": "serial",
    "synchronous": "serial",
    "single-threaded": "serial",
    "serial": "serial",
    "threads": "threads",
    "threading": "threads",
    "processes": "processes",
    "multiprocessing": "processes",
    "distributed": "distributed",
    "dask.distributed": "distributed",
}
# The functions dask itself puts behind those names.
_KINDS_BY_FUNCTION = {
    ("dask.local", "get_sync"): "serial",
    ("dask.threaded", "get"): "threads",
    ("dask.multiprocessing", "get"): "processes",
}


@dataclass(frozen=True)
class Schedule:
    """Who will work. A context manager: leaving it closes the connection, if resolve() opened it."""

    kind: str  # serial | threads | processes | executor | distributed | in_task
    n_workers: int  # threads, processes, or Dask workers (0: none has come yet)
    n_blocks: int
    text: str  # for reprs: "native threads"
    resource: Any = None  # the Client or Executor
    opened: tuple[Any, ...] = field(default=(), repr=False)  # what close() closes, in this order
    may_stay_here: bool = False  # nobody asked for these processes: a short run need not start them

    @property
    def who(self) -> str:
        """For progress bars: `8 workers`."""
        if self.kind == "distributed" and self.n_workers == 0:
            return "no workers yet"
        word = {"serial": "thread", "threads": "thread", "in_task": "thread", "processes": "process"}
        noun = word.get(self.kind, "worker")
        plural = "es" if noun == "process" else "s"
        return f"{self.n_workers} {noun}{'' if self.n_workers == 1 else plural}"

    def close(self) -> None:
        """Closes the connections that resolve() opened, and no others."""
        for connection in self.opened:
            connection.close()

    def __enter__(self) -> Schedule:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def scheduler_address(client: Any) -> str:
    """For people."""
    scheduler = getattr(client, "scheduler", None)
    return getattr(scheduler, "address", None) or "an unknown address"


def resolve(
    n_jobs: int | None = None,
    n_blocks: int | None = None,
    n_frames: int = 0,
    *,
    local: str = "threads",
    client: Any = None,
    scheduler: Any = None,
    scheduler_file: Any = None,
) -> Schedule:
    """Decides as the module's first lines say. `local`: what to use when nothing says anything.

    Warns (UserWarning) when there is nothing to do.
    """
    jobs = _count_jobs(-1 if n_jobs is None else n_jobs)
    _check_blocks(n_blocks, n_frames)
    kind, resource, opened = _choose(client, scheduler, scheduler_file)
    is_asked = kind != "default"
    if not is_asked:
        kind = "serial" if jobs == 1 else local
    try:
        if kind == "distributed":
            _require_usable(resource)
            n_workers = automatic_blocks = len(resource.nthreads())
        elif kind == "executor":
            n_workers, automatic_blocks = _executor_width(resource), jobs
        else:
            n_workers, automatic_blocks = min(jobs, max(1, n_frames)), jobs
            if kind in ("serial", "in_task"):
                n_workers = 1
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    if n_frames == 0:
        warnings.warn("no frames to analyse: check start, stop and step", UserWarning, stacklevel=4)
    automatic_blocks = max(1, automatic_blocks) if n_blocks is None else index(n_blocks)
    may_stay_here = kind == "processes" and not is_asked and n_jobs is None
    n_blocks = min(automatic_blocks, n_frames)
    return Schedule(kind, n_workers, n_blocks, _text(kind, resource), resource, opened, may_stay_here)


def _text(kind: str, resource: Any) -> str:
    if kind == "distributed":
        return f"Dask cluster at {scheduler_address(resource)}"
    if kind == "executor":
        return type(resource).__name__
    return {"threads": "native threads", "in_task": "inside a Dask task"}.get(kind, kind)


def _count_jobs(n_jobs: Any) -> int:
    try:
        if isinstance(n_jobs, bool):
            raise TypeError
        jobs = index(n_jobs)
    except TypeError:
        raise ArgumentError(f"n_jobs is {n_jobs!r}: it must be a whole number, -1 for all usable cores") from None
    if jobs == 0 or jobs < -1:
        raise ArgumentError(f"n_jobs is {jobs}: it must be 1 or more, or -1 for all usable cores")
    if jobs > 0:
        return jobs
    configured = _dask_config("num_workers")
    if configured:
        return max(1, index(configured))
    from . import _core

    return _core.usable_cores()


def _check_blocks(n_blocks: Any, n_frames: int) -> None:
    if n_blocks is None:
        return
    try:
        if isinstance(n_blocks, bool):
            raise TypeError
        blocks = index(n_blocks)
    except TypeError:
        raise ArgumentError(f"n_blocks is {n_blocks!r}: it must be a whole number, or None") from None
    if blocks < 1:
        raise ArgumentError(f"n_blocks is {blocks}: it must be 1 or more, or None")
    if blocks > n_frames > 0:
        raise ArgumentError(f"n_blocks is {blocks}, but there are {n_frames} frames: use at most one block per frame")


def _choose(client: Any, scheduler: Any, scheduler_file: Any) -> tuple[str, Any, tuple]:
    given = [
        name
        for name, value in (("client", client), ("scheduler", scheduler), ("scheduler_file", scheduler_file))
        if value is not None
    ]
    if len(given) > 1:
        raise ArgumentError(f"{' and '.join(f'{name}=' for name in given)} are given: only one can decide")
    if scheduler_file is not None:
        return _connect(scheduler_file=str(scheduler_file))
    if client is not None:
        return _from_client_argument(client)
    if scheduler is not None:
        return (*_interpret(scheduler, "scheduler="), ())
    if _inside_dask_task():
        return "in_task", None, ()
    configured = _dask_config("scheduler")
    # "dask.distributed" is what a Client writes there itself, and may leave behind.
    if configured is not None and configured != "dask.distributed":
        return (*_interpret(configured, "dask's configuration"), ())
    ambient = _current_client()
    if ambient is not None:
        return "distributed", ambient, ()
    return "default", None, ()


def _from_client_argument(client: Any) -> tuple[str, Any, tuple]:
    if isinstance(client, str):
        return _connect(client)
    if _is_client(client):
        return "distributed", client, ()
    distributed = sys.modules.get("distributed")
    if distributed is not None and isinstance(client, distributed.deploy.Cluster):
        return _connect(client)
    raise ArgumentError(
        f"client= is a {type(client).__name__}: it must be a dask Client, a dask cluster or an address such as "
        '"tcp://host:8786"'
    )


def _connect(address: Any = None, scheduler_file: str | None = None) -> tuple[str, Any, tuple]:
    try:
        import distributed
    except ImportError:
        raise ArgumentError('Dask\'s distributed is not installed: pip install "mdloom[dask]"') from None
    target = address if scheduler_file is None else scheduler_file
    try:
        client = distributed.Client(address, scheduler_file=scheduler_file, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ArgumentError(f"cannot connect to a Dask scheduler at {target}: {error}") from error
    return "distributed", client, (client,)


def _interpret(scheduler: Any, where: str) -> tuple[str, Any]:
    """A value of `scheduler=` or of dask's configuration, as (kind, resource)."""
    if isinstance(scheduler, str):
        return _interpret_name(scheduler, where)
    if _is_client(scheduler):
        return "distributed", scheduler
    if _is_client(getattr(scheduler, "__self__", None)):  # Client.get
        return "distributed", scheduler.__self__
    if isinstance(scheduler, Executor):
        return "executor", scheduler
    function = (getattr(scheduler, "__module__", None), getattr(scheduler, "__name__", None))
    if function in _KINDS_BY_FUNCTION:
        return _with_pool(_KINDS_BY_FUNCTION[function])
    raise ArgumentError(
        f"{where} names a scheduler that cannot be used: {scheduler!r}; use a name ({', '.join(_names())}), a dask "
        "Client or a concurrent.futures.Executor"
    )


def _interpret_name(name: str, where: str) -> tuple[str, Any]:
    kind = _KINDS_BY_NAME.get(name.lower())
    if kind is None:
        near = difflib.get_close_matches(name.lower(), _KINDS_BY_NAME, 1)
        hint = f'; did you mean "{near[0]}"?' if near else f": use one of {', '.join(_names())}"
        raise ArgumentError(f'{where} names an unknown scheduler "{name}"{hint}')
    if kind != "distributed":
        return _with_pool(kind)
    client = _current_client()
    if client is None:
        raise ArgumentError(f'{where} asks for "{name}", but no dask Client is open: make one, or give client=')
    return "distributed", client


def _names() -> list[str]:
    return ["synchronous", "threads", "processes", "distributed"]


def _with_pool(kind: str) -> tuple[str, Any]:
    """A pool in dask's configuration takes the place of our own threads or processes, as it does for dask's."""
    pool = _dask_config("pool") if kind in ("threads", "processes") else None
    if pool is None:
        return kind, None
    if isinstance(pool, Executor):
        return "executor", pool
    if hasattr(pool, "apply_async"):
        from dask.local import MultiprocessingPoolExecutor

        return "executor", MultiprocessingPoolExecutor(pool)
    raise ArgumentError(f"dask's configuration names a pool that cannot be used: {pool!r}; use an Executor or a Pool")


def _executor_width(executor: Executor) -> int:
    width = getattr(executor, "_max_workers", None) or _dask_config("num_workers")
    if width:
        return max(1, index(width))
    from . import _core

    return _core.usable_cores()


def _dask_config(key: str) -> Any:
    """dask's configuration can only have been set where dask is imported."""
    config = sys.modules.get("dask.config")
    return None if config is None else config.get(key, None)


def _inside_dask_task() -> bool:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


def _is_client(candidate: Any) -> bool:
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(candidate, distributed.Client)


def _current_client() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    for find in (distributed.Client.current, distributed.default_client):
        try:
            client = find()
        except ValueError:
            return None
        # `with Client() as client:` stays current after client.close(), until the block ends.
        if client.status != "closed" and client not in _parents_clients:
            return client
    return None


# After a fork the child has its parent's Clients, but not the thread that moves their messages: it would hang.
_parents_clients: weakref.WeakSet[Any] = weakref.WeakSet()


def _leave_clients_to_parent() -> None:
    distributed = sys.modules.get("distributed")
    _parents_clients.update(getattr(getattr(distributed, "Client", None), "_instances", ()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_clients_to_parent)


def _require_usable(client: Any) -> None:
    if client in _parents_clients:
        raise ArgumentError("this dask Client was opened before a fork, by the parent process: open a new one")
    if client.asynchronous:
        raise ArgumentError(
            "this dask Client is asynchronous, but run() waits for its end: open a plain Client, or call run() in a "
            "thread with client=address"
        )
    if client.status != "running":
        raise ArgumentError(f"this dask Client is {client.status}: open a new one")
