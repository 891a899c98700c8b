"""Two sides, one row of the table: what they ran, what it took, whether they said the same, which ratio must hold."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from agreement import agrees, largest_difference
from timing import Turns, at_level, in_turn

LEVELS = ("avx512", "avx2", "portable")


class Side(NamedTuple):
    """`run(n_frames)` gives numbers to compare. Names are unique among the duels that are measured together."""

    name: str
    run: Callable[[int], Any]
    n_frames: int
    n_rounds: int = 5
    level: str | None = None  # of mdloom's instructions; None: the best that the machine has

    def work(self) -> Any:
        with at_level(self.level):
            return self.run(self.n_frames)


class Gates(NamedTuple):
    """What the ratio must reach, and what would be better still; if absolute, what our own value may be at most."""

    must: float
    stretch: float | None
    is_absolute: bool = False


class Duel(NamedTuple):
    """`check()` gives the largest difference of the numbers, where comparing those of both runs is not enough."""

    operation: str
    ours: Side
    peer: Side | str  # a string says why there is none
    peer_name: str
    gates: Gates | None = None
    tolerance: float = 0.0
    check: Callable[[], float] | None = None
    note: str = ""
    per: str = "frame"  # or "run": seconds of the whole

    def difference(self, turns: dict[str, Turns]) -> float:
        assert isinstance(self.peer, Side)
        if self.check is not None:
            return self.check()
        with at_level(self.ours.level):
            same = self.ours.n_frames == self.peer.n_frames
            found = turns[self.ours.name].found if same else self.ours.run(self.peer.n_frames)
        return largest_difference(found, turns[self.peer.name].found)


def measure(duels: Sequence[Duel], n_rounds: int | None, lower_levels: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of the table. All sides take turns; each lower level of mdloom's instructions is a side of its own."""
    ours = {duel.ours.name: duel.ours for duel in duels}
    sides = [*ours.values(), *(duel.peer for duel in duels if isinstance(duel.peer, Side))]
    sides += [at(level, side) for side in ours.values() if side.level is None for level in lower_levels]
    rounds = {side.name: min(side.n_rounds, n_rounds or side.n_rounds) for side in sides}
    turns = in_turn({side.name: side.work for side in sides}, rounds)
    return [_row(duel, turns, lower_levels) for duel in duels]


def at(level: str, side: Side) -> Side:
    """The same side with lesser instructions."""
    return side._replace(name=f"{side.name}, {level}", level=level, n_rounds=min(side.n_rounds, 3))


def _row(duel: Duel, turns: dict[str, Turns], lower_levels: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "operation": duel.operation,
        "peer": duel.peer_name,
        "note": duel.note,
        "per": duel.per,
        "gates": duel.gates and duel.gates._asdict(),
        "ours": _times(duel.ours, turns, duel.per),
        "levels": {
            level: _times(at(level, duel.ours), turns, duel.per)["value"]
            for level in lower_levels
            if duel.ours.level is None
        },
    }
    if isinstance(duel.peer, str):
        return {**row, "missing": duel.peer}
    theirs, difference = _times(duel.peer, turns, duel.per), duel.difference(turns)
    return {
        **row,
        "theirs": theirs,
        "ratio": theirs["value"] / row["ours"]["value"],
        "difference": difference,
        "tolerance": duel.tolerance,
        "agrees": agrees(difference, duel.tolerance),
    }


def _times(side: Side, turns: dict[str, Turns], per: str) -> dict[str, Any]:
    n = side.n_frames if per == "frame" else 1
    seconds = turns[side.name].seconds
    return {
        "name": side.name,
        "value": min(seconds) / n,
        "median": statistics.median(seconds) / n,
        "n_frames": side.n_frames,
        "n_rounds": len(seconds),
    }


def verdict(row: dict[str, Any]) -> str:
    """What the table says of a row. Numbers that differ are worse than any slowness."""
    if "missing" in row:
        return "not measured"
    if not row.get("agrees", True):
        return "DIFFERS"
    gates = row["gates"]
    if gates is None:
        return ""
    score = row["ours"]["value"] if gates["is_absolute"] else row["ratio"]
    reached = [
        limit is not None and (score <= limit if gates["is_absolute"] else score >= limit)
        for limit in (gates["must"], gates["stretch"])
    ]
    if not reached[0]:
        return "not met"
    return "met, stretch too" if reached[1] else "met"
