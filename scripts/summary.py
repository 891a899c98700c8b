"""Adds up the JUnit files of all runners: python summary.py FOLDER [failed part ...]. Exit code 1 when anything failed.

A failed part whose files show no failed test (it did not build, or crashed) counts as one failure.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    not_run = case.get("status") in ("notrun", "disabled") or case.get("result") in ("skipped", "suppressed")
    return "skipped" if not_run or case.find("skipped") is not None else "passed"


def main(folder: Path, failed_parts: list[str]) -> int:
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*.xml")):
        counts: Counter[str] = Counter()
        for case in ElementTree.parse(path).iter("testcase"):
            counts[outcome(case)] += 1
            if outcome(case) != "passed":
                print(f"{outcome(case)}: {path.stem}: {case.get('name')}")
        shown = ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped"))
        print(f"{path.stem}: {shown}")
        total += counts
    if failed_parts:
        print(f"failed parts: {', '.join(failed_parts)}; logs in {folder}")
        total["failed"] = max(total["failed"], len(failed_parts))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
