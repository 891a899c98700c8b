"""Makes msd_random_walk.csv and msd_adk_dims.csv: python make_msd.py"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.msd import EinsteinMSD
from MDAnalysisTests.datafiles import DCD, PSF, RANDOM_WALK, RANDOM_WALK_TOPO

TYPES = ("xyz", "xy", "xz", "yz", "x", "y", "z")

for name, what, files, select in [
    ("msd_random_walk", "RANDOM_WALK, all atoms", (RANDOM_WALK_TOPO, RANDOM_WALK), "all"),
    ("msd_adk_dims", "adk.psf and adk_dims.dcd, CA", (PSF, DCD), "name CA"),
]:
    u = mda.Universe(*files)
    runs = [EinsteinMSD(u, select, msd_type=one, fft=False).run() for one in TYPES]
    lines = [
        f"# {what}, of MDAnalysisTests, by MDAnalysis {mda.__version__}'s EinsteinMSD(fft=False)",
        "# lag: delta_t_values, ps; the others: timeseries of each msd_type, A^2",
        "lag," + ",".join(TYPES),
    ]
    columns = np.column_stack([runs[0].results.delta_t_values, *(one.results.timeseries for one in runs)])
    lines += [",".join(f"{value:.12g}" for value in row) for row in columns]
    (Path(__file__).parent / f"{name}.csv").write_text("\n".join(lines) + "\n")
