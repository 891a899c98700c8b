"""Hydrogen bonds: MDAnalysis' rows in real systems, however frames come, selections that change, clear refusals."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    GRO_MEMPROT,
    PSF,
    PSF_TRICLINIC,
    TPR,
    XTC,
    XTC_MEMPROT,
    waterDCD,
    waterPSF,
)

import mdloom
from hbond_systems import BACKBONE, WATER, assert_same_bonds, rows_of_mdanalysis
from mdloom import rms
from mdloom.errors import ArgumentError, StateError, TopologyError
from mdloom.hbond_analysis import HydrogenBondAnalysis

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:Reader has no dt information", "ignore:Failed to guess"
)

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name):
    return np.loadtxt(GOLDEN / f"hbonds_{name}.csv", delimiter=",")


@pytest.fixture
def water():
    return mda.Universe(waterPSF, waterDCD)


@pytest.fixture(scope="module")
def membrane():
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture(scope="module")
def gro():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mda.Universe(GRO)


@pytest.fixture(scope="module")
def solvated():
    """47,681 atoms with bonds and charges, a triclinic box, 10 frames."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mda.Universe(TPR, XTC)


class TestAsMdanalysis:
    def test_golden(self, water, membrane):
        found = HydrogenBondAnalysis(water, d_h_a_angle_cutoff=120).run().hbonds
        np.testing.assert_array_equal(found[:, :4], golden("water")[:, :4])
        assert_same_bonds(found, golden("water"), angle_cutoff=120)
        found = HydrogenBondAnalysis(membrane, **BACKBONE, d_a_cutoff=3.2).run().hbonds
        np.testing.assert_array_equal(found[:, :4], golden("membrane")[:, :4])
        assert_same_bonds(found, golden("membrane"), d_a_cutoff=3.2)

    @pytest.mark.parametrize("update_selections", [True, False])
    def test_water_of_gro_has_13102_bonds(self, gro, update_selections):
        found = HydrogenBondAnalysis(gro, **WATER, update_selections=update_selections).run().hbonds
        assert found.shape == (13102, 6)
        assert_same_bonds(found, rows_of_mdanalysis(gro, **WATER, update_selections=update_selections))

    def test_water_in_a_triclinic_box(self, solvated):
        found = HydrogenBondAnalysis(solvated, **WATER).run(stop=3).hbonds
        assert len(found) > 39000
        assert_same_bonds(found, rows_of_mdanalysis(solvated, {"stop": 3}, **WATER), n_at_edge=2)

    def test_a_protein_without_a_box_by_guesses_and_bonds(self):
        u = mda.Universe(PSF, DCD)
        found = HydrogenBondAnalysis(u, d_a_cutoff=3.5, d_h_a_angle_cutoff=120).run(step=20)
        expected = rows_of_mdanalysis(u, {"step": 20}, d_a_cutoff=3.5, d_h_a_angle_cutoff=120)
        assert len(expected) > 1000
        assert_same_bonds(found.hbonds, expected, 3.5, 120)

    def test_a_small_triclinic_box(self):
        u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        assert_same_bonds(HydrogenBondAnalysis(u).run().hbonds, rows_of_mdanalysis(u))
        wide = {"d_a_cutoff": 3.8, "d_h_a_angle_cutoff": 100}  # more is too much for MDAnalysis
        assert_same_bonds(HydrogenBondAnalysis(u, **wide).run().hbonds, rows_of_mdanalysis(u, **wide), 3.8, 100, 2)

    @pytest.mark.parametrize(
        "between",
        [["protein", "resname SOL"], [["protein", "protein"], ["resname SOL", "protein and resname ARG"]]],
        ids=["a pair", "two pairs"],
    )
    def test_between(self, solvated, between):
        near = {
            "hydrogens_sel": "(protein and name H*) or (name HW* and around 4 protein)",
            "acceptors_sel": "(protein or (resname SOL and around 4 protein)) and name O*",
        }
        found = HydrogenBondAnalysis(solvated, **near, between=between).run(stop=2).hbonds
        expected = rows_of_mdanalysis(solvated, {"stop": 2}, **near, between=between)
        assert len(expected) > 100
        assert_same_bonds(found, expected)

    @pytest.mark.parametrize(
        "run", [{"step": -1}, {"start": 8, "stop": 1, "step": -3}, {"frames": [5, 3, 9]}, {"start": -4}], ids=str
    )
    def test_frames(self, water, run):
        found = HydrogenBondAnalysis(water, d_h_a_angle_cutoff=120).run(**run)
        assert_same_bonds(found.hbonds, rows_of_mdanalysis(water, run, d_h_a_angle_cutoff=120), angle_cutoff=120)
        order = list(dict.fromkeys(found.hbonds[:, 0]))
        assert order == [frame for frame in found.frames if frame in order]
        np.testing.assert_array_equal(found.count_by_time(), [(golden("water")[:, 0] == f).sum() for f in found.frames])

    def test_frames_that_are_given_twice_are_counted_twice(self, water):
        found = HydrogenBondAnalysis(water, d_h_a_angle_cutoff=120).run(frames=[5, 3, 3])
        np.testing.assert_array_equal(found.count_by_time(), [4, 4, 4])
        np.testing.assert_array_equal(found.hbonds[:, 0], np.repeat([5, 3, 3], 4))
        np.testing.assert_allclose(found.times, [0.12, 0.08, 0.08], rtol=1e-6)

    def test_counts(self, water):
        from MDAnalysis.analysis.hydrogenbonds.hbond_analysis import HydrogenBondAnalysis as Theirs

        found = HydrogenBondAnalysis(water, d_h_a_angle_cutoff=120).run()
        theirs = Theirs(water, d_h_a_angle_cutoff=120).run()
        np.testing.assert_array_equal(found.count_by_type(), theirs.count_by_type())
        np.testing.assert_array_equal(found.count_by_time(), theirs.count_by_time())
        rows = theirs.count_by_ids()
        np.testing.assert_array_equal(found.count_by_ids(), rows[np.lexsort((*rows[:, 2::-1].T, -rows[:, 3]))])


