"""DensityAnalysis against numpy's histogramdd, for random atoms, also on edges and outside."""

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdloom.density import DensityAnalysis

pytestmark = pytest.mark.filterwarnings("ignore")


def universe(positions):
    u = mda.Universe.empty(positions.shape[1], trajectory=True)
    u.load_new(positions)
    return u


def histogram(frames, edges):
    """Mean over frames of np.histogramdd, per volume; the same numbers as in MDAnalysis, divided in the same order."""
    total = sum(np.histogramdd(frame, bins=edges)[0] for frame in frames) / float(len(frames))
    for axis, edge in enumerate(edges):
        total /= np.diff(edge).reshape([-1 if k == axis else 1 for k in range(3)])
    return total


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.01, 3.0, 30.0, 1e4]),
    offset=st.sampled_from([0.0, -55.3, 1e5]),
    per_axis=st.sampled_from([1, 2, 7, 23]),
    rounded=st.booleans(),
    own_grid=st.booleans(),
)
def test_counts_are_those_of_histogramdd(seed, scale, offset, per_axis, rounded, own_grid):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 40))
    positions = (random.normal(offset, scale, (5, n, 3))).astype(np.float32)
    if rounded:
        positions = np.round(positions)  # on edges, and several in one place
    u = universe(positions)
    group = u.atoms[random.integers(0, n, random.integers(1, 60))]  # any order, duplicates
    delta = 6 * scale / per_axis if not rounded else max(1.0, np.round(6 * scale / per_axis))
    arguments = {"delta": delta, "padding": scale}
    if own_grid:
        arguments |= {"gridcenter": [np.round(offset)] * 3, "xdim": 6 * delta, "ydim": 3 * delta, "zdim": 4.5 * delta}
    found = DensityAnalysis(group, **arguments).run(n_jobs=1)
    edges = found.density.edges
    frames = positions[:, group.ix]
    np.testing.assert_array_equal(found.density.grid, histogram(frames, edges))
    inside = sum(np.histogramdd(frame, bins=edges)[0].sum() for frame in frames)
    assert inside + found.results.n_outside == 5 * len(group)
    widths = np.concatenate([np.diff(edge) for edge in edges])
    np.testing.assert_allclose(widths, delta, rtol=1e-3 if offset == 1e5 and scale == 0.01 else 1e-6)


def test_every_edge_of_a_fine_grid_counts_where_numpy_counts_it():
    u = universe(np.zeros((1, 1, 3), np.float32))
    grid = DensityAnalysis(u.atoms, 0.1, gridcenter=[0.3] * 3, xdim=7, ydim=0.2, zdim=0.2).run().density
    edge = grid.edges[0].astype(np.float32)
    x = np.concatenate([edge, np.nextafter(edge, np.float32(9)), np.nextafter(edge, np.float32(-9))])
    positions = np.stack([x, np.full_like(x, 0.3), np.full_like(x, 0.3)], axis=1)[None]
    u = universe(positions)
    found = DensityAnalysis(u.atoms, 0.1, gridcenter=[0.3] * 3, xdim=7, ydim=0.2, zdim=0.2).run().density
    np.testing.assert_array_equal(found.grid, histogram(positions, found.edges))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_many_frames_in_many_chunks_add_up(n_jobs):
    positions = np.random.default_rng(1).normal(0, 5, (3000, 20, 3)).astype(np.float32)
    found = DensityAnalysis(universe(positions).atoms, padding=40).run(n_jobs=n_jobs)
    np.testing.assert_array_equal(
        found.density.grid, histogram(positions.reshape(1, -1, 3), found.density.edges) / 3000
    )
    assert found.results.n_outside == 0
