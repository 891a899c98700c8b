"""Makes rmsf_adk_dims.csv: python make_rmsf.py"""

from pathlib import Path

import MDAnalysis as mda
from MDAnalysis.analysis.rms import RMSF
from MDAnalysisTests.datafiles import DCD, PSF

ca = mda.Universe(PSF, DCD).select_atoms("name CA")
run = RMSF(ca).run()

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, 'name CA', computed by MDAnalysis {mda.__version__}'s RMSF",
    "# index: of the atom; mean, sumsquares: of x, y, z. Units: A, A^2.",
    "index,rmsf," + ",".join(f"{name}_{axis}" for name in ("mean", "sumsquares") for axis in "xyz"),
]
for i, atom in enumerate(ca.ix):
    values = [run.results.rmsf[i], *run.mean[i], *run.sumsquares[i]]
    lines.append(f"{atom}," + ",".join(f"{value:.12f}" for value in values))
(Path(__file__).parent / "rmsf_adk_dims.csv").write_text("\n".join(lines) + "\n")
