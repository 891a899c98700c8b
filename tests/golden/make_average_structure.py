"""Makes average_structure_adk_dims.csv: python make_average_structure.py"""

from pathlib import Path

import MDAnalysis as mda
from MDAnalysis.analysis.align import AverageStructure
from MDAnalysisTests.datafiles import DCD, PSF

u = mda.Universe(PSF, DCD)
run = AverageStructure(u, select="name CA", weights="mass", ref_frame=10).run()

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, by MDAnalysis {mda.__version__}'s AverageStructure: "
    f"'name CA' fitted on frame 10, weights 'mass'; rmsd {run.results.rmsd:.12f} A",
    "# index: of the atom; x, y, z: mean position, A",
    "index,x,y,z",
]
for i, position in zip(u.select_atoms("name CA").ix, run.results.positions, strict=True):
    lines.append(f"{i}," + ",".join(f"{value:.9f}" for value in position))
(Path(__file__).parent / "average_structure_adk_dims.csv").write_text("\n".join(lines) + "\n")
