"""Contacts against plain double-precision numpy, for random groups, boxes and cuts."""

import itertools
import warnings

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.analysis import contacts as mda_contacts
from MDAnalysis.lib.mdamath import triclinic_vectors
from MDAnalysisTests.datafiles import DCD, DCD_TRICLINIC, GRO_MEMPROT, PSF, PSF_TRICLINIC, TPR, XTC, XTC_MEMPROT

from mdloom import contacts

pytestmark = pytest.mark.filterwarnings("ignore")

BOXES = {
    "none": None,
    "orthorhombic": (20, 25, 31, 90, 90, 90),
    "triclinic": (20, 22, 25, 70, 80, 110),
    "dodecahedron": (24, 24, 24, 60, 60, 90),
    "tiny": (3, 4, 5, 90, 90, 90),
    "tiny and skewed": (4, 4, 5, 60, 70, 100),
    "huge": (1e5, 1e5, 1e5, 90, 90, 90),
}
SHIFTS = np.array(list(itertools.product(range(-3, 4), repeat=3)))


def distances(a, b, box):
    """Least of many images: [n, m]."""
    d = b.astype(np.float64)[None] - a.astype(np.float64)[:, None]
    if box is None:
        return np.sqrt((d**2).sum(axis=2))
    cell = triclinic_vectors(np.array(box, np.float32)).astype(np.float64)
    d -= np.round(d @ np.linalg.inv(cell)) @ cell
    return np.sqrt(((d[:, :, None] + SHIFTS @ cell) ** 2).sum(axis=3).min(axis=2))


def universe(positions, box):
    u = mda.Universe.empty(positions.shape[1], trajectory=True)
    dimensions = None if box is None else np.tile(np.array(box, np.float32), (len(positions), 1))
    u.load_new(positions, dimensions=dimensions)
    return u


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(sorted(BOXES)),
    method=st.sampled_from(["hard_cut", "soft_cut", "radius_cut"]),
    radius=st.sampled_from([0.0, 1.0, 4.5, 9.9, 12.0, 40.0]),
    spread=st.sampled_from([5, 40, 300]),
    pbc=st.booleans(),
)
def test_fractions_are_those_of_all_distances(seed, kind, method, radius, spread, pbc):
    random = np.random.default_rng(seed)
    n, box = int(random.integers(1, 12)), BOXES[kind]
    positions = (random.normal(0, spread, (4, n, 3))).astype(np.float32)
    positions[:, n // 2] = positions[:, 0]  # two atoms in one place
    if random.random() < 0.3:
        positions = np.round(positions)  # on edges of cells and cuts
    u = universe(positions, box)
    groups = [
        u.atoms[random.integers(0, n, random.integers(1, 9))] for _ in range(2)
    ]  # any order, duplicates, overlaps
    found = contacts.Contacts(groups, groups, method, radius, pbc=pbc).run(n_jobs=1).timeseries

    frames = [distances(*(frame[group.ix] for group in groups), box if pbc else None) for frame in positions]
    slack = 1e-9 * max(1.0, spread)
    near = frames[0] <= radius
    if (np.abs(frames[0] - radius) < slack).any() and (frames[0] != radius)[np.abs(frames[0] - radius) < slack].any():
        return  # where rounding decides which atoms are in contact
    for k, r in enumerate(frames):
        if not near.any():
            assert np.isnan(found[k, 1])
            continue
        r, r0 = r[near], frames[0][near]
        if method == "soft_cut":
            with np.errstate(over="ignore"):
                np.testing.assert_allclose(
                    found[k, 1], np.mean(1 / (1 + np.exp(5 * (r - 1.8 * r0)))), rtol=0, atol=1e-7
                )
        elif k == 0:
            assert found[k, 1] == 1
        else:
            cut = r0 if method == "hard_cut" else radius
            doubtful = np.abs(r - cut) < slack
            count = found[k, 1] * near.sum()
            assert (r[~doubtful] <= (cut if np.isscalar(cut) else cut[~doubtful])).sum() <= count + 1e-9
            assert count - 1e-9 <= ((r <= cut) | doubtful).sum()


@pytest.mark.parametrize(
    "topology, trajectory, selections",
    [
        (PSF, DCD, ("name CA", "name CB")),
        (TPR, XTC, ("protein and name CA", "name NA and resid 1-300 or protein and name CB")),
        (GRO_MEMPROT, XTC_MEMPROT, ("name P31 or name P", "protein and name OD1 OD2")),
        (PSF_TRICLINIC, DCD_TRICLINIC, ("name OH2 and resid 1-60", "name OH2 and resid 61-125")),
    ],
    ids=["adk", "adk_oplsaa", "membrane", "triclinic"],
)
@pytest.mark.parametrize("pbc", [False, True])
def test_real_systems_agree_with_mdanalysis(topology, trajectory, selections, pbc):
    u = mda.Universe(topology, trajectory)
    groups = [u.select_atoms(selection) for selection in selections]
    assert all(map(len, groups))
    # In later frames of this cell (gamma below 37 degrees) the 27 images that MDAnalysis tries miss the nearest by up
    # to 5.2 A; the test below compares with more images.
    stop = 3 if pbc and topology == PSF_TRICLINIC else 20
    for method, tolerance in (("hard_cut", 1e-3), ("soft_cut", 2e-6), ("radius_cut", 1e-3)):
        found = contacts.Contacts(groups, groups, method, 9.0, pbc=pbc).run().timeseries
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = mda_contacts.Contacts(u, groups, groups, method, 9.0, pbc).run(stop=stop).results.timeseries
        np.testing.assert_allclose(found[:stop], expected, rtol=0, atol=tolerance)


def test_nearest_images_in_a_strongly_skewed_cell():
    u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
    groups = [u.select_atoms(selection) for selection in ("name OH2 and resid 1-60", "name OH2 and resid 61-125")]
    frames = [distances(*(group.positions for group in groups), ts.dimensions) for ts in u.trajectory]
    u.trajectory[0]
    found = contacts.Contacts(groups, groups, "radius_cut", 9.0, pbc=True).run().timeseries
    near = frames[0] <= 9
    np.testing.assert_allclose(found[:, 1], [np.mean(r[near] <= 9) for r in frames], rtol=0, atol=1e-9)
