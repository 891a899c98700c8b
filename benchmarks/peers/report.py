"""docs/performance.md from the results: all of it, so that rows can be measured again one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import plot, rows
from .duels import verdict

Row = dict[str, Any]

_HEAD = """\
# Performance

mdloom beside its peers, in the same run on the same machine. This page is written by

```
{command}
```

The sides of a row take turns, round by round, each on one thread, with files in the page cache; the shortest of the
rounds counts (wall-clock time). *Frames*: how many mdloom was given and, after the bar, a slower peer. *Ratio* is the
time of the peer by that of mdloom: above 1, mdloom is faster. *R* is what it must reach, *S* what would be better
still; "not met" stays here until it is met. *Agreement* is the largest difference of the numbers, as a part of the
expected one where that is above 1, and what is allowed; a row whose numbers differ by more says DIFFERS, whatever its
speed.

XTC, TRR, DCD and NetCDF are read whole: every position of every frame is delivered, as numpy where the peer is Python,
and summed. The protein in water is adenylate kinase (47,681 atoms), that in lipids has 43,480 atoms, both boxes are
triclinic. *Real frames* are those of the simulations, again and again. Elsewhere, but for hydrogen bonds, every residue
is shifted by 0.8 Å and every atom by 0.04 Å, in each of up to 2000 frames differently: as hard to decode as can be.

