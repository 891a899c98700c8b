"""Makes gyration_adk_dims.csv: python make_gyration.py"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysisTests.datafiles import DCD, PSF

u = mda.Universe(PSF, DCD)

lines = [
    f"# adk.psf and adk_dims.dcd of MDAnalysisTests, all atoms, by MDAnalysis {mda.__version__}'s AtomGroup methods",
    "# rg: radius_of_gyration(); about_x, y, z: sqrt(moment_of_inertia() on the diagonal / total mass);",
    "# mass_x, y, z: center_of_mass(); centre_x, y, z: center_of_geometry(). Units: ps, A.",
    "frame,time,rg,about_x,about_y,about_z,mass_x,mass_y,mass_z,centre_x,centre_y,centre_z",
]
for ts in u.trajectory:
    about = np.sqrt(np.diag(u.atoms.moment_of_inertia()) / u.atoms.total_mass())
    centres = [*u.atoms.center_of_mass(), *u.atoms.center_of_geometry()]
    values = [ts.time, u.atoms.radius_of_gyration(), *about, *centres]
    lines.append(f"{ts.frame}," + ",".join(f"{value:.9f}" for value in values))
(Path(__file__).parent / "gyration_adk_dims.csv").write_text("\n".join(lines) + "\n")