CHANGING = {
    "hydrogens and acceptors, by bonds": {
        "hydrogens_sel": "name HW* and around 4 protein",
        "acceptors_sel": "name OW and around 4 protein",
    },
    "donors, by distance": {
        "donors_sel": "name OW and around 4 protein",
        "hydrogens_sel": "name HW*",
        "acceptors_sel": "protein and name O*",
    },
    "by coordinates": {
        "donors_sel": "name OW",
        "hydrogens_sel": "name HW* and prop z < 20",
        "acceptors_sel": "name OW and prop z < 25",
    },
}


class TestSelectionsThatChange:
    @pytest.mark.parametrize("selections", CHANGING.values(), ids=CHANGING)
    def test_are_made_in_every_frame(self, solvated, selections):
        found = HydrogenBondAnalysis(solvated, **selections).run(step=4).hbonds
        expected = rows_of_mdanalysis(solvated, {"step": 4}, **selections)
        assert len(expected) > 100
        assert_same_bonds(found, expected, n_at_edge=1)

    def test_are_the_same_everywhere(self, water, place):
        selections = {"hydrogens_sel": "name H1 H2 and around 5 index 0", "acceptors_sel": "name OH2 and prop x > 18.5"}
        found = HydrogenBondAnalysis(water, **selections).run(n_jobs=2, **place).hbonds
        assert 0 < len(found) < 27
        assert_same_bonds(found, rows_of_mdanalysis(water, **selections))

    def test_stay_as_they_are_in_the_current_frame_without_updates(self, water):
        water.trajectory[3]
        selections = {"hydrogens_sel": "name H1 H2", "acceptors_sel": "name OH2 and prop x > 18.5"}
        found = HydrogenBondAnalysis(water, **selections, update_selections=False).run()
        np.testing.assert_array_equal(found.acceptors.ix, water.select_atoms("name OH2 and prop x > 18.5").ix)
        assert_same_bonds(found.hbonds, rows_of_mdanalysis(water, **selections, update_selections=False))

    def test_may_be_empty_in_some_frames_or_all(self, water):
        found = HydrogenBondAnalysis(water, acceptors_sel="name OH2 and prop x > 1000").run()
        assert found.hbonds.shape == (0, 6)
        np.testing.assert_array_equal(found.count_by_time(), np.zeros(10))

    def test_hydrogens_without_a_bond_end_the_run(self, solvated):
        hbonds = HydrogenBondAnalysis(solvated, hydrogens_sel="name NA and prop x > -1000", acceptors_sel="name OW")
        text = r"frame 0: atom \d+ was selected, but has no bond that says whose hydrogen it is: .* or give donors_sel"
        with pytest.raises(ArgumentError, match=text):
            hbonds.run(n_jobs=1)


