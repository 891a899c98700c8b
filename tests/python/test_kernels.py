"""The kernels on arrays: each against its plain reference in numpy, and against MDAnalysis on real systems."""

import subprocess
import sys
import threading

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.lib import distances as peer
from MDAnalysis.lib.mdamath import triclinic_vectors

from mdloom import _core, kernels
from mdloom.errors import ArgumentError

BOXES = {
    "none": None,
    "orthorhombic": [20, 25, 30, 90, 90, 90],
    "triclinic": [20, 22, 24, 70, 80, 65],
    "hexagonal": [20, 20, 30, 90, 90, 120],
    "octahedron": [20, 20, 20, 70.53, 109.47, 70.53],
    "skewed": [[10, 0, 0], [25, 12, 0], [-31, 44, 14]],
}


def vectors_of(box):
    if box is None:
        return None
    box = np.asarray(box, np.float32)
    return (box if box.shape == (3, 3) else triclinic_vectors(box)).astype(np.float64)


def nearest(d, box):
    """Least difference vectors by trying all images around; d [..., 3]."""
    vectors = vectors_of(box)
    if vectors is None:
        return d
    for row in (2, 1, 0):  # near in triangular axes first
        d = d - np.round(d[..., row : row + 1] / vectors[row, row]) * vectors[row]
    shifts = np.array([[i, j, k] for i in range(-18, 19) for j in range(-5, 6) for k in range(-2, 3)]) @ vectors
    images = d[..., None, :] + shifts
    best = np.argmin((images**2).sum(axis=-1), axis=-1)
    return np.take_along_axis(images, best[..., None, None], axis=-2)[..., 0, :]


def atoms(seed, n, spread=60.0):
    return np.random.default_rng(seed).uniform(-spread, spread, (n, 3)).astype(np.float32)


def length(d):
    return np.sqrt((d**2).sum(axis=-1))


def wide(a):
    return a.astype(np.float64)


@pytest.mark.parametrize("name", BOXES)
def test_distances_are_those_of_nearest_images(name):
    box, a, b = BOXES[name], atoms(1, 60), atoms(2, 60)
    expected = length(nearest(wide(b) - wide(a), box))
    np.testing.assert_allclose(kernels.distances(a, b, box), expected, rtol=1e-6, atol=1e-5)
    matrix = kernels.distance_matrix(a, b[:20], box)
    assert matrix.shape == (60, 20)
    expected = length(nearest(wide(b[None, :20]) - wide(a[:, None]), box))
    np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", BOXES)
def test_angles_and_dihedrals_are_those_of_nearest_images(name):
    box = BOXES[name]
    a, b, c, d = (atoms(seed, 50) for seed in range(4))
    first, middle, last = (nearest(wide(q) - wide(p), box) for p, q in ((a, b), (b, c), (c, d)))
    cosine = (-first * middle).sum(axis=1) / (length(first) * length(middle))
    np.testing.assert_allclose(kernels.angles(a, b, c, box), np.degrees(np.arccos(cosine)), atol=1e-4)
    n1, n2 = np.cross(first, middle), np.cross(middle, last)
    expected = np.degrees(np.arctan2(length(middle) * (first * n2).sum(axis=1), (n1 * n2).sum(axis=1)))
    np.testing.assert_allclose(kernels.dihedrals(a, b, c, d, box), expected, atol=1e-4)


def test_known_angles():
    x, o, y = np.float32([[1, 0, 0]]), np.float32([[0, 0, 0]]), np.float32([[0, 1, 0]])
    assert kernels.angles(x, o, y)[0] == 90
    z = np.float32([[0, 1, 1]])
    assert kernels.dihedrals(x, o, y, z)[0] == pytest.approx(-90)
    assert np.isnan(kernels.angles(o, o, y)[0])


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("cutoff", [0.0, 3.0, 7.5, 19.0])
@pytest.mark.parametrize("n", [5, 400])
def test_pairs_are_all_within_the_cutoff_and_only_those(name, cutoff, n):
    box, a, b = BOXES[name], atoms(3, n), atoms(4, n // 2 + 1)
    a[1] = a[0]  # two atoms in one place
    for other in (b, None):
        found, lengths = kernels.pairs(a, other, cutoff=cutoff, box=box)
        matrix = kernels.distance_matrix(a, a if other is None else other, box)
        expected = np.argwhere(np.triu(matrix <= cutoff, 1) if other is None else matrix <= cutoff)
        assert found.dtype == np.int64 and np.array_equal(found, expected)
        assert np.array_equal(lengths, matrix[tuple(expected.T)])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(0, 60),
    st.lists(st.floats(5, 40), min_size=3, max_size=3),
    st.lists(st.floats(60, 110), min_size=3, max_size=3),
    st.floats(0, 30),
)
def test_pairs_in_random_boxes(seed, n, lengths, angles, cutoff):
    box = np.array([*lengths, *angles], np.float32)
    a = atoms(seed, n)
    found, _ = kernels.pairs(a, cutoff=cutoff, box=box)
    matrix = length(nearest(wide(a)[None, :] - wide(a)[:, None], box)) if n else np.empty((0, 0))
    clear = np.abs(matrix - cutoff) > 1e-4  # the reference rounds otherwise
    listed = np.zeros((n, n), bool)
    listed[tuple(found.T)] = True
    assert np.array_equal(listed[clear], np.triu(matrix <= cutoff, 1)[clear])


