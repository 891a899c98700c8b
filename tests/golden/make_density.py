"""Makes density_triclinic.csv with MDAnalysis: python tests/golden/make_density.py"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.density import DensityAnalysis
from MDAnalysisTests.datafiles import DCD_TRICLINIC, PSF_TRICLINIC

oxygens = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC).select_atoms("name OH2")
density = DensityAnalysis(oxygens, delta=4.0).run().results.density
lines = [
    "# TRICLINIC of MDAnalysisTests, 'name OH2', delta 4.0, padding 2.0, frame 0 for the grid, all frames",
    f"# computed by MDAnalysis {mda.__version__}'s DensityAnalysis; cells that are not empty; A^-3",
    f"# shape {density.grid.shape}, lower corner {tuple(float(edges[0]) for edges in density.edges)}",
    "i,j,k,density",
]
lines += [f"{i},{j},{k},{float(density.grid[i, j, k])!r}" for i, j, k in np.argwhere(density.grid)]
Path(__file__).with_name("density_triclinic.csv").write_text("\n".join(lines) + "\n")
