"""How much memory is free, for those who would rather refuse than be killed."""

from __future__ import annotations

from pathlib import Path

from .errors import ArgumentError

#: Bytes; where nobody knows what is free.
_MORE_THAN_ANY = 2.0**45

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def free_bytes() -> int | None:
    """Bytes that this process may still take: what machine and control group leave it. None: not known."""
    free = [bytes_ for bytes_ in (_of_machine(), _of_group()) if bytes_ is not None]
    return min(free) if free else None


def require(n_bytes: float, what: str, remedy: str) -> None:
    """Raises ArgumentError, "`what`: 12 GB are needed, and 3 GB are free; `remedy`", before anything is allocated."""
    free = free_bytes()
    if n_bytes > (_MORE_THAN_ANY if free is None else free):
        there = "more than fits" if free is None else f"and {as_text(free)} are free"
        raise ArgumentError(f"{what}: {as_text(n_bytes)} are needed, {there}; {remedy}")


def with_workers(n_workers: int) -> str:
    """` with 4 workers`, where there are several."""
    return f" with {n_workers} workers" if n_workers > 1 else ""


def as_text(n_bytes: float) -> str:
    """`12.3 GB`"""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB" if n_bytes < 1e6 else f"{n_bytes:.1e} TB"


def _of_machine() -> int | None:
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _of_group() -> int | None:
    """Of control groups, version 2 and 1; files in the cache can be dropped, so they count as free."""
    for limit, used, cached in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            most, taken = int((_CGROUP / limit).read_text()), int((_CGROUP / used).read_text())
            words = (_CGROUP / limit).with_name("memory.stat").read_text().split()
            return max(0, most - taken + int(words[words.index(cached) + 1]))
        except (OSError, ValueError, IndexError):  # there is none, or its limit is "max"
            continue
    return None
