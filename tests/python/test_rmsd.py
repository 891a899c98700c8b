"""RMSD: PMDA's and MDAnalysis' numbers, the same bits for any cut, and clear refusals."""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import align
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, TPR, XTC

from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning, TopologyError
from rmsd_checks import assert_same_rmsd, mda_rmsd

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOLDEN = Path(__file__).parents[1] / "golden" / "rmsd_adk_dims.csv"


class TestAsPmda:
    @pytest.fixture
    def rmsd(self, u):
        return rms.RMSD(u.select_atoms("name CA"), u.select_atoms("name CA"))

    @pytest.mark.parametrize("n_blocks", [1, 2, 3])
    def test_shape(self, rmsd, n_blocks):
        assert rmsd.run(n_jobs=2, n_blocks=n_blocks).rmsd.shape == (98, 3)

    @pytest.mark.parametrize("n_blocks", [1, 2])
    def test_step(self, rmsd, n_blocks):
        rmsd.run(step=49, n_jobs=2, n_blocks=n_blocks)
        np.testing.assert_almost_equal(rmsd.rmsd, [[0, 1.0, 0], [49, 50.0, 4.68953]], 4)

    def test_single_frame(self, rmsd):
        np.testing.assert_almost_equal(rmsd.run(start=5, stop=6).rmsd, [[5, 6.0, 0.91544906]], 4)

    def test_without_superposition_by_position(self, u):
        group = u.select_atoms("name CA")
        found = rms.RMSD(group, group, False).run().rmsd
        start = group.positions.copy()
        expected = [mda_rms.rmsd(group.positions, start) for _ in u.trajectory]
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)

    def test_no_frames(self, rmsd):
        assert rmsd.run(stop=0).rmsd.shape == (0, 3)


class TestAsMdanalysis:
    def test_golden(self, u, ref):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=3)
        plain = rms.RMSD(u, ref, select="name CA").run().rmsd
        moved = (
            rms.RMSD(u, ref, select="name CA", weights="mass", groupselections=["protein", "resid 1-29 and backbone"])
            .run()
            .rmsd
        )
        assert_same_rmsd(plain, np.column_stack([golden[name] for name in ("frame", "time", "ca")]))
        columns = ("frame", "time", "ca_mass", "protein", "start")
        assert_same_rmsd(moved, np.column_stack([golden[name] for name in columns]))

    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"select": "backbone"},
            {"select": "name CA", "weights": "mass"},
            {"select": "name CA", "weights": np.linspace(0.5, 3, 214)},
            {"select": ("name CA", "name CA")},
            {"select": {"mobile": "backbone and resid 5-9", "reference": "backbone and resid 5-9"}},
            {"select": (["resid 7", "resid 5"], ["resid 7", "resid 5"])},
            {"select": "name CA", "groupselections": ["resid 1-29", ("resid 2", "resid 2")]},
            {"select": "name CA", "groupselections": ["resid 1-29", "protein"], "weights": "mass"},
            {
                "select": "name CA",
                "groupselections": ["backbone", "protein"],
                "weights": np.linspace(1, 2, 214),
                "weights_groupselections": ["mass", None],
            },
            {
                "select": "name CA",
                "groupselections": ["name CA", "name CB"],
                "weights_groupselections": [np.linspace(1, 2, 214), None],
            },
            {"select": "name CA", "groupselections": ["name CA"], "weights": np.linspace(1, 2, 214)},
            {"select": "name CA", "ref_frame": 40, "groupselections": ["backbone"]},
        ],
        ids=lambda kwargs: ", ".join(kwargs) or "all atoms",
    )
    def test_arguments(self, u, ref, kwargs):
        assert_same_rmsd(rms.RMSD(u, ref, **kwargs).run().rmsd, mda_rmsd(u, ref, **kwargs))

    @pytest.mark.parametrize(
        "run",
        [
            {"step": -1},
            {"start": 90, "stop": 3, "step": -7},
            {"start": -10},
            {"start": 10, "stop": 50, "step": 13},
            {"frames": [5, 3, 3, 97]},
        ],
        ids=str,
    )
    def test_frames(self, u, ref, run):
        groups = u.select_atoms("name CA"), ref.select_atoms("name CA")
        assert_same_rmsd(rms.RMSD(*groups).run(**run).rmsd, mda_rmsd(*groups, run=run))

    def test_another_reference(self, u):
        crystal = mda.Universe(PSF, DCD2)
        crystal.trajectory[30]
        found = rms.RMSD(u, crystal, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, crystal, select="name CA", ref_frame=30))

    def test_the_current_frame_is_the_reference(self, u, ref):
        u.trajectory[20]
        found = rms.RMSD(u.select_atoms("name CA")).run().rmsd
        assert_same_rmsd(found, mda_rmsd(ref, select="name CA", ref_frame=20))

    def test_edited_reference_positions_count(self, u, ref):
        group = ref.select_atoms("name CA")
        group.positions *= 1.1
        expected = [mda_rms.rmsd(u.select_atoms("name CA").positions, group.positions, superposition=True)]
        found = rms.RMSD(u.select_atoms("name CA"), group).run(stop=1).rmsd
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)

    def test_negative_ref_frame_counts_from_the_end(self, u):
        found = rms.RMSD(u, select="name CA", ref_frame=-1).run().rmsd
        assert found[-1, 2] < 1e-5 and found[0, 2] > 6
        assert u.trajectory.frame == 0

    def test_any_order_and_duplicates(self, u):
        ix = np.array([50, 4, 4, 900, 77, 3, 3340])
        group = u.atoms[ix]
        found = rms.RMSD(group).run().rmsd
        start = group.positions.copy()
        expected = [mda_rms.rmsd(group.positions, start, superposition=True) for _ in u.trajectory]
        np.testing.assert_allclose(found[1:, 2], expected[1:], rtol=0, atol=1e-6)

    @pytest.mark.parametrize("n_atoms", [1, 2, 3])
    def test_very_small_groups(self, u, n_atoms):
        group = u.atoms[:n_atoms]
        start = group.positions.astype(float)
        found = rms.RMSD(group).run().rmsd[:, 2]
        for ts, value in zip(u.trajectory, found, strict=True):
            _, expected = align.rotation_matrix(
                group.positions - group.center_of_geometry(), start - start.mean(axis=0)
            )
            assert abs(value - expected) < (1e-6 if expected > 1e-3 else 1e-4), ts.frame


