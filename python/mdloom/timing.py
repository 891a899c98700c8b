"""How long a run took and who worked on it: PMDA's `Timing`, filled from what the workers recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Worker(NamedTuple):
    """One thread of one process that worked on a block. `thread` is the operating system's thread id."""

    host: str
    pid: int
    thread: int
    simd: str


class Timing:
    """Seconds, measured inside the tasks.

    `io`, `compute`: (n_frames,) reading and computing, by ordinal (NaN where a frame was not done);
    `io_block`, `compute_block`: (n_blocks,) their sums; `universe`: (n_blocks,) opening the trajectory;
    `wait`: (n_blocks,) from the start of the run until somebody worked on the block;
    `prepare`, `conclude`, `total`: the whole run; `cumulate_time`: sum of io and compute.
    `workers`: for each block the list of `Worker`s that worked on it. 0 frames give one block of 0 s, as in PMDA.
    """

    def __init__(
        self,
        io: Any,
        compute: Any,
        total: float,
        universe: Any,
        prepare: float,
        conclude: float,
        wait: Any = None,
        io_block: Any = None,
        compute_block: Any = None,
        workers: Sequence[Sequence[Worker]] = (),
    ) -> None:
        self._io = io
        self._compute = compute
        self._total = total
        self._cumulate = np.nansum(io) + np.nansum(compute)
        self._universe = universe
        self._prepare = prepare
        self._conclude = conclude
        self._wait = wait
        self._io_block = io_block
        self._compute_block = compute_block
        self._workers = [list(block) for block in workers]

    io = property(lambda self: self._io)
    compute = property(lambda self: self._compute)
    total = property(lambda self: self._total)
    cumulate_time = property(lambda self: self._cumulate)
    universe = property(lambda self: self._universe)
    prepare = property(lambda self: self._prepare)
    conclude = property(lambda self: self._conclude)
    wait = property(lambda self: self._wait)
    io_block = property(lambda self: self._io_block)
    compute_block = property(lambda self: self._compute_block)
    workers = property(lambda self: self._workers)

    def __repr__(self) -> str:
        n_workers = len({worker for block in self._workers for worker in block})
        return f"<Timing {self._total:.3g} s, {len(self._io)} frames, {len(self._workers)} blocks, {n_workers} workers>"


def timing_of(
    records: Iterable[dict[str, Any]],
    borders: Sequence[tuple[int, int]],
    *,
    started: float,
    prepare: float,
    conclude: float,
    total: float,
) -> Timing:
    """`records` are `Run.records`; `borders` the blocks' `[first, stop)` ordinals (`util.block_borders`).

    `started` is the wall-clock time (`time.time()`) at which the work began: what `wait` counts from. Chunk and block
    borders need not coincide: a chunk counts for each block it touches, its opening time for the block it begins in.
    """
    n_frames = borders[-1][1] if borders else 0
    io, compute = np.full(n_frames, np.nan), np.full(n_frames, np.nan)
    n_blocks = max(1, len(borders))
    universe, begun = np.zeros(n_blocks), np.full(n_blocks, np.inf)
    workers: list[dict[Worker, None]] = [{} for _ in borders]
    firsts = [first for first, _ in borders]
    for record in records:
        first, stop = record["first"], record["stop"]
        io[first:stop], compute[first:stop] = record["read_seconds"], record["compute_seconds"]
        worker = Worker(record["host"], record["pid"], record["thread"], record["simd"])
        first_block = int(np.searchsorted(firsts, first, side="right")) - 1
        last_block = int(np.searchsorted(firsts, stop, side="left"))
        universe[first_block] += record["open_seconds"]
        begun[first_block:last_block] = np.minimum(begun[first_block:last_block], record["started"])
        for block in range(first_block, last_block):
            workers[block][worker] = None
    wait = np.where(np.isfinite(begun), np.maximum(begun - started, 0.0), 0.0)
    io_block = np.array([np.nansum(io[first:stop]) for first, stop in borders] or [0.0])
    compute_block = np.array([np.nansum(compute[first:stop]) for first, stop in borders] or [0.0])
    who = [list(block) for block in workers]
    return Timing(io, compute, total, universe, prepare, conclude, wait, io_block, compute_block, who)