class TestHowFramesCome:
    def test_in_memory_or_through_mdanalysis_or_natively(self, water):
        expected = HydrogenBondAnalysis(water).run().hbonds
        in_memory = mda.Universe(waterPSF, waterDCD, in_memory=True)
        np.testing.assert_array_equal(HydrogenBondAnalysis(in_memory).run().hbonds, expected)
        water.trajectory.add_transformations(lambda ts: ts)
        np.testing.assert_array_equal(HydrogenBondAnalysis(water).run().hbonds, expected)

    def test_several_files_are_one_trajectory(self):
        u = mda.Universe(PSF, [DCD, DCD2])
        found = HydrogenBondAnalysis(u).run(step=50).hbonds
        assert_same_bonds(found, rows_of_mdanalysis(u, {"step": 50}))

    def test_transformations_are_applied(self, water):
        expected = HydrogenBondAnalysis(water).run()
        water.trajectory.add_transformations(transformations.translate([30, 40, 10]), transformations.wrap(water.atoms))
        found = HydrogenBondAnalysis(water).run()
        np.testing.assert_array_equal(found.hbonds[:, :4], expected.hbonds[:, :4])
        np.testing.assert_allclose(found.hbonds[:, 4:], expected.hbonds[:, 4:], rtol=0, atol=1e-3)

    def test_without_a_box_nothing_crosses_its_faces(self, water):
        with_box = HydrogenBondAnalysis(water).run().hbonds
        together = mda.Universe(waterPSF, waterDCD)  # the waters stand on both sides of a face
        together.trajectory.add_transformations(
            transformations.translate([0, 10, 0]),
            transformations.wrap(together.atoms),
            transformations.boxdimensions.set_dimensions([0] * 6),
        )
        assert_same_bonds(HydrogenBondAnalysis(together).run().hbonds, with_box)
        water.trajectory.add_transformations(transformations.boxdimensions.set_dimensions([0] * 6))
        split = HydrogenBondAnalysis(water).run().hbonds
        assert len(split) == 20 < len(with_box) == 27
        assert set(map(tuple, split[:, :4])) < set(map(tuple, with_box[:, :4]))

    def test_are_read_natively(self, water, forbid_mdanalysis_frames):
        hbonds = HydrogenBondAnalysis(water)
        expected = rows_of_mdanalysis(water)
        forbid_mdanalysis_frames()
        assert_same_bonds(hbonds.run(n_jobs=2).hbonds, expected)

    def test_a_plain_run_uses_the_client_at_hand(self, water, guide_client):
        found = HydrogenBondAnalysis(water).run()
        assert len(found._blocks) == 8 and "Dask cluster" in repr(found)
        np.testing.assert_array_equal(found.hbonds, HydrogenBondAnalysis(water).run(scheduler="synchronous").hbonds)

    def test_in_one_pass_with_others(self, water):
        both = [HydrogenBondAnalysis(water), rms.RMSD(water)]
        mdloom.run(both)
        np.testing.assert_array_equal(both[0].hbonds, HydrogenBondAnalysis(water).run().hbonds)
        np.testing.assert_array_equal(both[1].rmsd, rms.RMSD(water).run().rmsd)


class TestResults:
    def test_of_no_frames_have_their_shapes(self, water):
        found = HydrogenBondAnalysis(water).run(stop=0)
        assert (found.hbonds.shape, found.times.shape) == ((0, 6), (0,))
        assert found.count_by_time().shape == (0,) and found.count_by_time().dtype == np.int64
        assert found.count_by_type().shape == (0, 3)
        assert found.count_by_ids().shape == (0, 4)

    def test_travel_and_can_be_had_in_part(self, water):
        found = HydrogenBondAnalysis(water).run()
        again = pickle.loads(pickle.dumps(found))
        np.testing.assert_array_equal(again.results.hbonds, found.hbonds)
        np.testing.assert_array_equal(found.partial().hbonds, found.hbonds)

    def test_use_up_what_a_run_gathered_and_stay_when_it_is_asked_for_again(self, water):
        found = HydrogenBondAnalysis(water).run()
        assert found.partial().hbonds is found.partial().hbonds is found.hbonds
        with pytest.raises(StateError, match="used up for the results"):
            found._run.knowledge  # noqa: B018

    def test_say_what_was_searched(self, water):
        found = HydrogenBondAnalysis(water)
        with pytest.raises(AttributeError, match=r"call run\(\) first"):
            _ = found.donors
        found.run(n_jobs=1)
        assert [len(group) for group in (found.donors, found.hydrogens, found.acceptors)] == [5, 10, 5]
        assert repr(found).startswith("<HydrogenBondAnalysis 10 frames, 5 donors, 10 hydrogens, 5 acceptors, 1 blocks")

    def test_donors_are_the_heaviest_that_a_hydrogen_is_bonded_to(self, water):
        # rigid water has a bond between its hydrogens; with the oxygen last, the first partner is a hydrogen
        order = np.arange(15).reshape(5, 3)[:, [1, 2, 0]].reshape(-1)
        mirrored = mda.Merge(water.atoms[order])
        mirrored.dimensions = water.dimensions
        assert len(mirrored.bonds) == 15
        found = HydrogenBondAnalysis(mirrored).run()
        assert set(found.donors.names) == {"OH2"}
        expected = HydrogenBondAnalysis(water).run(stop=1).hbonds
        np.testing.assert_array_equal(np.sort(order[found.hbonds[:, 3].astype(int)]), np.sort(expected[:, 3]))