class TestBits:
    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7)])
    def test_the_same_for_any_cut(self, u, n_jobs, n_blocks):
        make = lambda: rms.RMSD(u, select="name CA", groupselections=["protein"], weights="mass")  # noqa: E731
        expected = make().run().rmsd
        np.testing.assert_array_equal(make().run(n_jobs=n_jobs, n_blocks=n_blocks).rmsd, expected)

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_the_same_for_any_instruction_set(self, u, level, monkeypatch):
        expected = rms.RMSD(u, groupselections=["backbone"]).run(step=10).rmsd
        monkeypatch.setenv("MDLOOM_SIMD", level)
        np.testing.assert_array_equal(rms.RMSD(u, groupselections=["backbone"]).run(step=10).rmsd, expected)

    def test_the_same_however_the_frames_come(self, u):
        native = rms.RMSD(u, select="name CA").run().rmsd
        in_memory = mda.Universe(PSF, DCD, in_memory=True)
        np.testing.assert_array_equal(rms.RMSD(in_memory, select="name CA").run().rmsd[:, 2], native[:, 2])
        u.trajectory.add_transformations(lambda ts: ts)
        through_python = rms.RMSD(u, select="name CA").run()
        assert "MDAnalysis" in repr(through_python)
        np.testing.assert_array_equal(through_python.rmsd, native)


