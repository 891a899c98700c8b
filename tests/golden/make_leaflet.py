"""Makes leaflet_popg.csv: python make_leaflet.py (wants networkx)"""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.leaflet import LeafletFinder
from MDAnalysisTests.datafiles import GRO_MEMPROT, XTC_MEMPROT

u = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
popg = u.select_atoms("resname POPG and name P")

lines = [
    f"# memprot of MDAnalysisTests, 'resname POPG and name P', cutoff 15 A, computed by MDAnalysis {mda.__version__}'s",
    "# LeafletFinder. The component of each atom, numbered in order of their lowest atoms.",
    "frame,pbc," + ",".join(f"atom_{index}" for index in popg.ix),
]
for pbc in (False, True):
    for ts in u.trajectory:
        labels = np.empty(len(popg), int)
        for number, component in enumerate(LeafletFinder(u, popg, cutoff=15.0, pbc=pbc).components):
            labels[component] = number
        lines.append(f"{ts.frame},{int(pbc)}," + ",".join(map(str, labels)))
(Path(__file__).parent / "leaflet_popg.csv").write_text("\n".join(lines) + "\n")
