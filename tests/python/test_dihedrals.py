"""Dihedral angles: MDAnalysis' numbers for every way frames can come, and clear refusals."""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysis.analysis import dihedrals as mda_dihedrals
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, GRO_MEMPROT, PSF, XTC, XTC_MEMPROT

import mdloom
from mdloom import rms
from mdloom.dihedrals import Dihedral, Ramachandran
from mdloom.errors import ArgumentError, MdloomWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*residue"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "ramachandran_adk_dims.csv"


def phis(u):
    return [residue.phi_selection() for residue in u.select_atoms("protein").residues[1:40]]


def assert_same(found, expected, atol=1e-5):
    """The same angle, also where one is near 180 and the other near -180."""
    assert found.shape == expected.shape
    np.testing.assert_allclose((found - expected + 180) % 360, 180, rtol=0, atol=atol)


class TestNumbers:
    def test_golden(self, u):
        golden = np.genfromtxt(GOLDEN, delimiter=",", skip_header=3)
        found = Ramachandran(u.select_atoms("protein")).run(step=49)
        np.testing.assert_array_equal(found.residues.atoms.select_atoms("name CA").ix, golden[:, 0])
        assert_same(found.angles.swapaxes(0, 1).reshape(-1, 4), golden[:, 1:])

    @pytest.mark.parametrize("run", [{}, {"step": -1}, {"start": 90, "stop": 3, "step": -7}, {"frames": [5, 3, 3]}])
    def test_dihedrals_are_mdanalysis_numbers(self, u, run):
        found = Dihedral(phis(u)).run(**run)
        assert_same(found.results.angles, mda_dihedrals.Dihedral(phis(u)).run(**run).results.angles)

    @pytest.mark.parametrize(
        "topology, trajectory, atol",
        [(PSF, DCD, 1e-5), (GRO, XTC, 2e-3), (GRO_MEMPROT, XTC_MEMPROT, 2e-3)],
        ids=["AdK", "AdK in water", "membrane protein of two chains"],
    )
    def test_ramachandran_is_mdanalysis_numbers(self, topology, trajectory, atol):
        protein = mda.Universe(topology, trajectory).select_atoms("protein")
        found, expected = Ramachandran(protein).run(), mda_dihedrals.Ramachandran(protein).run()
        chains = [getattr(expected, f"ag{i}").ix for i in range(1, 6)]
        np.testing.assert_array_equal(found._chains, np.transpose(chains))
        assert_same(found.results.angles, expected.results.angles, atol)

    def test_names_of_ones_own_need_no_protein(self, u):
        expected = Ramachandran(u.select_atoms("protein")).run(stop=3).angles
        u.atoms.names = [{"CA": "X", "C": "Y", "N": "Z"}.get(name, name) for name in u.atoms.names]
        u.residues.resnames = ["UNK"] * len(u.residues)
        found = Ramachandran(u, c_name="Y", n_name="Z", ca_name="X", check_protein=False).run(stop=3)
        np.testing.assert_array_equal(found.angles, expected)

    @settings(deadline=None, max_examples=60)
    @given(seed=st.integers(0, 2**32), box=st.sampled_from(["none", "cube", "tilted"]))
    def test_random_atoms_give_what_double_precision_gives(self, seed, box):
        rng = np.random.default_rng(seed)
        cells = {"none": None, "cube": [9, 9, 9, 90, 90, 90], "tilted": [9, 10, 11, 70, 80, 75]}
        inside = np.cumsum(rng.normal(0, 1, (3, 4, 3)), axis=1)
        positions, cell = inside.copy(), cells[box]
        if cell is not None:  # whole boxes away, each on its own
            positions += rng.integers(-2, 3, positions.shape) @ mda.lib.mdamath.triclinic_vectors(cell)
        u = mda.Universe.empty(4, trajectory=True)
        u.load_new(positions.astype(np.float32), dimensions=cell)
        a, b, c = np.diff(inside, axis=1).swapaxes(0, 1)
        if np.linalg.norm([a, b, c], axis=2).max() > 3.5:
            return  # the nearest image is another one
        first, second = np.cross(a, b), np.cross(b, c)
        sine = np.linalg.norm(b, axis=1) * (a * second).sum(axis=1)
        expected = np.degrees(np.arctan2(sine, (first * second).sum(axis=1)))
        flat = min(np.linalg.norm(first, axis=1).min(), np.linalg.norm(second, axis=1).min())
        assert_same(Dihedral([u.atoms]).run().angles[:, 0], expected, atol=1e-3 / min(1, flat))


