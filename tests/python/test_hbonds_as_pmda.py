"""Hydrogen bonds as PMDA's users know them: its figures, names and selections, wherever the work is done."""

import warnings

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.lib.distances import calc_bonds
from MDAnalysisTests.datafiles import GRO, waterDCD, waterPSF

from mdloom.hbond_analysis import HydrogenBondAnalysis

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

OXYGEN = "(resname TIP3 and name OH2)"
HYDROGENS = "(resname TIP3 and name H1) or (resname TIP3 and name H2)"
SELECTIONS = {
    "guessed": {},
    "given": {"donors_sel": OXYGEN, "hydrogens_sel": HYDROGENS, "acceptors_sel": OXYGEN},
    "bonds": {"hydrogens_sel": HYDROGENS, "acceptors_sel": OXYGEN},
    "not updated": {"update_selections": False},
    "given, not updated": {
        "donors_sel": OXYGEN,
        "hydrogens_sel": HYDROGENS,
        "acceptors_sel": OXYGEN,
        "update_selections": False,
    },
}
ALL = {"run": {}, "counts": [3, 2, 4, 4, 4, 4, 3, 2, 3, 3], "figures": (2.7627309, 0.0905052, 158.9038039, 12.0362826)}
ODD = {
    "run": {"start": 1, "step": 2},
    "counts": [2, 4, 4, 2, 3],
    "figures": (2.73942464, 0.05867924, 157.07768079, 9.72636682),
}


@pytest.fixture
def u():
    """Five waters in a cube of 50 Å, 10 frames."""
    return mda.Universe(waterPSF, waterDCD)


def make(u, **arguments):
    return HydrogenBondAnalysis(u, d_h_a_angle_cutoff=120, **arguments)


def distances_in_float32(u, hbonds):
    """Of the same bonds, as MDAnalysis and PMDA compute them: coordinates subtracted in float32."""
    found = []
    for frame, donor, _, acceptor in hbonds[:, :4].astype(int):
        u.trajectory[frame]
        found.append(calc_bonds(u.atoms[donor].position, u.atoms[acceptor].position, box=u.dimensions))
    return np.array(found)


class TestFigures:
    @pytest.mark.parametrize("selections", SELECTIONS.values(), ids=SELECTIONS)
    @pytest.mark.parametrize("case", [ALL, ODD], ids=["all frames", "every second"])
    def test_rows_distances_angles(self, u, selections, case):
        hbonds = make(u, **selections).run(n_jobs=2, **case["run"]).hbonds
        assert hbonds.shape == (sum(case["counts"]), 6)
        distance, distance_std, angle, angle_std = case["figures"]
        np.testing.assert_allclose(hbonds[:, 4].mean(), distance, rtol=1e-7)
        np.testing.assert_allclose(hbonds[:, 5].mean(), angle, rtol=1e-7)
        np.testing.assert_allclose(hbonds[:, 5].std(), angle_std, rtol=1e-7)
        # Of numbers that differ by 1e-6 Å because they are not subtracted in float32, the seventh digit of their
        # spread is another one; with the same bonds in float32 it is as printed.
        np.testing.assert_allclose(hbonds[:, 4].std(), distance_std, rtol=0, atol=5e-7)
        np.testing.assert_allclose(distances_in_float32(u, hbonds).std(), distance_std, rtol=1e-7)

    @pytest.mark.parametrize("n_blocks", [1, 2, 3, 4, 8])
    def test_counts_everywhere(self, u, place, n_blocks):
        hbonds = make(u).run(n_jobs=2, n_blocks=n_blocks, **place)
        assert len(hbonds._blocks) == n_blocks
        np.testing.assert_array_equal(hbonds.count_by_time(), ALL["counts"])
        np.testing.assert_array_equal(hbonds.hbonds, make(u).run(scheduler="synchronous").hbonds)

    @pytest.mark.parametrize("n_blocks", [1, 2, 3, 4])
    def test_counts_of_every_second_frame(self, u, n_blocks):
        hbonds = make(u).run(start=1, step=2, n_jobs=2, n_blocks=n_blocks)
        np.testing.assert_array_equal(hbonds.count_by_time(), ODD["counts"])
        np.testing.assert_array_equal(hbonds.frames, [1, 3, 5, 7, 9])
        np.testing.assert_array_equal(np.unique(hbonds.hbonds[:, 0]), [1, 3, 5, 7, 9])

    @pytest.mark.parametrize("selections", SELECTIONS.values(), ids=SELECTIONS)
    def test_by_type_and_by_ids(self, u, selections):
        hbonds = make(u, **selections).run()
        np.testing.assert_array_equal(hbonds.count_by_type(), [["TIP3:OT", "TIP3:OT", "32"]])
        by_ids = hbonds.count_by_ids()
        assert by_ids.shape == (6, 4)
        np.testing.assert_allclose(by_ids[:, 3] / hbonds.n_frames, [1, 1, 0.5, 0.4, 0.2, 0.1])

    def test_times(self, u):
        hbonds = make(u).run()
        np.testing.assert_allclose(hbonds.timesteps, np.arange(0.02, 0.21, 0.02), rtol=1e-6)
        np.testing.assert_array_equal(hbonds.timesteps, hbonds.times)
        np.testing.assert_array_equal(hbonds.results.times, hbonds.times)


