"""Hydrogen bonds against plain double-precision loops over all triples, in any box."""

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdloom.hbond_analysis import HydrogenBondAnalysis

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Reader has no dt information")

BOXES = {
    "none": None,
    "cube": [12, 12, 12, 90, 90, 90],
    "long": [7, 40, 11, 90, 90, 90],
    "triclinic": [13, 14, 12, 75, 60, 100],
    "dodecahedron": [15, 15, 15, 60, 60, 90],
    "hexagonal": [11, 11, 20, 90, 90, 120],
    "huge": [5000, 5000, 5000, 90, 90, 90],
    "tiny": [2.5, 2.5, 2.5, 90, 90, 90],
    "tiny and skewed": [3, 4, 2.5, 60, 50, 70],
}


def least_image(vectors, box):
    """The shortest of all images of each vector [..., 3], by trying them (many, in boxes that are tiny or skewed), and
    by how much the next one is longer.
    """
    if box is None:
        return vectors, np.full(vectors.shape[:-1], np.inf)
    cell = mda.lib.mdamath.triclinic_vectors(np.array(box, np.float32)).astype(np.float64)
    near = vectors - np.round(vectors @ np.linalg.inv(cell)) @ cell
    reach = 3 if min(box[:3]) < 5 else 1
    steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1).reshape(-1, 3) @ cell
    best, least, second = near, np.full(near.shape[:-1], np.inf), np.full(near.shape[:-1], np.inf)
    for step in steps:
        moved = near + step
        length = np.linalg.norm(moved, axis=-1)
        best = np.where((length < least)[..., None], moved, best)
        second = np.minimum(second, np.maximum(length, least))
        least = np.minimum(length, least)
    return best, second - least


def brute_force(positions, box, donors, hydrogens, acceptors, owner, d_h, d_a, angle):
    """Rows [n, 5] in order: donor, hydrogen, acceptor, distance, angle; and how near the nearest was to a cut-off,
    or two images of a vector to being equally near.

    owner: the donor of each hydrogen by bonds, or None.
    """
    x = positions.astype(np.float64)
    to_hydrogens, ahead_of_hydrogen = least_image(x[hydrogens][None] - x[donors][:, None], box)
    to_acceptors, _ = least_image(x[acceptors][None] - x[donors][:, None], box)
    from_hydrogens, ahead = least_image(x[acceptors][None] - x[hydrogens][:, None], box)
    short, far = np.linalg.norm(to_hydrogens, axis=-1), np.linalg.norm(to_acceptors, axis=-1)
    margin = [np.abs(far - d_a).min(), np.abs(far[far > 0] - 1).min(initial=1)]
    if owner is None:
        margin.append(np.abs(short - d_h).min())
    rows = []
    for i, donor in enumerate(donors):
        for j, hydrogen in enumerate(hydrogens):
            if short[i, j] > d_h if owner is None else owner[hydrogen] != donor:
                continue
            u = -to_hydrogens[i, j]
            for k in np.flatnonzero((far[i] > 1) & (far[i] <= d_a)):
                v = from_hydrogens[j, k]
                if not (u.any() and v.any()):
                    continue
                found = np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v))
                margin += [abs(found - angle), ahead[j, k], ahead_of_hydrogen[i, j]]
                if found > angle:
                    rows.append((donor, hydrogen, acceptors[k], far[i, k], found))
    return np.array(rows).reshape(-1, 5), min(margin)


def universe_of(positions, box, bonds=()):
    u = mda.Universe.empty(len(positions), trajectory=True)
    u.atoms.positions = positions
    u.dimensions = box
    if len(bonds):
        u.add_TopologyAttr("bonds", bonds)
    return u


def selection(atoms):
    return "index " + " ".join(map(str, atoms))


