"""LeafletFinder: PMDA's leaflets and MDAnalysis' components for every way frames can come, and clear refusals."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysis.analysis.leaflet import LeafletFinder as MdaLeafletFinder
from MDAnalysisTests.datafiles import (
    DCD_TRICLINIC,
    GRO_MEMPROT,
    PSF,
    PSF_TRICLINIC,
    XTC_MEMPROT,
    Martini_membrane_gro,
)

import mdloom
from mdloom import kernels, leaflet, rms
from mdloom.errors import ArgumentError, MdloomWarning

GOLDEN = Path(__file__).parents[1] / "golden" / "leaflet_popg.csv"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def martini():
    return mda.Universe(Martini_membrane_gro)


@pytest.fixture
def u():
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture
def popg(u):
    return u.select_atoms("resname POPG and name P")


def lists(groups):
    """Atom indices, which compare and show better than groups."""
    return [[group.ix.tolist() for group in of_frame] for of_frame in groups]


def mda_components(u, group, frames=slice(None), **kwargs):
    """In order of their lowest atoms, as MDAnalysis gives them for groups in ascending order."""
    return lists([MdaLeafletFinder(u, group, **kwargs).groups() for _ in u.trajectory[frames]])


def largest_first(components):
    return [sorted(of_frame, key=lambda component: (-len(component), component[0])) for of_frame in components]


class TestAsPmda:
    @pytest.mark.parametrize("n_jobs", [-1, 1, 2])
    def test_the_martini_membrane_has_two_leaflets(self, martini, n_jobs):
        heads = martini.select_atoms("name PO4")
        found = leaflet.LeafletFinder(martini, heads).run(start=0, stop=1, n_jobs=n_jobs)
        assert lists(found.results) == [[list(range(1, 2150, 12)), list(range(2521, 4670, 12))]]

    @pytest.mark.parametrize("n_jobs", [-1, 1, 2])
    def test_two_groups_of_every_frame(self, u, popg, n_jobs):
        found = leaflet.LeafletFinder(u, popg).run(n_jobs=n_jobs)
        assert len(found.results) == 5
        assert lists(found.results) == [groups[:2] for groups in mda_components(u, popg)]
        assert [second.indices.tolist() for _, second in found.results] == [[36634]] * 5

    def test_pmda_s_name_of_the_argument(self, u, popg):
        found = leaflet.LeafletFinder(universe=u, atomgroups=popg).run(stop=1)
        assert lists(found.results) == lists(leaflet.LeafletFinder(u, popg).run(stop=1).results)

    def test_the_cutoff_is_the_fifth_argument_of_run(self, u, popg):
        found = leaflet.LeafletFinder(u, popg).run(0, 2, 1, 1, 20.0)
        assert lists(found.components) == largest_first(mda_components(u, popg, slice(2), cutoff=20.0))
        assert found.cutoff == 20

    def test_a_second_run_starts_anew(self, u, popg):
        finder = leaflet.LeafletFinder(u, popg).run()
        finder.run(start=3, cutoff=18)
        assert len(finder.results) == len(finder.components) == len(finder.labels) == 2
        assert lists(finder.components) == largest_first(mda_components(u, popg, slice(3, None), cutoff=18))
        finder.run()
        assert finder.cutoff == 15
        assert lists(finder.components) == largest_first(mda_components(u, popg))

    def test_more_jobs_than_frames_and_atoms(self, u):
        found = leaflet.LeafletFinder(u, u.select_atoms("resname POPG and name P")[:2]).run(n_jobs=8, cutoff=100)
        assert len(found.results) == 5 and len(found._blocks) == 5


class TestAsMdanalysis:
    def test_golden(self, u, popg):
        golden = np.genfromtxt(GOLDEN, delimiter=",", skip_header=3, dtype=np.int64)
        for pbc in (False, True):
            rows = golden[golden[:, 1] == pbc]
            found = leaflet.LeafletFinder(u, popg, pbc).run()
            np.testing.assert_array_equal(found.frames, rows[:, 0])
            np.testing.assert_array_equal(found.labels, rows[:, 2:])

    @pytest.mark.parametrize("pbc", [False, True])
    @pytest.mark.parametrize("cutoff", [0.0, 8.0, 12.5, 15.0, 40.0])
    @pytest.mark.filterwarnings("ignore:at a cut-off of")
    def test_the_membrane_protein_in_its_hexagonal_box(self, u, pbc, cutoff):
        heads = u.select_atoms("name P*")
        found = leaflet.LeafletFinder(u, heads, pbc).run(cutoff=cutoff)
        assert lists(found.components) == largest_first(mda_components(u, heads, cutoff=cutoff, pbc=pbc))

    @pytest.mark.parametrize("pbc", [False, True])
    @pytest.mark.parametrize("cutoff", [5.0, 9.0, 15.0])
    def test_the_martini_membrane(self, martini, pbc, cutoff):
        heads = martini.select_atoms("name PO4")
        found = leaflet.LeafletFinder(martini, heads, pbc).run(cutoff=cutoff)
        assert lists(found.components) == largest_first(mda_components(martini, heads, cutoff=cutoff, pbc=pbc))

    @pytest.mark.parametrize("pbc", [False, True])
    @pytest.mark.filterwarnings("ignore:at a cut-off of")
    def test_a_triclinic_box(self, pbc):
        u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        found = leaflet.LeafletFinder(u, u.select_atoms("name OH2"), pbc).run(cutoff=2.9)
        expected = mda_components(u, u.select_atoms("name OH2"), cutoff=2.9, pbc=pbc)
        assert lists(found.components) == largest_first(expected)


class TestResults:
    def test_labels_groups_and_components_tell_the_same(self, u, popg):
        found = leaflet.LeafletFinder(u, popg).run()
        assert found.labels.shape == (5, len(popg)) and found.labels.dtype == np.int64
        for labels, two, components in zip(found.labels, found.results, found.components, strict=True):
            assert two[0] == popg[labels == 0] and two[1] == popg[labels == 1]
            assert {group[0].ix: group for group in components} == {
                popg[labels == k][0].ix: popg[labels == k] for k in range(labels.max() + 1)
            }
            assert all(group.universe is u for group in components)
        assert found.atoms == popg

    def test_order_and_duplicates_of_the_group_do_not_matter(self, u, popg):
        shuffled = popg[np.random.default_rng(1).permutation(len(popg))] + popg[:9]
        found = leaflet.LeafletFinder(u, shuffled).run()
        expected = leaflet.LeafletFinder(u, popg).run()
        assert lists(found.components) == lists(expected.components)
        assert lists(found.results) == lists(expected.results)

    def test_a_selection_stands_for_its_atoms(self, u, popg):
        found = leaflet.LeafletFinder(u, "resname POPG and name P").run(stop=1)
        assert found.atoms == popg

    def test_one_component_gives_an_empty_group_and_one_warning(self, u, popg):
        finder = leaflet.LeafletFinder(u, popg)
        with pytest.warns(
            MdloomWarning, match="at a cut-off of 200 Å all atoms hang together in 5 of 5 frames"
        ) as seen:
            finder.run(cutoff=200)
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1
        assert seen[0].filename == __file__
        for first, second in finder.results:
            assert first == popg and len(second) == 0 and second.universe is u

    def test_the_frame_is_named_by_its_own_number(self, martini):
        u = mda.Universe.empty(2, trajectory=True)
        u.load_new(np.array([[[0, 0, 0], [9, 0, 0]], [[0, 0, 0], [5, 0, 0]]], np.float32)[[0, 0, 1, 0]])
        with pytest.warns(MdloomWarning, match="in 1 of 3 frames, first in frame 2: "):
            leaflet.LeafletFinder(u, u.atoms).run(start=1, cutoff=5)

    def test_one_atom(self, martini):
        with pytest.warns(MdloomWarning, match="all atoms hang together"):
            found = leaflet.LeafletFinder(martini, martini.atoms[[7]]).run()
        assert lists(found.results) == [[[7], []]] and lists(found.components) == [[[7]]]

    def test_no_frames(self, u, popg):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = leaflet.LeafletFinder(u, popg).run(stop=0)
        assert found.results == [] and found.components == []
        assert found.labels.shape == (0, len(popg))

    def test_partial_results_are_those_of_the_frames_done(self, u, popg):
        finder = leaflet.LeafletFinder(u, popg).run(frames=[4, 1])
        partial = finder.partial()
        np.testing.assert_array_equal(partial.frames, [4, 1])
        assert lists(partial.components) == lists(finder.components)
        assert lists(partial.results) == lists(finder.results)

    def test_results_travel(self, u, popg):
        found = leaflet.LeafletFinder(u, popg).run()
        assert lists(pickle.loads(pickle.dumps(found)).components) == lists(found.components)


class TestPlaces:
    def test_every_place_gives_the_same_leaflets(self, u, popg, place):
        expected = leaflet.LeafletFinder(u, popg, True).run(n_jobs=1)
        found = leaflet.LeafletFinder(u, popg, True).run(n_jobs=2, **place)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert lists(found.results) == lists(expected.results)

    def test_an_open_client_is_used(self, u, popg, guide_client):
        found = leaflet.LeafletFinder(u, popg).run()
        assert len(found._blocks) == 5
        assert lists(found.components) == largest_first(mda_components(u, popg))

    def test_no_frame_is_read_through_mdanalysis(self, u, popg, place, forbid_mdanalysis_frames):
        finder, expected = leaflet.LeafletFinder(u, popg), leaflet.LeafletFinder(u, popg).run().labels
        forbid_mdanalysis_frames()
        np.testing.assert_array_equal(finder.run(**place).labels, expected)

    def test_in_one_pass_with_rmsf(self, u, popg):
        finder, rmsf = leaflet.LeafletFinder(u, popg), rms.RMSF(popg)
        finder.cutoff = 12.0
        mdloom.run([finder, rmsf], n_jobs=2)
        assert lists(finder.components) == largest_first(mda_components(u, popg, cutoff=12.0))
        np.testing.assert_array_equal(rmsf.rmsf, rms.RMSF(popg).run().rmsf)

    @pytest.mark.parametrize(
        "run", [{"step": -1}, {"start": 4, "stop": 0, "step": -2}, {"frames": [3, 0, 3]}, {"n_blocks": 3}], ids=str
    )
    def test_any_choice_of_frames(self, u, popg, run):
        found = leaflet.LeafletFinder(u, popg).run(**run)
        expected = largest_first(mda_components(u, popg))
        assert lists(found.components) == [expected[frame] for frame in found.frames]


class TestHowFramesCome:
    def test_in_memory(self, u, popg):
        expected = leaflet.LeafletFinder(u, popg, True).run().labels
        u.transfer_to_memory()
        found = leaflet.LeafletFinder(u, u.atoms[popg.ix], True).run()
        assert "memory" in repr(found)
        np.testing.assert_array_equal(found.labels, expected)

    def test_several_files_are_one_trajectory(self, u, popg):
        chained = mda.Universe(GRO_MEMPROT, [XTC_MEMPROT, XTC_MEMPROT])
        found = leaflet.LeafletFinder(chained, chained.atoms[popg.ix]).run(n_jobs=2)
        expected = leaflet.LeafletFinder(u, popg).run().labels
        np.testing.assert_array_equal(found.labels, np.vstack([expected, expected]))

    @pytest.mark.parametrize("pbc", [False, True])
    def test_transformations_are_applied(self, u, popg, pbc):
        u.trajectory.add_transformations(transformations.translate([40, 30, 0]), transformations.wrap(u.atoms))
        found = leaflet.LeafletFinder(u, popg, pbc).run(n_jobs=2)
        assert lists(found.components) == largest_first(mda_components(u, popg, pbc=pbc))

    def test_whole_membranes_have_the_same_leaflets_wherever_they_are_cut(self, u, popg):
        expected = leaflet.LeafletFinder(u, popg, True).run().labels
        u.trajectory.add_transformations(transformations.translate([40, 30, 77]), transformations.wrap(u.atoms))
        np.testing.assert_array_equal(leaflet.LeafletFinder(u, popg, True).run().labels, expected)

    def test_the_universe_stays_where_it_is(self, u, popg):
        u.trajectory[3]
        leaflet.LeafletFinder(u, popg).run()
        assert u.trajectory.frame == 3


BOXES = {
    "none": None,
    "cube": [30, 30, 30, 90, 90, 90],
    "flat": [60, 45, 8, 90, 90, 90],
    "triclinic": [35, 30, 40, 70, 65, 80],
    "hexagonal": [40, 40, 25, 90, 90, 120],
    "huge": [9000, 8000, 7000, 80, 90, 100],
    "tiny": [3, 4, 2.5, 90, 90, 90],
}


def plain_components(positions, cutoff, images):
    """Everything in double: each pair at the least distance of all images."""
    shifts = positions[None, :, None, :] + images[None, None, :, :] - positions[:, None, None, :]
    near = (np.sqrt((shifts**2).sum(axis=-1)).min(axis=-1) <= cutoff) | np.eye(len(positions), dtype=bool)
    while True:
        spread = near @ near
        if (spread == near).all():
            break
        near = spread
    return np.unique(near.argmax(axis=1), return_inverse=True)[1].reshape(-1)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_random_atoms_in_any_box_at_any_cutoff(data):
    name = data.draw(st.sampled_from(sorted(BOXES)))
    n_atoms = data.draw(st.integers(1, 130 if name != "none" else 200))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    lengths = np.array(BOXES[name][:3] if BOXES[name] else [30, 30, 30])
    at = (rng.uniform(-0.5, 1.5, (n_atoms, 3)) * lengths).astype(np.float32)
    at[rng.random(n_atoms) < 0.1] = at[0]  # duplicates
    at[rng.random(n_atoms) < 0.1, 0] = 0  # on an edge
    u = mda.Universe.empty(n_atoms, trajectory=True)
    u.load_new(at[None], dimensions=None if BOXES[name] is None else np.array([BOXES[name]], np.float32))
    pbc = name != "none" and data.draw(st.booleans())
    images = np.zeros((1, 3))
    if pbc:
        counts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3), axis=-1).reshape(-1, 3)
        images = counts @ u.trajectory.ts.triclinic_dimensions.astype(float)
    spacing = (np.prod(lengths) / n_atoms) ** (1 / 3)
    cutoff = spacing * data.draw(st.sampled_from([0.0, 0.4, 0.7, 1.0, 2.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MdloomWarning)
        found = leaflet.LeafletFinder(u, u.atoms, pbc).run(n_jobs=1, cutoff=cutoff)
    np.testing.assert_array_equal(found.labels[0], plain_components(at.astype(float), cutoff, images))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), which=st.integers(0, 400))
def test_a_cutoff_that_is_exactly_a_distance_joins(seed, which):
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 40, (150, 3)).astype(np.float32)
    pairs, distances = kernels.pairs(at, cutoff=9.0)
    if not len(pairs):
        return
    cutoff = float(distances[which % len(pairs)])
    u = mda.Universe.empty(150, trajectory=True)
    u.load_new(at[None])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MdloomWarning)
        labels = leaflet.LeafletFinder(u, u.atoms).run(n_jobs=1, cutoff=cutoff).labels[0]
    first, second = pairs[which % len(pairs)]
    assert labels[first] == labels[second]


class TestRefusals:
    @pytest.mark.parametrize("cutoff", [-1, np.nan, np.inf, "15", None, [15], True])
    def test_impossible_cutoffs(self, u, popg, cutoff):
        finder = leaflet.LeafletFinder(u, popg)
        with pytest.raises(ArgumentError, match=r"cutoff is .*: a distance in Å is needed, finite and not negative"):
            finder.run(cutoff=cutoff)
        finder.cutoff = cutoff
        with pytest.raises(ArgumentError, match="cutoff is"):
            mdloom.run([finder])

    def test_frames_without_a_box_with_pbc(self):
        u = mda.Universe.empty(2, trajectory=True)
        u.load_new(np.zeros((3, 2, 3), np.float32))
        with pytest.raises(ArgumentError, match=r"frame 0: there is no box, and pbc=True needs one: leave pbc out"):
            leaflet.LeafletFinder(u, u.atoms, pbc=True).run()

    def test_a_cutoff_in_the_place_of_pbc(self, u, popg):
        with pytest.raises(ArgumentError, match=r"pbc is True or False, not 15.0; the cut-off is given to run"):
            leaflet.LeafletFinder(u, popg, 15.0)

    def test_groups_of_another_universe(self, u):
        other = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
        with pytest.raises(ArgumentError, match="atomgroup is of another Universe"):
            leaflet.LeafletFinder(u, other.select_atoms("name P"))

    def test_an_empty_group(self, u):
        with pytest.raises(ArgumentError, match="atomgroup holds no atom"):
            leaflet.LeafletFinder(u, u.atoms[[]])

    def test_a_selection_that_matches_nothing(self, u):
        with pytest.raises(ArgumentError, match='selection "name XYZ" matches no atom'):
            leaflet.LeafletFinder(u, "name XYZ")

    def test_an_updating_group(self, u):
        with pytest.raises(ArgumentError, match="atomgroup is an updating group"):
            leaflet.LeafletFinder(u, u.select_atoms("name P and prop z > 50", updating=True))

    def test_no_group_and_two_groups(self, u, popg):
        for groups in ({}, {"atomgroup": popg, "atomgroups": popg}):
            with pytest.raises(ArgumentError, match="takes one group"):
                leaflet.LeafletFinder(u, **groups)

    @pytest.mark.parametrize("wrong", [[1, 2], 7])
    def test_what_is_no_group(self, u, wrong):
        with pytest.raises(ArgumentError, match="atomgroup takes an AtomGroup or a Universe, not"):
            leaflet.LeafletFinder(u, wrong)

    def test_what_is_no_universe(self, popg):
        with pytest.raises(ArgumentError, match="universe takes a Universe, not"):
            leaflet.LeafletFinder("popg.gro", popg)

    @pytest.mark.filterwarnings("ignore:No coordinate reader found")
    def test_a_universe_without_a_trajectory(self):
        u = mda.Universe(PSF)
        with pytest.raises(ArgumentError, match=r"adk\.psf holds a topology only"):
            leaflet.LeafletFinder(u, u.atoms[:5])
