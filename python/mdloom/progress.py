"""What a person sees while a run lasts: nothing, a bar, lines in a log file, a function's calls, dask's callbacks.

    with watching("RMSD", n_frames, schedule, verbose=True, progress=None) as watch:
        backends.drive(schedule, run, job, watch)

`watch(n_done, n_frames)` is called in the run's own thread, n_done never falling.
"""

from __future__ import annotations

import secrets
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .scheduler import Schedule
from .util import block_borders

Watch = Callable[[int, int], None]


@contextmanager
def watching(
    name: str,
    n_frames: int,
    schedule: Schedule,
    *,
    verbose: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Watch]:
    """Yields the `watch` that tells whoever wants to know. Whatever they raise stops the run."""
    with ExitStack() as stack:
        watchers: list[Watch] = []
        if verbose:
            watchers.append(stack.enter_context(_bar(name, n_frames, schedule.who)))
        if progress is not None:
            watchers.append(progress)
        # Under a Client dask's own callbacks are silent too.
        if schedule.kind != "distributed" and (callbacks := _dask_callbacks()):
            watchers.append(stack.enter_context(_calling_back(callbacks, name, n_frames, schedule.n_blocks)))

        def watch(n_done: int, n_total: int) -> None:
            for watcher in watchers:
                watcher(n_done, n_total)

        yield watch


@contextmanager
def _bar(name: str, n_frames: int, who: str) -> Iterator[Watch]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("verbose=True needs tqdm: pip install tqdm", UserWarning, stacklevel=2)
        yield lambda n_done, n_total: None
        return
    is_notebook = any(cls.__module__ == "tqdm.notebook" for cls in tqdm.__mro__)
    if not is_notebook and not sys.stderr.isatty():
        yield _log_lines(name, who)
        return
    form = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} frames, " + who + " [{elapsed}<{remaining}]"
    with tqdm(total=n_frames, desc=name, bar_format=form, file=sys.stderr) as bar:

        def watch(n_done: int, n_total: int) -> None:
            bar.update(n_done - bar.n)

        yield watch


def _log_lines(name: str, who: str) -> Watch:
    """For a log file: a line whenever another tenth is done."""
    last = 0

    def watch(n_done: int, n_total: int) -> None:
        nonlocal last
        tenth = 10 * n_done // n_total if n_total else 10
        if tenth > last:
            last = tenth
            print(f"{name} {10 * tenth}% {n_done}/{n_total} frames, {who}", file=sys.stderr, flush=True)

    return watch


def _dask_callbacks() -> list[tuple]:
    module = sys.modules.get("dask.callbacks")
    return list(module.Callback.active) if module else []


def _block_of_frames(first: int, stop: int) -> range:
    return range(first, stop)


@contextmanager
def _calling_back(callbacks: list[tuple], name: str, n_frames: int, n_blocks: int) -> Iterator[Watch]:
    """Treats dask's callbacks (start, start_state, pretask, posttask, finish) as dask's own local schedulers do.

    There is one task per block. Frames are not done block by block, so the tasks stand for how many are done.
    """
    starts, start_states, pretasks, posttasks, finishes = zip(*callbacks, strict=True)
    borders = block_borders(n_frames, n_blocks) if n_frames else []
    run_name = f"mdloom-{name.lower()}-{secrets.token_hex(4)}"
    graph = {(run_name, block): (_block_of_frames, *border) for block, border in enumerate(borders)}
    keys = list(graph)
    state: dict[str, Any] = {
        "dependencies": {key: set() for key in keys},
        "dependents": {key: set() for key in keys},
        "waiting": {},
        "waiting_data": {key: set() for key in keys},
        "cache": {},
        "ready": keys[::-1],
        "running": set(),
        "finished": set(),
        "released": set(),
    }

    def call(functions: tuple, *args: Any) -> None:
        for function in functions:
            if function:
                function(*args)

    def begin_next() -> None:
        if state["ready"]:
            key = state["ready"].pop()
            state["running"].add(key)
            call(pretasks, key, graph, state)

    def watch(n_done: int, n_total: int) -> None:
        while state["running"]:
            key = next(iter(state["running"]))
            first, stop = borders[key[1]]
            if n_done < stop:
                return
            state["running"].remove(key)
            state["finished"].add(key)
            state["cache"][key] = range(first, stop)
            call(posttasks, key, state["cache"][key], graph, state, run_name)
            begin_next()

    has_failed = True
    call(starts, graph)
    try:
        call(start_states, graph, state)
        begin_next()
        yield watch
        has_failed = False
    finally:
        call(finishes, graph, state, has_failed)