@pytest.mark.parametrize("name", [name for name in BOXES if BOXES[name] is not None])
def test_wrap_moves_by_whole_vectors_into_the_cell(name):
    box, a = BOXES[name], atoms(5, 300, 200)
    wrapped, vectors = kernels.wrap(a, box), vectors_of(box)
    assert wrapped.dtype == np.float32
    fractions = wide(wrapped) @ np.linalg.inv(vectors)
    assert (fractions >= -1e-6).all() and (fractions < 1 + 1e-6).all()
    moved = (wide(wrapped) - wide(a)) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(moved, np.round(moved), atol=1e-4)
    assert np.array_equal(kernels.wrap(wrapped, box), wrapped)


def kabsch(mobile, reference, weights):
    """By singular values, with weights; the plain way."""
    w = weights / weights.sum()
    from_, to = w @ mobile, w @ reference
    u, _, vt = np.linalg.svd((w[:, None] * (mobile - from_)).T @ (reference - to))
    u[:, -1] *= np.sign(np.linalg.det(u @ vt))
    moved = (mobile - from_) @ u @ vt + to
    return moved, (u @ vt).T, np.sqrt((w * ((moved - reference) ** 2).sum(axis=1)).sum())


@pytest.mark.parametrize("n", [3, 4, 17, 500])
@pytest.mark.parametrize("weighted", [False, True])
def test_fits_are_the_best_ones(n, weighted):
    a, reference = atoms(6, n, 20), atoms(7, n, 20).astype(np.float64)
    weights = np.random.default_rng(8).uniform(0.5, 2, n) if weighted else None
    moved, rotation, least = kabsch(wide(a), reference, np.ones(n) if weights is None else weights)
    fit = kernels.superpose(a, reference, weights)
    assert fit.rmsd == pytest.approx(least, rel=1e-9)
    assert kernels.rmsd(a, reference, weights) == fit.rmsd
    np.testing.assert_allclose(fit.rotation, rotation, atol=1e-8)
    np.testing.assert_allclose(fit.positions, moved, atol=1e-5)
    w = np.ones(n) if weights is None else weights
    as_it_stands = np.sqrt((w * ((wide(a) - reference) ** 2).sum(axis=1)).sum() / w.sum())
    assert kernels.rmsd(a, reference, weights, superposition=False) == pytest.approx(as_it_stands, rel=1e-12)


@pytest.fixture(scope="module")
def membrane():
    from MDAnalysisTests.datafiles import GRO_MEMPROT, XTC_MEMPROT

    universe = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)  # a hexagonal box
    others, protein = universe.select_atoms("not protein")[::5], universe.select_atoms("name CA")
    return others.positions, protein.positions, universe.dimensions


def test_mdanalysis_agrees_on_a_real_system(membrane):
    """To what its differences in float32 leave."""
    others, protein, box = membrane
    expected, lengths = peer.capped_distance(protein, others, 8.0, box=box)
    order = np.lexsort(expected.T[::-1])
    found, own = kernels.pairs(protein, others, cutoff=8.0, box=box)
    common = set(map(tuple, found)) & set(map(tuple, expected))
    assert len(common) > 1000 and len(found) - len(common) < 5 and len(expected) - len(common) < 5
    if len(found) == len(expected):
        np.testing.assert_allclose(own, lengths[order], atol=1e-4)
    a, b, c, d = (protein[i : i + 500] for i in range(4))
    np.testing.assert_allclose(kernels.distances(a, b, box), peer.calc_bonds(a, b, box=box), atol=1e-4)
    np.testing.assert_allclose(kernels.angles(a, b, c, box), np.degrees(peer.calc_angles(a, b, c, box=box)), atol=1e-3)
    turned = kernels.dihedrals(a, b, c, d, box) - np.degrees(peer.calc_dihedrals(a, b, c, d, box=box))
    np.testing.assert_allclose((turned + 180) % 360 - 180, 0, atol=1e-2)
    np.testing.assert_allclose(kernels.wrap(others, box), peer.apply_PBC(others, box), atol=1e-4)


def another_thread_sees_it_running(call):
    """Whether Python runs elsewhere while `call` works. With so long a switch interval a thread gives the GIL up only
    of itself, so that whoever waits wakes up before the call is over or, if it holds the GIL, never."""
    interval, seen = sys.getswitchinterval(), False
    sys.setswitchinterval(1000)
    try:
        for _ in range(30):  # a busy machine may wake up the other thread too late
            begins, over = threading.Event(), []

            def work(begins=begins, over=over):
                begins.set()
                call()
                over.append(True)

            thread = threading.Thread(target=work)
            thread.start()
            begins.wait()
            seen = not over
            thread.join()
            if seen:
                break
    finally:
        sys.setswitchinterval(interval)
    return seen


