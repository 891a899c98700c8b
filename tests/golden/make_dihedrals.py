"""Makes ramachandran_adk_dims.csv: python make_dihedrals.py"""

from pathlib import Path

import MDAnalysis as mda
from MDAnalysis.analysis.dihedrals import Ramachandran
from MDAnalysisTests.datafiles import DCD, PSF

run = Ramachandran(mda.Universe(PSF, DCD).select_atoms("protein")).run(step=49)

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, protein, frames 0 and 49, by MDAnalysis {mda.__version__}'s "
    "Ramachandran",
    "# index: of the CA atom; degrees",
    "index,phi_0,psi_0,phi_49,psi_49",
]
for ca, of_residue in zip(run.ag3.ix, run.results.angles.swapaxes(0, 1), strict=True):
    lines.append(f"{ca}," + ",".join(f"{value:.7f}" for value in of_residue.ravel()))
(Path(__file__).parent / "ramachandran_adk_dims.csv").write_text("\n".join(lines) + "\n")