class TestHowFramesCome:
    def test_every_place_gives_the_same_bits(self, u, place):
        expected = Dihedral(phis(u)).run(n_jobs=1).angles
        np.testing.assert_array_equal(Dihedral(phis(u)).run(n_jobs=2, n_blocks=7, **place).angles, expected)

    def test_an_open_client_is_used(self, u, guide_client):
        found = Ramachandran(u.select_atoms("protein")).run()
        assert len(found._blocks) == 8
        np.testing.assert_array_equal(found.angles, Ramachandran(u.select_atoms("protein")).run(n_jobs=1).angles)

    def test_no_frame_is_read_through_mdanalysis_and_passes_are_shared(self, u, forbid_mdanalysis_frames):
        expected = Dihedral(phis(u)).run().angles
        analyses = [Dihedral(phis(u)), rms.RMSD(u, select="name CA")]
        forbid_mdanalysis_frames()
        mdloom.run(analyses)
        np.testing.assert_array_equal(analyses[0].angles, expected)
        np.testing.assert_array_equal(analyses[0].partial().angles, expected)

    def test_in_memory_several_files_and_transformations(self, u):
        expected = Dihedral(phis(u)).run().angles
        np.testing.assert_array_equal(Dihedral(phis(mda.Universe(PSF, DCD, in_memory=True))).run().angles, expected)
        several = mda.Universe(PSF, [DCD, DCD2])
        assert_same(Dihedral(phis(several)).run().angles, mda_dihedrals.Dihedral(phis(several)).run().results.angles)
        u.trajectory.add_transformations(transformations.translate([100, -50, 3]))
        assert_same(Dihedral(phis(u)).run().angles, expected, atol=2e-3)

    def test_no_frames_give_no_rows(self, u):
        assert Dihedral(phis(u)).run(stop=0).angles.shape == (0, 39)
        assert Ramachandran(u.select_atoms("protein")).run(stop=0).angles.shape == (0, 212, 2)


class TestRefusals:
    @pytest.mark.parametrize(
        "groups, message",
        [
            (lambda u: [], "holds no group"),
            (lambda u: [u.atoms[:4], u.atoms[:3]], r"atomgroups\[1\] has 3 atoms: a dihedral angle needs four"),
            (lambda u: u.atoms[:4], "takes a list of AtomGroups"),
            (lambda u: [u.atoms[:4], mda.Universe(PSF, DCD).atoms[:4]], "belongs to another universe"),
            (lambda u: [u.select_atoms("index 0:3", updating=True)], "updating group"),
        ],
    )
    def test_groups_that_do_not_fit(self, u, groups, message):
        with pytest.raises(ArgumentError, match=message):
            Dihedral(groups(u))

    def test_residues_outside_of_the_protein_or_without_a_backbone(self):
        water = mda.Universe(GRO, XTC)
        with pytest.raises(ArgumentError, match=r"residues are not protein, first SOL .*check_protein=False"):
            Ramachandran(water.select_atoms("resname SOL"))
        with pytest.raises(ArgumentError, match=r"none of the \d+ residues has phi and psi"):
            Ramachandran(water.select_atoms("resname SOL"), check_protein=False)

    def test_residues_that_are_left_out_are_told(self, u):
        with pytest.warns(MdloomWarning, match="first and last residue of the protein have no phi or psi"):
            assert len(Ramachandran(u.select_atoms("protein")).residues) == 212
