"""Opening XTC files whose frames nobody has looked for yet, beside MDAnalysis.

python benchmarks/opening.py FOLDER [FILE.xtc ...]: µs of CPU and wall-clock time for each frame, the best of several
openings, with the file in the page cache. FOLDER holds what is made for it, 380 MB: 2,000 frames of 47,681 atoms and
100,000 of 100 atoms, repeated from the ten that MDAnalysisTests brings.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from MDAnalysis.lib.formats.libmdaxdr import XTCFile
from MDAnalysisTests.datafiles import XTC
from timing import in_turn

import mdloom

N_PASSES = 7


def repeated(source: str, path: Path, n: int) -> str:
    if not path.exists():
        path.write_bytes(Path(source).read_bytes() * n)
    return str(path)


def make(folder: Path) -> list[str]:
    short = folder / "ten_of_100_atoms.xtc"
    mdloom.convert(XTC, short, atoms=np.arange(100), overwrite=True)
    return [
        repeated(XTC, folder / "long_frames.xtc", 200),
        repeated(str(short), folder / "short_frames.xtc", 10_000),
    ]


def mdanalysis(path: str) -> int:
    with XTCFile(path) as file:
        return len(file.offsets)


def ours(path: str) -> int:
    return len(mdloom.open(path))


def best_times(path: str) -> None:
    works = {"MDAnalysis": partial(mdanalysis, path), "mdloom": partial(ours, path)}
    n = ours(path)
    print(f"{path}: {n:,} frames")
    for clock in (time.process_time, time.perf_counter):
        turns = in_turn(works, N_PASSES, clock)
        assert turns["MDAnalysis"][1] == turns["mdloom"][1] == n
        cells = (f"{way} {min(seconds) / n * 1e6:.3f}" for way, (seconds, _) in turns.items())
        print(f"  us/frame, {clock.__name__}: " + ", ".join(cells))


def main() -> None:
    os.environ["MDLOOM_INDEX"] = "off"
    folder = Path(sys.argv[1])
    for path in sys.argv[2:] or make(folder):
        best_times(path)


if __name__ == "__main__":
    main()
