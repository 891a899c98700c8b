"""Makes pca_adk_dims.csv: python make_pca.py"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.pca import PCA
from MDAnalysisTests.datafiles import DCD, PSF

u = mda.Universe(PSF, DCD)
run = PCA(u, select="name CA").run(step=2)
variance, cumulated = np.real(run.results.variance), np.real(run.results.cumulated_variance)
space = run.transform(u.select_atoms("name CA"), n_components=2)
space *= np.sign(space[0])

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, by MDAnalysis {mda.__version__}'s PCA: 'name CA', step=2",
    "# variance (A^2) and cumulated fraction of component frame + 1; projections (A) of all frames on components 1, 2,",
    "# with signs such that those of the first frame are positive",
    "frame,variance,cumulated,pc1,pc2",
]
for i, (one, two) in enumerate(space):
    lines.append(f"{i},{variance[i]:.9g},{cumulated[i]:.9g},{one:.9g},{two:.9g}")
(Path(__file__).parent / "pca_adk_dims.csv").write_text("\n".join(lines) + "\n")
