"""How much memory there is, for what must be refused before it is asked for."""

from __future__ import annotations

from pathlib import Path


def available_bytes() -> int | None:
    """What this process may still take without swapping; None where the system does not say."""
    known = [n for n in (_of_machine(), _of_group()) if n is not None]
    return min(known) if known else None


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _of_group() -> int | None:
    """Batch systems and containers give less than the machine has."""
    folder = Path("/sys/fs/cgroup")
    try:
        return int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text())
    except (OSError, ValueError):  # "max": no limit
        return None


def bytes_text(n: float) -> str:
    """As people say it: "3.2 GB"."""
    for unit in ("bytes", "kB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"