![Ratios and gates](performance.svg)
"""
#: Kept by hand: profiles, and how far it is to what a machine allows.
_LIMITS = Path(__file__).with_name("limits.md")
_UNITS = {"frame": (1e6, "µs a frame"), "run": (1, "s"), "MB": (1, "MB")}


def write(results: Path, into: Path) -> None:
    found = load(results)
    if not found:
        raise SystemExit(f"there are no results in {results}")
    into.mkdir(parents=True, exist_ok=True)
    (into / "performance.md").write_text(page(found, "python benchmarks/peers FOLDER"))
    plot.write(rows_of(found), into / "performance.svg")


def load(results: Path) -> dict[str, Row]:
    """What each group of rows gave, in the order of the table."""
    paths = {name: results / f"{name}.json" for name in rows.NAMES}
    return {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}


def rows_of(found: dict[str, Row]) -> list[Row]:
    return [row for name, group in found.items() if name != rows.MEMORY for row in group["rows"]]


def page(found: dict[str, Row], command: str) -> str:
    """The text of performance.md."""
    measured = rows_of(found)
    gated = [row for row in measured if row["gates"]]
    others = [row for row in measured if not row["gates"]]
    memory = found[rows.MEMORY]["rows"] if rows.MEMORY in found else []
    parts = [_HEAD.format(command=command), _summary([*gated, *memory]), table(gated), _LIMITS.read_text()]
    if others:
        parts += ["## Beside others\nWithout a gate.\n", table(others)]
    levels = level_table(measured)
    if levels:
        parts += ["## Each instruction set\nmdloom alone, by `MDLOOM_SIMD`; µs a frame.\n", levels]
    if memory:
        parts += [_MEMORY, memory_table(memory)]
    noted = [row for row in measured if row["note"] and "missing" not in row]
    notes = [f"- {row['operation']}, {row['peer']}: {row['note']}." for row in noted]
    if notes:
        parts += ["## Notes\n", "\n".join(notes) + "\n"]
    absent = [name for name in rows.NAMES if name not in found]
    if absent:
        parts += [f"Not measured yet: {', '.join(absent)}.\n"]
    return "\n".join([*parts, _measured_on(found)])


_MEMORY = """\
## Memory
By how much the most memory that a process ever held grows while mdloom's side of a row runs once; 64 MB and 4 frames a
thread are allowed.
"""


def _summary(gated: Sequence[Row]) -> str:
    verdicts = [verdict(row) for row in gated]
    met = sum(one.startswith("met") for one in verdicts)
    stretch = sum("stretch" in one for one in verdicts)
    text = f"Of {len(gated)} gates, memory included, {met} are met, {stretch} of them with their stretch"
    for what in ("not met", "DIFFERS", "not measured"):
        if what in verdicts:
            text += f"; {what}: {verdicts.count(what)}"
    return text + ".\n"


def table(some: Sequence[Row]) -> str:
    lines = [
        "| operation | mdloom | peer | | frames | ratio | R | S | | agreement |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, some)]) + "\n"


def _line(row: Row) -> str:
    gates = row["gates"] or {"must": None, "stretch": None, "is_absolute": False}
    must, stretch = (_gate(gates[key], gates["is_absolute"]) for key in ("must", "stretch"))
    if "missing" in row:
        cells = ["-", row["peer"], "-", "-", "-", must, stretch, f"not measured: {row['missing']}", "-"]
    else:
        ratio = "-" if gates["is_absolute"] else f"{ratio_text(row['ratio'])}"
        said = verdict(row)
        cells = [value(row, "ours"), row["peer"], value(row, "theirs"), _frames(row), ratio, must, stretch]
        cells += [f"**{said}**" if said in ("not met", "DIFFERS") else said, _agreement(row)]
    return f"| {' | '.join([row['operation'], *cells])} |"


def _gate(limit: float | None, is_absolute: bool) -> str:
    if limit is None:
        return ""
    return f"{limit:g} s" if is_absolute else f"{limit:g}"


def ratio_text(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}"


def value(row: Row, side: str) -> str:
    factor, unit = _UNITS[row["per"]]
    number = factor * row[side]["value"]
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def _frames(row: Row) -> str:
    """How many each side was given; peers that take long are given fewer."""
    return " / ".join(dict.fromkeys(str(row[side]["n_frames"]) for side in ("ours", "theirs")))


def _agreement(row: Row) -> str:
    if row["difference"] == 0:
        return "equal"
    return f"{row['difference']:.1g} of {row['tolerance']:.1g}"


def level_table(measured: Sequence[Row]) -> str:
    """The same operation once, whoever it is beside; rows that were measured at one level only are not here."""
    there = [row for row in measured if row["per"] == "frame" and row.get("levels") and "missing" not in row]
    some = {row["operation"]: row for row in there}
    if not some:
        return ""
    lower = list(next(iter(some.values()))["levels"])
    lines = [f"| operation | best | {' | '.join(lower)} |", "|---|---|" + "---|" * len(lower)]
    for operation, row in some.items():
        times = [row["ours"]["value"], *(row["levels"][level] for level in lower)]
        lines.append(f"| {operation} | {' | '.join(f'{1e6 * time:.3g}' for time in times)} |")
    return "\n".join(lines) + "\n"


def memory_table(some: Sequence[Row]) -> str:
    lines = ["| operation | growth, MB | allowed | |", "|---|---|---|---|"]
    for row in sorted(some, key=lambda row: -row["ours"]["value"]):
        said = "not met" if verdict(row) == "not met" else "met"
        lines.append(f"| {row['operation']} | {row['ours']['value']:.1f} | {row['gates']['must']:.1f} | {said} |")
    return "\n".join(lines) + "\n"


def _measured_on(found: dict[str, Row]) -> str:
    """Once, if all rows were measured on the same machine with the same versions; else who is which."""
    kinds: dict[str, list[str]] = {}
    for name, group in found.items():
        versions = ", ".join(f"{what} {version}" for what, version in group["versions"].items())
        text = f"{group['machine']}; mdloom's instructions: {', '.join(group['levels'])}.\n{versions}."
        kinds.setdefault(text, []).append(name)
    load = max(group["load"] for group in found.values())
    busy = f"\nProcesses at work in the minute before a row began, its own among them: up to {load:.1f}.\n"
    if len(kinds) == 1:
        return f"## Measured on\n{next(iter(kinds))}\n{busy}"
    return "\n".join(["## Measured on", *(f"- {', '.join(names)}: {text}" for text, names in kinds.items()), busy])
