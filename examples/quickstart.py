"""RMSD of adenylate kinase's CA atoms while it opens: a table, a picture, and the same numbers as MDAnalysis.

    python examples/quickstart.py [FOLDER]

Writes rmsd.csv and rmsd.svg into FOLDER (default: quickstart). Wants mdloom[all] and MDAnalysisTests, for its files.
"""

import logging
import sys
import time
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis import rms as mdanalysis_rms
from MDAnalysisTests.datafiles import DCD, PSF

from mdloom import rms

SELECTION = "protein and name CA"
N_REPEATS = 50


def new_groups():
    """The atoms to compare, and the same atoms of a second Universe as the reference: its first frame."""
    return (mda.Universe(PSF, DCD).select_atoms(SELECTION) for _ in range(2))


def seconds(run) -> float:
    """The better of two."""
    best = np.inf
    for _ in range(2):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


def write_csv(path: Path, table: np.ndarray) -> None:
    rows = [f"{int(frame)},{float(t)!r},{float(value)!r}" for frame, t, value in table]
    path.write_text("\n".join(["# time in ps, rmsd in Angstrom", "frame,time,rmsd", *rows]) + "\n")


def draw(path: Path, table: np.ndarray) -> None:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "mdloom"  # the same picture gives the same file
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    axes.plot(table[:, 1], table[:, 2], color="#0b6e8a", linewidth=1.8)
    axes.set(xlabel="time (ps)", ylabel="RMSD (Å)", title="adenylate kinase opens: 214 CA atoms, reference frame 0")
    axes.set(xlim=(0, table[-1, 1]), ylim=(0, None))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main(folder: Path) -> int:
    warnings.filterwarnings("ignore", module="MDAnalysis")
    mobile, reference = new_groups()
    rmsd = rms.RMSD(mobile, reference).run()
    table = rmsd.rmsd
    n_threads = len({worker for block in rmsd.timing.workers for worker in block})
    print(f"RMSD of {len(mobile)} CA atoms, {len(table)} frames ({Path(DCD).name}), {n_threads} threads")
    print("frame,time,rmsd")
    for frame, t, value in table[:3]:
        print(f"{frame:.0f},{t:g},{value:.6f}")

    theirs = mdanalysis_rms.RMSD(mobile, reference).run()
    difference = np.abs(theirs.results.rmsd[:, 2] - table[:, 2]).max()
    # Where frame and reference are the same, both are rounding, below 1e-5 Å.
    if not difference < 1e-5:
        print(f"NOT the same numbers as MDAnalysis {mda.__version__}: largest difference {difference:.0e}")
        return 1
    print(f"same numbers as MDAnalysis {mda.__version__} (largest difference {difference:.0e} Å)")

    frames = np.tile(np.arange(len(table)), N_REPEATS)
    ours_s = seconds(lambda: rms.RMSD(mobile, reference).run(frames=frames))
    theirs_s = seconds(lambda: mdanalysis_rms.RMSD(mobile, reference).run(frames=frames))
    print(
        f"reading and fitting {len(frames):,} frames: mdloom {ours_s:.3f} s on {n_threads} threads, "
        f"MDAnalysis {theirs_s:.3f} s on one (imports not counted)"
    )

    folder.mkdir(exist_ok=True)
    write_csv(folder / "rmsd.csv", table)
    draw(folder / "rmsd.svg", table)
    print(f"wrote {folder / 'rmsd.csv'} {folder / 'rmsd.svg'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "quickstart")))