class TestRefusals:
    def test_different_numbers_of_atoms(self, u, ref):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u.select_atoms("name CA"), ref.atoms)
        assert str(refusal.value) == (
            "mobile has 214 atoms, ref has 3341: the same atoms are needed in the same order; "
            "select the same group in both"
        )

    def test_different_numbers_of_atoms_in_a_group_selection(self, u):
        with pytest.raises(ArgumentError, match="group selection 1: mobile has 214 atoms, ref has 855"):
            rms.RMSD(u, select="name CA", groupselections=["protein", ("name CA", "backbone")])

    def test_a_selection_that_matches_nothing(self):
        u = mda.Universe(GRO, XTC)
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select="resname WAT")
        assert str(refusal.value).startswith(
            'selection "resname WAT" matches no atom; most frequent residue names here: SOL 11084, '
        )

    def test_an_empty_group(self, u):
        with pytest.raises(ArgumentError, match="mobile holds no atom; most frequent residue names here: "):
            rms.RMSD(u.atoms[[]], u.atoms[[]])

    def test_a_typo_in_a_selection(self, u):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select="protien and name CA")
        assert str(refusal.value) == (
            'selection "protien and name CA": unknown keyword "protien" at column 1; did you mean "protein"?'
        )

    @pytest.mark.parametrize(
        "selection", ["resid x", "(protein", "name CA adn resid 3", "group q", "same residu as name CA"]
    )
    def test_other_wrong_selections_name_themselves(self, u, selection):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select=selection)
        assert f'selection "{selection}"' in str(refusal.value)

    @pytest.mark.parametrize("select", [3, ["name CA", "name CB"], {"mobile": "name CA"}, ("a", "b", "c")], ids=str)
    def test_selections_of_another_shape(self, u, select):
        with pytest.raises(ArgumentError, match="a selection is a string"):
            rms.RMSD(u, select=select)

    def test_a_reference_without_coordinates(self, u):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, mda.Universe(PSF))
        assert str(refusal.value) == (
            "ref has no coordinates (adk.psf holds a topology only): open it with a trajectory, mda.Universe(top, traj)"
        )

    def test_a_mobile_group_without_a_trajectory(self, ref):
        with pytest.raises(ArgumentError, match=r"adk\.psf holds a topology only: open it with a trajectory"):
            rms.RMSD(mda.Universe(PSF), ref)

    def test_updating_groups(self, u):
        updating = u.select_atoms("around 5 resid 3", updating=True)
        with pytest.raises(ArgumentError, match=r"updating group.*freeze it with group.universe.atoms\[group.ix\]"):
            rms.RMSD(updating)
        assert rms.RMSD(u.atoms[updating.ix]).run(stop=2).rmsd.shape == (2, 3)

    def test_a_selection_in_the_place_of_superposition(self, u, ref):
        with pytest.raises(ArgumentError, match=r"superposition is True or False, not 'name CA'.*select="):
            rms.RMSD(u, ref, "name CA")

    @pytest.mark.parametrize("mobile", [[1, 2], "name CA", None])
    def test_what_is_no_group(self, mobile):
        with pytest.raises(ArgumentError, match="mobile takes an AtomGroup or a Universe, not"):
            rms.RMSD(mobile)

    @pytest.mark.parametrize(
        "weights, message",
        [
            (np.ones(3), "the group has 214 atoms: one weight for each"),
            (-np.ones(214), "not negative"),
            (np.zeros(214), "sum above 0"),
            (np.full(214, np.nan), "finite"),
            (np.ones((214, 2)), "one weight for each"),
            ("masses", 'takes None, "mass" or an array, not "masses"'),
            (["a"] * 214, "an array of numbers"),
        ],
    )
    def test_weights(self, u, weights, message):
        with pytest.raises(ArgumentError, match=message):
            rms.RMSD(u, select="name CA", weights=weights)

    def test_weights_of_group_selections_must_be_as_many(self, u):
        with pytest.raises(ArgumentError, match="has 1 entries, groupselections 2"):
            rms.RMSD(u, groupselections=["name CA", "name CB"], weights_groupselections=["mass"])

    def test_masses_that_are_not_there(self):
        u = mda.Universe.empty(4, trajectory=True)
        with pytest.raises(TopologyError, match="holds no masses"):
            rms.RMSD(u, weights="mass")

    def test_a_reference_frame_outside(self, u):
        with pytest.raises(ArgumentError, match="ref_frame 98 is outside the reference's trajectory"):
            rms.RMSD(u, ref_frame=98)


class TestWarnings:
    def test_masses_that_differ_name_the_first_pair(self, u, ref):
        with pytest.warns(MdloomWarning, match=r"first mobile atom 0 MET 1 N \(14.007\) and ref atom 1 MET 1 HT1"):
            rms.RMSD(u.atoms[:10], ref.atoms[1:11])
        rms.RMSD(u.atoms[:10], ref.atoms[1:11], tol_mass=1000)

    def test_guessed_masses_as_weights(self):
        u = mda.Universe(GRO, XTC)
        with pytest.warns(MdloomWarning, match="masses are guessed"):
            rms.RMSD(u.select_atoms("name CA"), weights="mass")

    def test_atoms_without_mass_as_weights(self, u):
        u.atoms[4].mass = 0
        with pytest.warns(MdloomWarning, match="1 atoms have no mass, first atom 4"):
            rms.RMSD(u.atoms, weights="mass")

    @pytest.mark.parametrize("select", ["protein", "name CA"])
    @pytest.mark.parametrize("topology, joined_by", [(TPR, "bond"), (GRO, "the step between atoms")])
    def test_a_selection_split_over_the_box_once(self, topology, joined_by, select):
        u = mda.Universe(topology, XTC)
        if select == "name CA":
            joined_by = "the step between atoms"
        with pytest.warns(MdloomWarning, match=rf"broken across the periodic box \({joined_by} \d+-\d+ spans") as seen:
            rms.RMSD(u, select=select).run(n_jobs=1)
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1

    @pytest.mark.filterwarnings("error::mdloom.errors.MdloomWarning")
    def test_whole_molecules_and_free_water_are_not_warned_about(self):
        u = mda.Universe(TPR, XTC)
        u.trajectory.add_transformations(transformations.unwrap(u.select_atoms("protein")))
        rms.RMSD(u, select="protein").run(stop=1)
        rms.RMSD(mda.Universe(GRO, XTC), select="name OW").run(stop=1)

    @pytest.mark.filterwarnings("error::mdloom.errors.MdloomWarning")
    def test_without_a_box_nothing_is_broken(self, u):
        rms.RMSD(u, select="resid 1 or resid 100").run(stop=1)
