"""InterRDF against plain double arithmetic over all pairs: random boxes, atoms anywhere, groups that overlap."""

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdloom import kernels
from mdloom.rdf import InterRDF, InterRDF_s

some = settings(max_examples=40, deadline=None, derandomize=True)

BOXES = {
    "orthorhombic": [21, 17, 30, 90, 90, 90],
    "triclinic": [21, 17, 30, 70, 82, 104],
    "octahedron": [20, 20, 20, 70.52878, 109.4712, 70.52878],
    "flat": [40, 35, 4, 90, 90, 60],
    "tiny": [1.5, 1.2, 1.0, 90, 90, 90],
    "huge": [4000, 5000, 6000, 90, 90, 90],
    "missing": None,
}


def plain_distances(a, b, box):
    """The least over all images that can be least, in double."""
    d = a.astype(np.float64)[:, None] - b.astype(np.float64)[None]
    if box is None:
        return np.sqrt((d**2).sum(axis=2))
    from MDAnalysis.lib.mdamath import triclinic_vectors

    cell = triclinic_vectors(np.float32(box)).astype(np.float64)
    d -= np.round(d @ np.linalg.inv(cell)) @ cell
    shifts = np.array(np.meshgrid(*[np.arange(-2, 3)] * 3)).reshape(3, -1).T @ cell
    return np.min([np.sqrt(((d + shift) ** 2).sum(axis=2)) for shift in shifts], axis=0)


def universe(positions, box):
    u = mda.Universe.empty(len(positions[0]), trajectory=True)
    u.load_new(np.float32(positions), dimensions=None if box is None else np.tile(np.float32(box), (len(positions), 1)))
    return u


