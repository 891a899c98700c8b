"""mdloom beside its peers, row by row, into docs/performance.md: see README.md in the folder above."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parent)  # run as a folder: what the benchmarks share lies beside it

from peers import install, rows  # noqa: E402

_ONE_THREAD = dict.fromkeys((f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")), "1")


def main() -> int:
    arguments = _arguments()
    folder = arguments.folder.absolute()
    if arguments.inside:
        return _inside(folder, arguments.inside, arguments.rounds)
    (folder / "results").mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable) if arguments.here else install.python_of(folder)
    if not (arguments.here or arguments.report):
        install.install(folder, arguments.apt)
    names = [] if arguments.report else arguments.only or rows.NAMES
    failed = [name for name in names if not _measure(folder, name, python, arguments.rounds)]
    from peers import report  # wants matplotlib

    report.write(folder / "results", arguments.into)
    if failed:
        print(f"FAILED, not measured or numbers that differ: {', '.join(failed)}", flush=True)
    return len(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/peers", description=__doc__)
    parser.add_argument("folder", type=Path, help="for the peers, the trajectories (1 GB) and the results")
    parser.add_argument("--only", nargs="+", choices=rows.NAMES, metavar="ROWS", help=", ".join(rows.NAMES))
    parser.add_argument("--rounds", type=int, help="at most so many, for a quick look")
    parser.add_argument("--apt", action="store_true", help="install GROMACS with apt-get, as root, if there is no gmx")
    parser.add_argument("--here", action="store_true", help="install nothing: take the packages of this Python")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the table from the results")
    parser.add_argument("--into", type=Path, default=HERE.parents[1] / "docs", help="where performance.md goes")
    parser.add_argument("--inside", help=argparse.SUPPRESS)  # NAME or memory:NAME: measured in this process
    return parser.parse_args()


def _measure(folder: Path, name: str, python: Path, n_rounds: int | None) -> bool:
    """Each group in a process of its own; what it found is kept, so that others can be measured again or later."""
    began, kept = time.monotonic(), folder / "results" / f"{name}.json"
    kept.unlink(missing_ok=True)
    asked = [f"memory:{one}" for one in rows.MODULES if one not in rows.WITHOUT_MEMORY]
    parts = [_ask(python, folder, inside, n_rounds) for inside in (asked if name == rows.MEMORY else [name])]
    there = [part for part in parts if part is not None]
    if there:
        found = {**there[0], "rows": [row for part in there for row in part["rows"]]}
        kept.write_text(json.dumps(found, indent=1) + "\n")
        for row in found["rows"]:
            _say(row)
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return None not in parts and all(row.get("agrees", True) for row in found["rows"])


def _say(row: dict[str, Any]) -> None:
    from peers.duels import verdict

    is_absolute = row["gates"] is not None and row["gates"]["is_absolute"]
    score = f"{row['ours']['value']:.3g} {row['per']}" if is_absolute else f"{row.get('ratio', 0):.1f}x"
    print(f"  {row['operation']} | {row['peer']}: {row.get('missing', score)} {verdict(row)}", flush=True)


def _ask(python: Path, folder: Path, inside: str, n_rounds: int | None) -> dict[str, Any] | None:
    command = [str(python), str(HERE), str(folder), "--inside", inside]
    if n_rounds:
        command += ["--rounds", str(n_rounds)]
    done = subprocess.run(command, env={**os.environ, **_ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"{inside} could not be measured", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def _inside(folder: Path, inside: str, n_rounds: int | None) -> int:
    from peers import duels, machine, memory
    from peers.bench import Bench

    warnings.simplefilter("ignore")
    kind, _, name = inside.rpartition(":")
    contests = rows.duels_of(name, Bench(folder))
    described = machine.describe()
    if kind == "memory":
        found = memory.rows_of(contests, 2 if name in rows.TWO_THREADS else 1)
    else:
        found = duels.measure(contests, n_rounds, described["levels"][1:])
    print(json.dumps({**described, "rows": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
