"""MDAnalysis' own analyses on a Dask cluster.

``RMSD(...).run(backend=mdloom.DaskBackend(), unsupported_backend=True)``. MDAnalysis' own ``backend="dask"`` starts
processes for itself, whatever Client is open.
"""

from __future__ import annotations

import re
import uuid
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from MDAnalysis.analysis.backends import BackendBase

from . import scheduler
from .errors import ArgumentError


class DaskBackend(BackendBase):
    """Lets an analysis of MDAnalysis run on the workers of a Dask cluster.

    `client`: a dask Client, a cluster, or an address; None: the current Client. `n_workers`: into how many parts the
    frames are cut (a whole number); None: as many as the cluster has workers now. The analysis travels once, each part
    loads a copy of its own; functions and classes of a notebook travel too. Workers must find the trajectory's files
    under the same names. An exception of a worker is raised here as it is. Errors: ArgumentError for no Client, or one
    that is closed or asynchronous. Interface: MDAnalysis.analysis.backends.BackendBase.
    """

    def __init__(self, client: Any = None, n_workers: int | None = None) -> None:
        self.client = client
        with self._connection() as schedule:
            super().__init__(n_workers=max(1, schedule.n_workers) if n_workers is None else n_workers)

    def apply(self, func: Callable[[Any], Any], computations: Sequence[Any]) -> list[Any]:
        """``[func(item) for item in computations]``, each on some worker; results in this order.

        Raises what `func` raises, and ArgumentError as the class does.
        """
        computations = list(computations)
        if not computations:
            return []
        with self._connection() as schedule:
            client = schedule.resource
            futures = _submit(client, func, computations)
            try:
                return client.gather(futures[1:])
            except BaseException:
                if client.status == "running":
                    client.cancel(futures)  # the traceback would keep them on the cluster
                raise

    def _connection(self) -> scheduler.Schedule:
        schedule = scheduler.resolve(1, client=self.client, n_frames=1)
        if schedule.kind == "distributed":
            return schedule
        schedule.close()
        raise ArgumentError(
            f"DaskBackend works on a Dask cluster, but the scheduler is {schedule.text}: open a Client first "
            "(client = dask.distributed.Client()), or give client="
        )


def _submit(client: Any, func: Callable[[Any], Any], computations: list[Any]) -> list[Any]:
    """The future that carries the function, and one for each item.

    The function travels as bytes: an object would be shared by the tasks of a worker, and parts of an analysis write to
    it. It is the result of a task: what is scattered is lost with its worker. Each task is offered to the next worker,
    because Dask likes to leave all of them where the function is.
    """
    from distributed.protocol.pickle import dumps

    run, name, addresses = uuid.uuid4().hex[:8], _name_of(func), list(client.nthreads())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        carried = client.submit(bytes, dumps(func), key=f"mdloom-function-{run}", pure=False)
    futures = [carried]
    for i, item in enumerate(computations):
        place: dict[str, Any] = {}
        if addresses:
            place = {"workers": [addresses[i % len(addresses)]], "allow_other_workers": True}
        key = f"mdloom-{name}-{run}-{i:04d}"
        futures.append(client.submit(_call, carried, item, key=key, pure=False, **place))
    return futures


def _call(carried: bytes, item: Any) -> Any:
    """In the worker."""
    from distributed.protocol.pickle import loads

    return loads(carried)(item)


def _name_of(func: Any) -> str:
    """`rmsd` for what MDAnalysis hands over: a bound method of an analysis, inside a partial."""
    function = getattr(func, "func", func)
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "work") if owner is None else type(owner).__name__
    return re.sub("[^a-z]+", "-", name.lower()).strip("-") or "work"
