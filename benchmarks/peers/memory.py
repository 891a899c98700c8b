"""How much memory our side of every row takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .duels import Duel, Side

_MEGABYTE = 1024 * 1024
_ALLOWED, _ALLOWED_FRAMES = 64, 4  # MB, and frames of the largest system for each thread
_FRAME = 47_681 * 12 / _MEGABYTE


def rows_of(duels: Sequence[Duel], n_threads: int) -> list[dict[str, Any]]:
    """By how much the most memory that this process ever held grows while each of our sides runs once.

    What stays of one side is held already when the next begins: a fresh process for each group of rows.
    """
    allowed = {"must": _ALLOWED + _ALLOWED_FRAMES * n_threads * _FRAME, "stretch": None, "is_absolute": True}
    measured = [duel for duel in duels if isinstance(duel.peer, Side) and duel.ours.level is None]
    sides = {duel.ours.name: duel for duel in reversed(measured)}
    return [
        {
            "operation": duel.operation,
            "peer": "",
            "per": "MB",
            "gates": allowed,
            "ours": {"value": _growth(duel), "n_rounds": 1, "n_frames": duel.ours.n_frames},
        }
        for duel in reversed(sides.values())
    ]


def _growth(duel: Duel) -> float:
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark falls to what is held now
    before = _status("VmRSS")
    duel.ours.work()
    return _status("VmHWM") - before


def _status(field: str) -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / _MEGABYTE
