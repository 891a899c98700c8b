"""Every analysis beside MDAnalysis, serial and with 2 processes, and its state: see README.md in this folder."""

from __future__ import annotations

import statistics
import sys
import tempfile
import warnings
from pathlib import Path

import contests
from agreement import agrees, largest_difference
from timing import in_turn

N_ROUNDS = 5


def catalog(systems: contests.Systems) -> list[contests.Contest]:
    return [
        contests.rmsd(systems, "protein", 2000),
        contests.rmsf(systems),
        contests.components(systems),
        contests.average(systems),
        contests.alignment(systems),
        contests.displacement(systems),
        contests.angles(systems),
        contests.distances(systems, 10, 4),
        contests.native_contacts(systems),
        contests.water_density(systems),
        contests.hydrogen_bonds(systems),
        contests.leaflets(systems),
    ]


def measure(contest: contests.Contest) -> None:
    """The peers run a few frames once; ours run beside them, and all of their own frames."""
    n = contest.n_peer_frames
    difference = largest_difference(contest.ours(stop=n), contest.peer(stop=n))
    assert agrees(difference, contest.tolerance), f"{contest.title}: differs by {difference}"
    works = {
        "one": lambda: contest.ours(stop=contest.n_frames, n_jobs=1),
        "serial": lambda: contest.peer(stop=n),
        "two": lambda: contest.ours(stop=contest.n_frames, n_jobs=2),
    }
    if contest.is_parallel:
        works["pool"] = lambda: contest.peer(stop=n, backend="multiprocessing", n_workers=2)
    rounds = {name: N_ROUNDS if name in ("one", "two") else 1 for name in works}
    n_frames = {name: contest.n_frames if name in ("one", "two") else n for name in works}
    times = {name: statistics.median(turns.seconds) / n_frames[name] for name, turns in in_turn(works, rounds).items()}
    one, serial, two = times["one"], times["serial"], times["two"]
    pool = f"{times['pool'] / two:.0f}" if contest.is_parallel else "-"
    ours = f"{1e6 * one:.0f} | {1e6 * two:.0f} | {one / two:.2f}"
    print(
        f"| {contest.title} | {ours} | {1e6 * serial:.0f} | {serial / one:.0f} | {pool} | {difference:.1e} |",
        flush=True,
    )


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir())
    print(
        "| whole run, us a frame | 1 thread | 2 threads | speed-up | MDAnalysis serial | ratio, 1 thread |"
        " 2 threads to its 2 processes | largest difference |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for contest in catalog(contests.Systems(folder)):
        measure(contest)


if __name__ == "__main__":
    main()
