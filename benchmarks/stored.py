"""TRR, DCD and AMBER NetCDF, whose positions are stored as they are: CPU time of opening a file and reading it once.

With and without summing the positions, mdloom beside MDAnalysis' readers, as a table.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import MDAnalysis as mda
from MDAnalysis.coordinates.DCD import DCDReader
from MDAnalysis.coordinates.TRJ import NCDFReader
from MDAnalysis.coordinates.TRR import TRRReader
from MDAnalysisTests.datafiles import GRO, XTC

import mdloom

READERS = {"trr": TRRReader, "dcd": DCDReader, "nc": NCDFReader}
N_FRAMES, N_TIMES = 200, 7


def make_file(folder: Path, ending: str) -> Path:
    """Real frames, the ten of them again and again, written by MDAnalysis; once per folder."""
    path = folder / f"adk_{N_FRAMES}.{ending}"
    if path.exists():
        return path
    universe = mda.Universe(GRO, XTC)
    written = folder / f"written.{ending}"
    with mda.Writer(str(written), len(universe.atoms)) as writer:
        for i in range(N_FRAMES):
            universe.trajectory[i % len(universe.trajectory)]
            writer.write(universe.atoms)
    shutil.copyfile(written, path)  # in large pieces: a cache filled 4 KiB at a time takes twice as long to copy from
    written.unlink()
    return path


def look(frames: object, with_sum: bool) -> float:
    total = 0.0
    for frame in frames:  # type: ignore[attr-defined]
        total += float(frame.positions.sum()) if with_sum else len(frame.positions)
    return total


def cpu_time(work: Callable[[], float]) -> tuple[float, float]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def main(folder: Path) -> None:
    """One row for each format."""
    print("| format | MDAnalysis us/frame | mdloom | ratio | with a sum: MDAnalysis | mdloom | ratio |")
    print("|---|---|---|---|---|---|---|")
    for ending, reader in READERS.items():
        path, cells = str(make_file(folder, ending)), []
        for with_sum in (False, True):
            works = [lambda: look(reader(path), with_sum), lambda: look(mdloom.open(path), with_sum)]  # noqa: B023
            runs = [[cpu_time(work) for work in works] for _ in range(N_TIMES)]
            assert len({found for pair in runs for _, found in pair}) == 1
            theirs, ours = (min(pair[k][0] for pair in runs) / N_FRAMES * 1e6 for k in range(2))
            cells += [f"{theirs:.0f}", f"{ours:.0f}", f"{theirs / ours:.1f}"]
        print(f"| {ending} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
