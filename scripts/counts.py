#!/usr/bin/env python3
"""Instructions of the fixed cases in tests/counts against those recorded: lost speed shows, on a busy machine too.

python3 scripts/counts.py            builds, counts under callgrind, compares; exit code 1 when a case takes too many
python3 scripts/counts.py --record   writes tests/counts/counts.txt anew

--junit FILE writes the outcome as JUnit XML. Counts depend on the compiler, so another one than the recorded skips all
of them; a CPU without AVX2 skips those of AVX2. (valgrind knows no AVX-512.)
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import quoteattr

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests/counts/counts.txt"
PROGRAM = ROOT / "build/release/tests/counted_cases"
LEVELS = ("avx2", "portable")
TOLERANCE = 0.03
AGAIN = "python3 scripts/counts.py --record"
HEADER = f"""\
# Instructions that the cases of tests/counts take, by instruction set. {AGAIN} writes this file.
"""

#: (level, case) -> instructions
Counts = dict[tuple[str, str], int]


class NotComparableError(Exception):
    """Why there is nothing to compare."""


def build() -> None:
    for command in (
        ["cmake", "--preset", "release"],
        ["cmake", "--build", "--preset", "release", "-j", str(os.cpu_count()), "--target", "counted_cases"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            if "unknown target 'counted_cases'" in done.stdout + done.stderr:
                raise NotComparableError("valgrind is not installed: scripts/bootstrap counts")
            sys.exit((done.stdout + done.stderr)[-4000:])


def forced(level: str) -> dict[str, str]:
    return {**os.environ, "MDLOOM_SIMD": level}


def machine(level: str) -> list[str]:
    """The compiler, and the instruction set that was chosen."""
    return subprocess.check_output([PROGRAM, "--machine"], env=forced(level), text=True).splitlines()


def count(level: str) -> Counts:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={out}", str(PROGRAM)]
        done = subprocess.run(command, env=forced(level), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"the cases failed under callgrind:\n{(done.stdout + done.stderr)[-4000:]}")
        counts = {}
        for path in Path(folder).glob("out.*"):
            text = path.read_text()
            [case] = re.findall(r"^desc: Trigger: Client Request: (\S+)", text, re.MULTILINE)
            [number] = re.findall(r"^totals: (\d+)", text, re.MULTILINE)
            counts[level, case] = int(number)
        return counts


def recorded() -> tuple[str, Counts]:
    compiler, counts = "", {}
    for line in RECORD.read_text().splitlines():
        if line.startswith("compiler "):
            compiler = line.removeprefix("compiler ")
        elif line and not line.startswith("#"):
            level, case, number = line.split()
            counts[level, case] = int(number)
    return compiler, counts


def record(found: Counts) -> None:
    lines = [f"{level} {case} {number}\n" for (level, case), number in sorted(found.items())]
    RECORD.write_text(f"{HEADER}compiler {machine('portable')[0]}\n{''.join(lines)}")
    print(f"recorded {len(found)} counts in {RECORD.relative_to(ROOT)}")


def complaint(found: int | None, expected: int | None) -> str:
    if found is None or expected is None:
        return "is gone" if found is None else "is not recorded"
    change = found / expected - 1
    return f"takes {found} instructions instead of {expected}, {change:+.1%}" if abs(change) > TOLERANCE else ""


def outcome_of(found: int | None, expected: int | None) -> str:
    """Fewer instructions fail nothing, but they should be recorded."""
    if not complaint(found, expected):
        return "passed"
    return "better" if found is not None and expected is not None and found < expected else "failed"


def compare(found: Counts, expected: Counts) -> dict[tuple[str, str], str]:
    outcomes = {}
    for key in sorted(found.keys() | expected.keys()):
        outcomes[key] = outcome_of(found.get(key), expected.get(key))
        if outcomes[key] != "passed":
            print(f"{' '.join(key)} {complaint(found.get(key), expected.get(key))}")
    if set(outcomes.values()) - {"passed"}:
        print(f"Is that meant? Then record it: {AGAIN}")
    return outcomes


def write_junit(path: Path, outcomes: dict[tuple[str, str], str]) -> None:
    inside = {"failed": "<failure/>", "skipped": "<skipped/>"}
    cases = [
        f"<testcase name={quoteattr(' '.join(key))}>{inside.get(outcome, '')}</testcase>\n"
        for key, outcome in outcomes.items()
    ]
    path.write_text(f"<testsuite>\n{''.join(cases)}</testsuite>\n")


def work(is_recording: bool) -> dict[tuple[str, str], str]:
    build()
    levels = [level for level in LEVELS if machine(level)[1] == level]
    if is_recording:
        if levels != list(LEVELS):
            raise NotComparableError(
                f"this CPU has {', '.join(levels)} alone: record where all of {', '.join(LEVELS)} are"
            )
        record(count_all(levels))
        return {}
    compiler, expected = recorded()
    if compiler != machine("portable")[0]:
        raise NotComparableError(f"counts are those of {compiler}; this is {machine('portable')[0]}")
    there = {key: number for key, number in expected.items() if key[0] in levels}
    return compare(count_all(levels), there) | {key: "skipped" for key in expected if key not in there}


def count_all(levels: list[str]) -> Counts:
    return {key: number for level in levels for key, number in count(level).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--junit", type=Path)
    arguments = parser.parse_args()
    try:
        outcomes = work(arguments.record)
    except NotComparableError as reason:
        print(f"counts: skipped: {reason}")
        outcomes = {("skipped:", str(reason)): "skipped"}
    if arguments.junit:
        write_junit(arguments.junit, outcomes)
    return 1 if "failed" in outcomes.values() else 0


if __name__ == "__main__":
    sys.exit(main())