class TestRefusals:
    @pytest.mark.parametrize(
        "arguments, message",
        [
            ({"donors_sel": 3}, "donors_sel takes a selection"),
            ({"hydrogens_sel": " "}, "hydrogens_sel is empty: name atoms, or leave it out"),
            (
                {"acceptors_sel": "name OW"},
                'selection "name OW" matches no atom; most frequent residue names here: TIP3',
            ),
            ({"acceptors_sel": "nam OH2"}, 'unknown keyword "nam" at column 1; did you mean "name"'),
            ({"hydrogens_sel": "name H1 and arond 3 name H2"}, "arond"),
            ({"d_a_cutoff": 1}, "d_a_cutoff is 1: a distance in Å is needed, finite and above 1 Å"),
            ({"d_a_cutoff": np.inf}, "d_a_cutoff is inf"),
            ({"d_h_cutoff": -1}, "d_h_cutoff is -1: a distance in Å"),
            ({"d_h_cutoff": ["protein", "SOL"]}, "between is given by name"),
            ({"d_h_a_angle_cutoff": 180}, "d_h_a_angle_cutoff is 180: an angle in degrees"),
            ({"d_h_a_angle_cutoff": np.nan}, "d_h_a_angle_cutoff is nan"),
            ({"between": "protein"}, "between takes two selections"),
            ({"between": []}, "between takes two selections"),
            ({"between": [["name OH2"]]}, "between takes two selections"),
            ({"between": ["name OH2", "name X"]}, 'selection "name X" matches no atom'),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_of_arguments(self, water, arguments, message):
        with pytest.raises(ArgumentError, match=message):
            HydrogenBondAnalysis(water, **arguments)

    def test_what_is_no_universe(self, water):
        with pytest.raises(ArgumentError, match="takes a Universe, not AtomGroup: name the atoms in the selections"):
            HydrogenBondAnalysis(water.atoms)
        with pytest.raises(ArgumentError, match="holds a topology only"):
            HydrogenBondAnalysis(mda.Universe(waterPSF))

    def test_what_the_topology_lacks_is_named_with_remedies(self, gro):
        with pytest.raises(TopologyError) as refusal:
            HydrogenBondAnalysis(gro, donors_sel="name OW").run()
        assert "hydrogens cannot be guessed: adk_oplsaa.gro holds no charges; give hydrogens_sel" in str(refusal.value)
        with pytest.raises(
            TopologyError, match=r"acceptors cannot be guessed.*u.add_TopologyAttr\('charges', values\)"
        ):
            HydrogenBondAnalysis(gro, donors_sel="name OW", hydrogens_sel="name HW1").run()
        massless = mda.Universe.empty(3, trajectory=True)
        with pytest.raises(TopologyError, match="holds no masses"):
            HydrogenBondAnalysis(massless).guess_hydrogens()

    def test_hydrogens_without_a_bond_are_named(self, solvated):
        hbonds = HydrogenBondAnalysis(solvated, hydrogens_sel="name HW1 NA", acceptors_sel="name OW")
        with pytest.raises(TopologyError, match=r"4 of 11088 hydrogens have no bond, first atom \d+ NA"):
            hbonds.run(stop=1)

    def test_guesses_that_find_nothing(self, water):
        water.atoms.charges = 0
        with pytest.raises(ArgumentError, match="hydrogens_sel was not given, and none were guessed"):
            HydrogenBondAnalysis(water).run()

    def test_donors_far_from_all_hydrogens(self, water):
        hbonds = HydrogenBondAnalysis(water, "name OH2", "name H1", d_h_cutoff=0.1, update_selections=False)
        with pytest.raises(ArgumentError, match=r"no hydrogen is within d_h_cutoff, 0.1 Å, of a donor in the current"):
            hbonds.run()

    def test_more_blocks_than_frames(self, water):
        with pytest.raises(ValueError, match="n_blocks"):
            HydrogenBondAnalysis(water).run(stop=2, n_blocks=4)
