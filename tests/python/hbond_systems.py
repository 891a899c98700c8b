"""What the tests of hydrogen bonds share: systems, MDAnalysis' rows in our order, and a comparison."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from MDAnalysis.analysis.hydrogenbonds.hbond_analysis import HydrogenBondAnalysis as Theirs

#: Of TIP4P water in GRO, which holds neither charges nor bonds.
WATER = {
    "donors_sel": "resname SOL and name OW",
    "hydrogens_sel": "resname SOL and name HW1 HW2",
    "acceptors_sel": "resname SOL and name OW",
}
BACKBONE = {
    "donors_sel": "protein and name N",
    "hydrogens_sel": "protein and name H HN",
    "acceptors_sel": "protein and name O",
}


def rows_of_mdanalysis(universe: Any, run: dict[str, Any] | None = None, **arguments: Any) -> np.ndarray:
    """Its rows, float64 [n, 6], sorted by frame, donor, hydrogen, acceptor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = Theirs(universe, **arguments).run(**(run or {})).results.hbonds
    rows = np.asarray(rows).reshape(-1, 6)
    return rows[np.lexsort(rows[:, [3, 2, 1, 0]].T)]


def assert_same_bonds(
    found: np.ndarray, expected: np.ndarray, d_a_cutoff: float = 3.0, angle_cutoff: float = 150, n_at_edge: int = 0
) -> None:
    """The same triples in the same frames, but for `n_at_edge` at most that are at a cut-off; distances to 2e-5 Å and
    angles to 2e-3 degrees, for MDAnalysis subtracts coordinates in float32.
    """
    ours, theirs = ({tuple(row[:4]): row[4:] for row in rows} for rows in (found, expected))
    assert len(ours) == len(found) and len(theirs) == len(expected), "a bond is listed twice"
    at_edge = ours.keys() ^ theirs.keys()
    assert len(at_edge) <= n_at_edge, at_edge
    for bond in at_edge:
        distance, angle = ours.get(bond, theirs.get(bond))
        assert abs(distance - d_a_cutoff) < 2e-5 or abs(angle - angle_cutoff) < 2e-3, (bond, distance, angle)
    common = sorted(ours.keys() & theirs.keys())
    assert common
    mine, other = np.array([ours[bond] for bond in common]), np.array([theirs[bond] for bond in common])
    np.testing.assert_allclose(mine[:, 0], other[:, 0], rtol=0, atol=2e-5)
    np.testing.assert_allclose(mine[:, 1], other[:, 1], rtol=0, atol=2e-3)
