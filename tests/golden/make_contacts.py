"""Makes contacts_adk_dims.csv and contacts_adk_oplsaa.csv with MDAnalysis: python tests/golden/make_contacts.py"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.contacts import Contacts, q1q2
from MDAnalysisTests.datafiles import DCD, PSF, TPR, XTC

SALT_BRIDGES = ("(resname ARG LYS) and (name NH* NZ)", "(resname ASP GLU) and (name OE* OD*)")
CHARGED = ("resname ASP GLU", "resname ARG LYS")


def any_near(r, r0):
    return np.any(r < 2.5)


def fractions(universe, selections, **arguments):
    groups = [universe.select_atoms(selection) for selection in selections]
    return Contacts(universe, selections, groups, radius=6.0, **arguments).run().results.timeseries[:, 1]


def write(name, what, columns, digits):
    lines = [f"# {line}" for line in (*what, f"computed by MDAnalysis {mda.__version__}'s analysis.contacts")]
    lines.append(",".join(columns))
    lines += [",".join(f"{value:.{digits}g}" for value in row) for row in zip(*columns.values(), strict=True)]
    Path(__file__).with_name(name).write_text("\n".join(lines) + "\n")


u = mda.Universe(PSF, DCD)
near = q1q2(u, "name CA", radius=8)
near.pbc = False
q = near.run().results.timeseries
write(
    "contacts_adk_dims.csv",
    (
        "adk.psf and adk_dims.dcd of MDAnalysisTests, reference frame 0, radius 6.0, no box",
        f"hard, soft, radius, any (r < 2.5): {SALT_BRIDGES}",
        f"charged: hard cut, {CHARGED}; q1, q2: q1q2 of 'name CA', radius 8",
    ),
    {
        "frame": q[:, 0],
        "hard": fractions(u, SALT_BRIDGES, method="hard_cut", pbc=False),
        "soft": fractions(u, SALT_BRIDGES, method="soft_cut", pbc=False),
        "radius": fractions(u, SALT_BRIDGES, method="radius_cut", pbc=False),
        "any": fractions(u, SALT_BRIDGES, method=any_near, pbc=False),
        "charged": fractions(u, CHARGED, method="hard_cut", pbc=False),
        "q1": q[:, 1],
        "q2": q[:, 2],
    },
    10,
)
u = mda.Universe(TPR, XTC)
write(
    "contacts_adk_oplsaa.csv",
    (
        "adk_oplsaa.tpr and adk_oplsaa.xtc of MDAnalysisTests, reference frame 0, radius 6.0",
        f"hard cut, {CHARGED}",
    ),
    {
        "frame": np.arange(10),
        "with_images": fractions(u, CHARGED, method="hard_cut", pbc=True),
        "without": fractions(u, CHARGED, method="hard_cut", pbc=False),
    },
    10,
)