class TestGuesses:
    def test_of_water(self, u):
        hbonds = make(u)
        assert hbonds.guess_donors() == OXYGEN
        assert hbonds.guess_acceptors() == OXYGEN
        assert hbonds.guess_hydrogens() == HYDROGENS

    def test_without_bonds_the_distance_decides(self, u):
        plain = mda.Universe.empty(15, 5, atom_resindex=np.repeat(np.arange(5), 3), trajectory=True)
        for name in ("names", "charges", "masses"):
            plain.add_TopologyAttr(name, getattr(u.atoms, name))
        plain.add_TopologyAttr("resnames", u.residues.resnames)
        plain.atoms.positions = u.atoms.positions
        plain.dimensions = u.dimensions
        assert make(plain).guess_donors() == OXYGEN

    def test_within_a_selection_that_either_name_gives(self, u):
        hbonds = make(u)
        assert hbonds.guess_hydrogens("name H1") == hbonds.guess_hydrogens(select="name H1")
        assert hbonds.guess_hydrogens("name H1") == "(resname TIP3 and name H1)"
        assert hbonds.guess_acceptors(selection="name H1") == ""

    def test_with_other_limits(self, u):
        hbonds = make(u)
        assert hbonds.guess_hydrogens("all", 1.1, 0.5) == ""
        assert hbonds.guess_acceptors("all", -0.9) == ""
        assert hbonds.guess_donors(max_charge=1) == OXYGEN

    def test_a_massless_site_is_no_hydrogen(self, u):
        u.atoms[1].mass = 0
        u.select_atoms("name H1").masses = 0
        assert make(u).guess_hydrogens() == "(resname TIP3 and name H2)"
        assert make(u).guess_hydrogens(min_mass=-1) == HYDROGENS

    def test_may_be_edited_and_set_before_run(self, u):
        hbonds = make(u)
        hbonds.hydrogens_sel = hbonds.guess_hydrogens("index 0:5")
        hbonds.acceptors_sel = f"{hbonds.guess_acceptors()} and not index 0:2"
        hbonds.run()
        assert (hbonds.hydrogens_sel, hbonds.donors_sel) == (HYDROGENS, None)
        assert len(hbonds.hydrogens) == 10 and len(hbonds.acceptors) == 4


def test_no_bonds_are_a_value_error():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        u = mda.Universe(GRO)
    hbonds = HydrogenBondAnalysis(u, hydrogens_sel="name HW1 HW2", acceptors_sel="name OW")
    with pytest.raises(ValueError, match="holds no bonds that say whose a hydrogen is: give donors_sel"):
        hbonds.run()
    hbonds.donors_sel = "resname SOL and name OW"
    assert hbonds.run().hbonds.shape == (13102, 6)


def test_the_universe_stays(u):
    u.trajectory[4]
    u.atoms.positions += 1
    positions = u.atoms.positions.copy()
    make(u).run()
    make(u, update_selections=False, **SELECTIONS["given"]).run(n_jobs=2)
    assert u.trajectory.frame == 4
    np.testing.assert_array_equal(u.atoms.positions, positions)
