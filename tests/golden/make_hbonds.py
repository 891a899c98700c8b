"""Writes hbonds_*.csv beside this file: hydrogen bonds that MDAnalysis 2.11 finds in files of MDAnalysisTests."""

import sys
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.hydrogenbonds.hbond_analysis import HydrogenBondAnalysis
from MDAnalysisTests import datafiles

HERE = Path(__file__).parent
CASES = {
    "water": ("waterPSF", "waterDCD", {"d_h_a_angle_cutoff": 120}),
    "membrane": (
        "GRO_MEMPROT",
        "XTC_MEMPROT",
        {
            "donors_sel": "protein and name N",
            "hydrogens_sel": "protein and name H HN",
            "acceptors_sel": "protein and name O",
            "d_a_cutoff": 3.2,
        },
    ),
}


def main() -> None:
    for case, (topology, trajectory, arguments) in CASES.items():
        universe = mda.Universe(getattr(datafiles, topology), getattr(datafiles, trajectory))
        rows = HydrogenBondAnalysis(universe, **arguments).run().results.hbonds
        rows = rows[np.lexsort(rows[:, [3, 2, 1, 0]].T)]
        header = (
            f"hydrogen bonds of {topology}/{trajectory}, {arguments}\n"
            f"made by make_hbonds.py with MDAnalysis {mda.__version__}; distance in Å, angle in degrees\n"
            "frame,donor,hydrogen,acceptor,distance,angle"
        )
        formats = ["%d"] * 4 + ["%.7f", "%.5f"]
        np.savetxt(HERE / f"hbonds_{case}.csv", rows, fmt=formats, delimiter=",", header=header)
        print(f"{case}: {len(rows)} bonds", file=sys.stderr)


if __name__ == "__main__":
    main()
