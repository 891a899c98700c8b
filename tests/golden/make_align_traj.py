"""Makes align_traj_adk_dims.csv: python make_align_traj.py"""

import tempfile
from pathlib import Path

import MDAnalysis as mda
from MDAnalysis.analysis.align import AlignTraj
from MDAnalysisTests.datafiles import DCD, PSF

u, ref = mda.Universe(PSF, DCD), mda.Universe(PSF, DCD)
ref.trajectory[10]
atoms = [0, 1000, 3340]
with tempfile.TemporaryDirectory() as folder:
    run = AlignTraj(u, ref, select="name CA", weights="mass", filename=f"{folder}/out.dcd").run()
    aligned = mda.Universe(PSF, f"{folder}/out.dcd")
    positions = [aligned.atoms[atoms].positions.ravel() for _ in aligned.trajectory]

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, by MDAnalysis {mda.__version__}'s AlignTraj: "
    "'name CA' fitted on frame 10, weights 'mass'",
    "# rmsd: of the fitted atoms, A; then x, y, z of the atoms 0, 1000 and 3340, A",
    "frame,rmsd," + ",".join(f"{axis}{atom}" for atom in atoms for axis in "xyz"),
]
for frame, (rmsd, values) in enumerate(zip(run.results.rmsd, positions, strict=True)):
    lines.append(f"{frame},{rmsd:.9f}," + ",".join(f"{value:.6f}" for value in values))
(Path(__file__).parent / "align_traj_adk_dims.csv").write_text("\n".join(lines) + "\n")
