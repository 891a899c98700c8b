"""Taking turns: works to compare run one after the other, round by round, so that a busy moment hits them all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple


class Turns(NamedTuple):
    """What the rounds of one work took, in seconds, and what its last round gave."""

    seconds: list[float]
    found: Any


def in_turn(
    works: Mapping[str, Callable[[], Any]],
    n_rounds: int | Mapping[str, int],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Turns]:
    """Runs each work once a round, in the order given; a work that has had its number of rounds sits out the rest."""
    rounds = n_rounds if isinstance(n_rounds, Mapping) else dict.fromkeys(works, n_rounds)
    turns: dict[str, Turns] = {}
    for turn in range(max(rounds.values())):
        for name, work in works.items():
            if turn >= rounds[name]:
                continue
            seconds = turns[name].seconds if name in turns else []
            turns.pop(name, None)  # what an earlier round gave is let go before the next one works
            began = clock()
            found = work()
            turns[name] = Turns([*seconds, clock() - began], found)
    return {name: turns[name] for name in works}


@contextmanager
def at_level(level: str | None) -> Iterator[None]:
    """mdloom with this instruction set inside, or with what it finds."""
    before = os.environ.get("MDLOOM_SIMD")
    if level is not None:
        os.environ["MDLOOM_SIMD"] = level
    try:
        yield
    finally:
        if level is not None:
            os.environ.pop("MDLOOM_SIMD")
        if before is not None:
            os.environ["MDLOOM_SIMD"] = before