def test_other_python_threads_go_on_while_a_kernel_works():
    assert not another_thread_sees_it_running(lambda: sum(range(1_000_000))), "this one holds the GIL"
    box = np.asarray(BOXES["skewed"], np.float32).reshape(9)
    some, many, weights = atoms(9, 1500), atoms(9, 400_000), np.empty(0)
    others, wider = many[::-1].copy(), many.astype(np.float64)
    calls = {  # the engine's own functions: numpy, which gives the GIL up too, has no part in them
        "pairs": lambda: _core.kernel_pairs(many, None, 0.5, box[:0]),
        "distances": lambda: _core.kernel_distances(many, others, box),
        "distance_matrix": lambda: _core.kernel_distance_matrix(some, some, box),
        "angles": lambda: _core.kernel_angles(many, others, many, box),
        "dihedrals": lambda: _core.kernel_dihedrals(many, others, many, others, box),
        "wrap": lambda: _core.kernel_wrap(many, box),
        "rmsd": lambda: _core.kernel_rmsd(many, wider, weights, True),
        "superpose": lambda: _core.kernel_superpose(many, wider, weights),
    }
    assert {name for name, call in calls.items() if not another_thread_sees_it_running(call)} == set()


def test_float64_is_rounded_and_float32_is_read_in_place():
    a = atoms(10, 20)
    exact = wide(a) + 1e-9
    assert np.array_equal(kernels.distances(exact, exact[::-1]), kernels.distances(a, a[::-1]))
    assert kernels._positions("a", a) is a


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: kernels.distances(a, a[:3]), "b has 3 positions, a has 10"),
        (lambda a: kernels.distances(a[:, :2], a), r"a has the shape \(10, 2\): positions are \[n, 3\]"),
        (lambda a: kernels.distances(a.astype(int), a), "a is of int64"),
        (lambda a: kernels.pairs(a, cutoff=-1), "cutoff is -1"),
        (lambda a: kernels.pairs(a, cutoff=np.nan), "cutoff is nan"),
        (lambda a: kernels.pairs(np.where(a > 0, a, np.nan), cutoff=1), "a: position 0 is .*finite"),
        (lambda a: kernels.pairs(a, np.full_like(a, np.inf), cutoff=1), "b: position 0 is .*finite"),
        (lambda a: kernels.pairs(a, cutoff=1, box=[1, 1]), r"box has the shape \(2,\)"),
        (lambda a: kernels.pairs(a, cutoff=1, box=[0, 0, 0, 90, 90, 90]), "spans no volume"),
        (lambda a: kernels.pairs(a, cutoff=1, box=[9, 9, 9, 10, 20, 120]), "spans no volume"),
        (lambda a: kernels.pairs(a, cutoff=1, box=np.ones((3, 3))), "span no volume"),
        (lambda a: kernels.pairs(a, cutoff=1, box=np.full((3, 3), np.nan)), "not finite"),
        (lambda a: kernels.pairs(a * 1e30, cutoff=1, box=[9, 9, 9, 90, 90, 90]), "million boxes away"),
        (lambda a: kernels.wrap(a, None), "wrap needs a box"),
        (lambda a: kernels.rmsd(a, a[:4]), "positions has 10 atoms, reference 4"),
        (lambda a: kernels.rmsd(a[:0], a[:0]), "positions has 0 atoms"),
        (lambda a: kernels.rmsd(a, a, [1, 2]), "weights must be 10 finite numbers"),
        (lambda a: kernels.rmsd(a, a, -np.ones(10)), "weights must be 10 finite numbers"),
        (lambda a: kernels.rmsd(a, a, np.full(10, 1e308)), "weights must be 10 finite numbers"),
        (lambda a: kernels.rmsd(a, a, np.full(10, 1e-300)), "weights must be 10 finite numbers"),
        (lambda a: kernels.rmsd(a, a, "mass"), "weights takes numbers, not 'mass'"),
        (lambda a: kernels.rmsd(a, a, superposition="none"), "superposition is True or False, not 'none'"),
        (lambda a: kernels.rmsd(a, a.astype(float) * 1e200), "reference has coordinates that are not finite"),
        (lambda a: kernels.distances(np.ma.masked_less(a, 0), a), "a is a masked array"),
        (lambda a: kernels.pairs(a, cutoff="far"), "cutoff takes numbers, not 'far'"),
        (lambda a: kernels.pairs(a, cutoff=[1, 2]), "cutoff has the shape"),
        (lambda a: kernels.pairs(a, cutoff=1, box="cubic"), "box takes numbers, not 'cubic'"),
        (lambda a: kernels.superpose(a, a * np.nan), "reference has coordinates that are not finite"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(call, message):
    with pytest.raises(ArgumentError, match=message):
        call(atoms(11, 10))


def test_the_kernels_need_no_mdanalysis():
    code = "import sys, mdloom.kernels; print('MDAnalysis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