@st.composite
def systems(draw):
    kind = draw(st.sampled_from(sorted(BOXES)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sides = np.array((BOXES[kind] or [20, 20, 20])[:3])
    n_atoms, n_frames = draw(st.integers(1, 60)), draw(st.integers(1, 3))
    spread = draw(st.sampled_from([0.3, 1.0, 3.0]))
    positions = random.uniform(-spread, 1 + spread, (n_frames, n_atoms, 3)) * sides
    positions[:, : n_atoms // 5] = np.round(positions[:, : n_atoms // 5])  # on edges of bins and cells
    positions[:, n_atoms // 2 :: 7] = positions[:, :1]  # at the same place
    groups = [random.integers(0, n_atoms, draw(st.integers(1, 80))) for _ in range(2)]
    if draw(st.booleans()):
        groups[1] = groups[0]
    last = draw(st.sampled_from([0.1, 0.3, 0.5, 0.8, 2.0])) * min(sides)
    first = draw(st.sampled_from([0, 0, 0.4])) * last
    return kind, positions, groups, (first, last), draw(st.integers(1, 50))


def near_an_edge(distances, edges):
    """What sums in another order may move; atoms at the same place stay where they are."""
    distances = distances[distances > 0]
    return (np.abs(distances[..., None] - edges) < 1e-9 * max(1, edges[-1])).any()


@some
@given(systems(), st.sampled_from(["portable", "avx2", "avx512"]))
def test_counts_are_those_of_all_pairs(system, level):
    kind, positions, groups, bounds, n_bins = system
    box = BOXES[kind]
    u = universe(positions, box)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDLOOM_SIMD", level)
        found = InterRDF(u.atoms[groups[0]], u.atoms[groups[1]], n_bins, bounds, norm="none").run(n_jobs=1)
    plain, measured = [], []
    for ts in u.trajectory:
        a, b = (ts.positions[group] for group in groups)
        plain.append(plain_distances(a, b, box))
        i, j = (index.ravel() for index in np.indices(plain[-1].shape))
        measured.append(kernels.distances(a[i], b[j], box=ts.dimensions))
    assert (found.count == np.histogram(measured, n_bins, bounds)[0]).all()
    np.testing.assert_allclose(np.ravel(plain), np.ravel(measured), rtol=1e-6, atol=1e-6 * max(1, *(box or [1])[:3]))
    if not near_an_edge(np.array(plain), found.edges):
        assert (found.count == np.histogram(plain, n_bins, bounds)[0]).all()


@some
@given(systems(), st.integers(1, 4), st.integers(1, 4))
def test_excluded_blocks_and_sites_are_those_of_all_pairs(system, x_a, x_b):
    kind, positions, groups, bounds, n_bins = system
    u = universe(positions, BOXES[kind])
    a, b = (u.atoms[group] for group in groups)
    every = InterRDF_s(u, [[a, b]], n_bins, bounds, norm="none").run(n_jobs=1).count[0]
    np.testing.assert_array_equal(every.sum(axis=(0, 1)), InterRDF(a, b, n_bins, bounds, norm="none").run().count)
    counted = np.arange(len(a))[:, None] // x_a != np.arange(len(b))[None] // x_b
    if len(a) * len(b) > x_b * len(a):
        found = InterRDF(a, b, n_bins, bounds, (x_a, x_b), norm="none").run()
        np.testing.assert_array_equal(found.count, every[counted].sum(axis=0))


@pytest.mark.parametrize("kind", ["orthorhombic", "triclinic", "missing"])
def test_many_atoms_are_counted_as_their_pairs_are_listed(kind):
    box = BOXES[kind]
    positions = np.random.default_rng(5).uniform(-0.5, 1.5, (1, 2500, 3)) * (box or [20, 20, 20])[:3]
    u = universe(positions, box)
    a, b = u.atoms[:2000], u.atoms[1500:]
    distances = kernels.pairs(a.positions, b.positions, cutoff=7.5, box=box)[1]
    for level in ("portable", "avx2", "avx512"):
        for n_bins, bounds in ((75, (0, 7.5)), (1000, (2.5, 7.5))):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MDLOOM_SIMD", level)
                found = InterRDF(a, b, n_bins, bounds, norm="none").run(n_jobs=1)
            np.testing.assert_array_equal(found.count, np.histogram(distances, n_bins, bounds)[0])


@pytest.mark.parametrize("box", [None, [12, 12, 12, 90, 90, 90], [12, 12, 12, 60, 60, 90]], ids=str)
def test_distances_on_edges_are_where_numpy_puts_them(box):
    grid = np.stack(np.meshgrid(*[np.arange(12.0)] * 3), axis=-1).reshape(1, -1, 3)
    u = universe(grid, box)
    probe = u.atoms[:5]
    found = InterRDF(probe, u.atoms, nbins=5, range=(1, 6), norm="none").run()
    i, j = (index.ravel() for index in np.indices((5, len(u.atoms))))
    distances = kernels.distances(u.atoms.positions[i], u.atoms.positions[j], box=box)
    np.testing.assert_array_equal(found.count, np.histogram(distances, 5, (1, 6))[0])


def test_one_atom_and_its_image_half_a_box_away():
    u = universe([[[0, 0, 0], [5, 0, 0], [0, 5, 5]]], [10, 10, 10, 90, 90, 90])
    found = InterRDF(u.atoms[:1], u.atoms[1:], nbins=2, range=(0, 5)).run()
    np.testing.assert_array_equal(found.count, [0, 1])
    np.testing.assert_allclose(found.rdf[1], 1000 / 2 / (4 / 3 * np.pi * (125 - 2.5**3)))


def test_tiny_parts_of_an_angstrom_are_kept_apart():
    """Steps of the grid that volumes are summed on are no part of the result."""
    u = universe([[[0, 0, 0], [0.5, 0, 0]]] * 3, [1.1, 1.2, 1.3, 90, 90, 90])
    found = InterRDF(u.atoms[:1], u.atoms[1:]).run()
    sides = np.float32([1.1, 1.2, 1.3]).astype(np.float64)
    assert abs(found.volume - 3 * sides.prod()) < 1e-14