def compare(positions, box, groups, owner, d_h, d_a, angle):
    expected, margin = brute_force(positions, box, *groups, owner, d_h, d_a, angle)
    if margin < 1e-9:
        return 0  # rounding decides: nobody's promise
    donors, hydrogens, acceptors = map(selection, groups)
    bonds = () if owner is None else [(owner[hydrogen], hydrogen) for hydrogen in groups[1]]
    hbonds = HydrogenBondAnalysis(
        universe_of(positions, box, bonds), donors if owner is None else None, hydrogens, acceptors, d_h, d_a, angle
    )
    found = hbonds.run(n_jobs=1).hbonds
    np.testing.assert_array_equal(found[:, 1:4], expected[:, :3])
    np.testing.assert_allclose(found[:, 4:], expected[:, 3:], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found[:, 0], 0)
    return len(expected)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    box=st.sampled_from(list(BOXES)),
    n=st.integers(1, 40),
    by_bonds=st.booleans(),
    d_a=st.floats(1.01, 9),
    angle=st.floats(0, 175),
    spread=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_small_systems_in_any_box_at_any_cutoff(seed, box, n, by_bonds, d_a, angle, spread):
    """Groups overlap, atoms coincide, stand outside the cell and on its faces."""
    random = np.random.default_rng(seed)
    lengths = np.array(BOXES[box][:3] if BOXES[box] and box != "huge" else [12, 12, 12])
    positions = (random.uniform(-spread, spread, (n, 3)) * lengths).astype(np.float32)
    positions[random.random(n) < 0.1] = positions[0]
    positions[random.random((n, 3)) < 0.1] = 0
    groups = [np.sort(random.choice(n, random.integers(1, n + 1), replace=False)) for _ in range(3)]
    owner = None
    if by_bonds:
        if n < 2:
            return
        hydrogens = groups[1]
        owner = {h: min(d for d in random.choice(n, 2, replace=False) if d != h) for h in hydrogens}
        # of several bonds the first partner counts, so a hydrogen is nobody's donor here
        owner = {h: d for h, d in owner.items() if d not in owner}
        if not owner:
            return
        groups[1] = np.array(sorted(owner))
        groups[0] = np.unique(list(owner.values()))
    compare(positions, BOXES[box], groups, owner, 2.0, d_a, angle)


N = 120  # so many that they are sought in cells


@pytest.mark.parametrize("box", [box for box in BOXES if not box.startswith("tiny")])
@pytest.mark.parametrize("by_bonds", [True, False])
def test_molecules_by_the_hundred(box, by_bonds):
    random = np.random.default_rng(7)
    lengths = np.array(BOXES[box][:3] if BOXES[box] and box != "huge" else [14, 14, 14])
    oxygens = random.uniform(-0.2, 1.2, (N, 3)) * lengths
    directions = random.normal(size=(N, 2, 3))
    hydrogens = oxygens[:, None] + directions / np.linalg.norm(directions, axis=-1)[..., None]
    positions = np.concatenate([oxygens[:, None], hydrogens], axis=1).reshape(-1, 3).astype(np.float32)
    first = np.arange(0, 3 * N, 3)
    groups = [first, np.delete(np.arange(3 * N), first), first]
    owner = {hydrogen: hydrogen - hydrogen % 3 for hydrogen in groups[1]} if by_bonds else None
    n_found = compare(positions, BOXES[box], groups, owner, 1.2, 3.0, 120)
    assert n_found > 20
    assert compare(positions, BOXES[box], groups, owner, 1.2, 2.3, 90) > 20


def test_the_angle_is_right_where_its_cosine_says_little():
    for angle in (0.001, 90, 179.99, 180):
        radians = np.radians(angle)
        positions = np.array([[1, 0, 0], [0, 0, 0], [np.cos(radians) * 2.5, np.sin(radians) * 2.5, 0]], np.float32)
        u = universe_of(positions, None)
        found = (
            HydrogenBondAnalysis(u, "index 0", "index 1", "index 2", d_a_cutoff=4, d_h_a_angle_cutoff=0).run().hbonds
        )
        np.testing.assert_allclose(found[:, 5], [angle], rtol=0, atol=1e-5)
