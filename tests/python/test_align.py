"""AverageStructure: MDAnalysis' numbers for every way frames can come, and clear refusals."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysis.analysis import align as mda_align
from MDAnalysisTests.datafiles import (
    CRD,
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    GRO_MEMPROT,
    PSF,
    PSF_TRICLINIC,
    XTC,
    XTC_MEMPROT,
    PDB_multiframe,
)

import mdloom
from mdloom import align, rms
from mdloom.errors import ArgumentError, FileError, MdloomWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
    pytest.mark.filterwarnings("ignore:weights=.mass..*masses are guessed"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "average_structure_adk_dims.csv"


def mda_average(universe, reference=None, run=None, **options):
    return mda_align.AverageStructure(universe, reference, **options).run(**(run or {})).results


def assert_same(found, expected, atol=4e-6):
    """MDAnalysis moves float32 positions."""
    np.testing.assert_allclose(found.results.positions, expected.positions, rtol=0, atol=atol)
    np.testing.assert_allclose(found.results.rmsd, expected.rmsd, rtol=0, atol=1e-6)


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.results.positions, expected.results.positions)
    assert found.results.rmsd == expected.results.rmsd


def kabsch(mobile, reference, weights=None):
    """(moved by, rmsd): rotation, centre, the reference's centre, by singular values in double."""
    w = np.ones(len(mobile)) if weights is None else np.asarray(weights, float)
    centres = [w @ x / w.sum() for x in (mobile, reference)]
    a, b = mobile - centres[0], reference - centres[1]
    left, _, right = np.linalg.svd((a * w[:, None]).T @ b)
    turn = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = left @ turn @ right
    rmsd = np.sqrt((w * ((a @ rotation - b) ** 2).sum(axis=1)).sum() / w.sum())
    return (rotation, *centres), rmsd


def brute_force(frames, fitted, averaged, reference, weights=None):
    positions, rmsds = [], []
    for at in np.asarray(frames, float):
        (rotation, centre, to), rmsd = kabsch(at[fitted], np.asarray(reference, float), weights)
        positions.append((at[averaged] - centre) @ rotation + to)
        rmsds.append(rmsd)
    return np.mean(positions, axis=0), np.mean(rmsds)


class TestAsMdanalysis:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"select": "name CA"},
            {"select": "backbone", "weights": "mass"},
            {"select": ("name CA", "name CA"), "ref_frame": 50},
            {"select": {"mobile": "resid 3:60 and name N", "reference": "resid 3:60 and name N"}},
        ],
        ids=str,
    )
    def test_selections_weights_and_reference_frames_give_its_numbers(self, u, options):
        assert_same(align.AverageStructure(u, **options).run(), mda_average(mda.Universe(PSF, DCD), **options))

    def test_weights_of_ones_own(self, u):
        weights = np.linspace(0, 3, 214)
        options = {"select": "name CA", "weights": weights}
        assert_same(align.AverageStructure(u, **options).run(), mda_average(mda.Universe(PSF, DCD), **options))

    def test_another_universe_as_reference(self, u):
        reference = mda.Universe(PSF, CRD)
        found = align.AverageStructure(u, reference, "name CA").run()
        assert_same(found, mda_average(mda.Universe(PSF, DCD), reference, select="name CA"))

    @pytest.mark.parametrize("run", [{"step": 3}, {"stop": 10}, {"step": -1}, {"frames": [5, 3, 3, 97]}], ids=str)
    def test_any_choice_of_frames(self, u, run):
        expected = mda_average(mda.Universe(PSF, DCD), select="name CA", run=run)
        assert_same(align.AverageStructure(u, select="name CA").run(**run), expected)

    @pytest.mark.parametrize(
        "topology, trajectory, select",
        [
            (GRO, XTC, "protein"),
            (GRO_MEMPROT, XTC_MEMPROT, "protein"),
            (PSF_TRICLINIC, DCD_TRICLINIC, "all"),
        ],
        ids=["AdK in water", "membrane protein", "triclinic"],
    )
    def test_other_systems_give_its_numbers(self, topology, trajectory, select):
        found = align.AverageStructure(mda.Universe(topology, trajectory), select=select).run()
        assert_same(found, mda_average(mda.Universe(topology, trajectory), select=select), atol=1e-5)

    def test_golden(self, u):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=2)
        found = align.AverageStructure(u, select="name CA", weights="mass", ref_frame=10).run()
        np.testing.assert_array_equal(found.mobile_atoms.ix, golden["index"])
        expected = np.column_stack([golden[axis] for axis in "xyz"])
        np.testing.assert_allclose(found.results.positions, expected, rtol=0, atol=1e-5)
        assert abs(found.results.rmsd - 3.488920360194) < 1e-6

    def test_the_universe_of_the_results_stands_at_the_average(self, u):
        found = align.AverageStructure(u, select="name CA").run()
        average = found.results.universe
        assert average is found.results.universe is found.results["universe"]
        assert average.atoms.names.tolist() == ["CA"] * 214 and len(average.trajectory) == 1
        np.testing.assert_array_equal(average.atoms.positions, found.results.positions.astype(np.float32))
        assert found.results.positions.dtype == float and isinstance(found.results.rmsd, float)
        assert found.positions is found.results.positions and found.rmsd == found.results.rmsd

    def test_the_average_is_a_reference_for_the_next_run(self, u):
        average = align.AverageStructure(u, select="name CA").run().results.universe
        rmsd = rms.RMSD(u, average, select="name CA").run().rmsd[:, 2]
        assert 0 < rmsd.min() < rmsd.max() < 5


class TestExactness:
    def test_double_precision_gives_the_same(self, u):
        ca = u.select_atoms("name CA").ix
        frames = np.array([u.atoms.positions for _ in u.trajectory])
        positions, rmsd = brute_force(frames, ca, ca, frames[0][ca])
        found = align.AverageStructure(u, select="name CA").run()
        np.testing.assert_allclose(found.results.positions, positions, rtol=0, atol=1e-9)
        np.testing.assert_allclose(found.results.rmsd, rmsd, rtol=0, atol=1e-8)

    def test_other_atoms_than_those_fitted_can_be_averaged(self, u):
        ca = u.select_atoms("name CA").ix
        frames = np.array([u.atoms.positions for _ in u.trajectory])
        found = align.AverageStructure(u, select="name CA", average="all").run()
        positions, _ = brute_force(frames, ca, u.atoms.ix, frames[0][ca])
        np.testing.assert_allclose(found.results.positions, positions, rtol=0, atol=1e-9)
        assert len(found.results.universe.atoms) == 3341
        some = align.AverageStructure(u, select="name CA", average="resname LYS").run()
        lysines = u.select_atoms("resname LYS").ix
        np.testing.assert_array_equal(some.results.positions, found.results.positions[lysines])

    def test_every_place_gives_the_same_bits(self, u, place):
        expected = align.AverageStructure(u, select="name CA").run(n_jobs=1)
        assert_same_bits(align.AverageStructure(u, select="name CA").run(n_jobs=2, **place), expected)

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7), (-1, None)])
    def test_every_cut_gives_the_same_bits(self, u, n_jobs, n_blocks):
        expected = align.AverageStructure(u, weights="mass").run(n_jobs=1)
        assert_same_bits(align.AverageStructure(u, weights="mass").run(n_jobs=n_jobs, n_blocks=n_blocks), expected)

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_every_instruction_set_gives_the_same_bits(self, u, level, monkeypatch):
        expected = align.AverageStructure(u).run()
        monkeypatch.setenv("MDLOOM_SIMD", level)
        assert_same_bits(align.AverageStructure(u).run(), expected)

    def test_an_open_client_is_used(self, u, guide_client):
        expected = align.AverageStructure(u).run(n_jobs=1)
        with_client = align.AverageStructure(u).run()
        assert len(with_client._blocks) == 8
        assert_same_bits(with_client, expected)

    def test_no_frame_is_read_through_mdanalysis(self, u, place, forbid_mdanalysis_frames):
        expected = align.AverageStructure(u).run()
        forbid_mdanalysis_frames()
        assert_same_bits(align.AverageStructure(u).run(**place), expected)

    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_random_positions_give_what_singular_values_give(self, data):
        n_frames, n_atoms = data.draw(st.integers(1, 12)), data.draw(st.integers(4, 30))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        shape = rng.normal(0, 10, (n_atoms, 3))  # frames remember it, so that the fit is well defined
        centre = data.draw(st.sampled_from([0, 50, 3000]))
        frames = (centre + shape + rng.normal(0, 1, (n_frames, n_atoms, 3))).astype(np.float32)
        u = mda.Universe.empty(n_atoms, trajectory=True)
        u.load_new(frames)
        group = u.atoms[rng.permutation(n_atoms)[: data.draw(st.integers(4, n_atoms))]]
        weights = rng.uniform(0.1, 5, len(group)) if data.draw(st.booleans()) else None
        ref_frame = data.draw(st.integers(-n_frames, n_frames - 1))
        found = align.AverageStructure(group, weights=weights, ref_frame=ref_frame)
        found.run(n_jobs=data.draw(st.integers(1, 2)), n_blocks=data.draw(st.integers(1, n_frames)))
        positions, rmsd = brute_force(frames, group.ix, group.ix, frames[ref_frame][group.ix], weights)
        np.testing.assert_allclose(found.results.positions, positions, rtol=0, atol=1e-7)
        np.testing.assert_allclose(found.results.rmsd, rmsd, rtol=0, atol=1e-6)


class TestHowFramesCome:
    def test_universes_are_not_moved_or_edited(self, u):
        reference = mda.Universe(PSF, DCD)
        u.trajectory[7], reference.trajectory[20]
        u.atoms.positions += 3
        before = u.atoms.positions.copy()
        found = align.AverageStructure(u, reference, "name CA", ref_frame=4).run()
        assert len(found.results.universe.atoms) == 214
        assert u.trajectory.ts.frame == 7 and reference.trajectory.ts.frame == 20
        np.testing.assert_array_equal(u.atoms.positions, before)
        assert_same(found, mda_average(mda.Universe(PSF, DCD), select="name CA", ref_frame=4))

    def test_the_current_frame_as_reference(self, u):
        u.trajectory[30]
        found = align.AverageStructure(u, ref_frame=None).run()
        assert_same_bits(found, align.AverageStructure(u, ref_frame=30).run())

    def test_in_memory(self, u):
        found = align.AverageStructure(mda.Universe(PSF, DCD, in_memory=True)).run()
        assert "memory" in repr(found)
        assert_same_bits(found, align.AverageStructure(u).run())

    def test_several_files_are_one_trajectory(self):
        found = align.AverageStructure(mda.Universe(PSF, [DCD, DCD2]), select="name CA").run()
        assert_same(found, mda_average(mda.Universe(PSF, [DCD, DCD2]), select="name CA"))

    def test_transformations_are_applied_to_frames_and_reference(self, u):
        u.trajectory.add_transformations(transformations.translate([100, -50, 3]))
        moved = align.AverageStructure(u).run(n_jobs=2).results
        plain = align.AverageStructure(mda.Universe(PSF, DCD)).run().results
        np.testing.assert_allclose(moved.positions - plain.positions, [[100, -50, 3]] * 3341, rtol=0, atol=1e-4)

    def test_other_formats_are_read_through_mdanalysis(self):
        found = align.AverageStructure(mda.Universe(PDB_multiframe)).run()
        assert "MDAnalysis" in repr(found)
        assert_same(found, mda_average(mda.Universe(PDB_multiframe)))

    def test_any_order_and_duplicates(self, u):
        group = u.atoms[[50, 4, 4, 900, 77, 3, 3340]]
        frames = np.array([group.positions for _ in u.trajectory])
        found = align.AverageStructure(group).run()
        positions, _ = brute_force(frames, slice(None), slice(None), frames[0])
        np.testing.assert_allclose(found.results.positions, positions, rtol=0, atol=1e-9)

    def test_no_frames_give_nan_without_a_warning(self, u):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = align.AverageStructure(u, select="name CA").run(stop=0)
            assert np.isnan(found.results.universe.atoms.positions).all()
        assert found.results.positions.shape == (214, 3) and np.isnan(found.results.positions).all()
        assert np.isnan(found.results.rmsd)

    def test_in_one_pass_with_rmsd_and_partial_and_pickled(self, u):
        rmsd, average = rms.RMSD(u, select="name CA"), align.AverageStructure(u, select="name CA")
        mdloom.run([rmsd, average], n_jobs=1, stop=40)
        assert_same_bits(average, align.AverageStructure(u, select="name CA").run(stop=40))
        assert average.results.rmsd == pytest.approx(rmsd.rmsd[:, 2].mean(), abs=1e-11)
        partial = average.partial()
        np.testing.assert_array_equal(partial.frames, np.arange(40))
        np.testing.assert_array_equal(partial.positions, average.results.positions)
        travelled = pickle.loads(pickle.dumps(average))
        assert_same_bits(travelled, average)
        np.testing.assert_array_equal(
            travelled.results.universe.atoms.positions, average.results.positions.astype(np.float32)
        )


class TestRefusals:
    def test_groups_that_do_not_fit(self, u):
        with pytest.raises(ArgumentError, match="mobile has 214 atoms, reference has 855, and no residue"):
            align.AverageStructure(u, select=("name CA", "backbone"))
        with pytest.raises(ArgumentError, match="matches no atom"):
            align.AverageStructure(u, select="name XX")
        with pytest.raises(ArgumentError, match="matches no atom"):
            align.AverageStructure(u, average="name XX")
        with pytest.raises(ArgumentError, match="updating group"):
            align.AverageStructure(u.select_atoms("around 5 resid 3", updating=True))
        with pytest.raises(ArgumentError, match="mobile takes an AtomGroup or a Universe, not"):
            align.AverageStructure("adk.dcd")
        with pytest.raises(ArgumentError, match="holds a topology only"):
            align.AverageStructure(mda.Universe(PSF))

    def test_a_reference_frame_that_is_not_there(self, u):
        with pytest.raises(
            ArgumentError, match="ref_frame 98 is outside the reference's trajectory with its 98 frames"
        ):
            align.AverageStructure(u, ref_frame=98)

    def test_weights_that_are_none(self, u):
        with pytest.raises(ArgumentError, match="weights has the shape"):
            align.AverageStructure(u, select="name CA", weights=[1, 2])

    def test_a_result_that_is_not_there_is_named(self, u):
        with pytest.raises(AttributeError, match="no result 'universe'; there is nothing yet"):
            align.AverageStructure(u).results.universe  # noqa: B018

    def test_a_group_that_is_split_over_the_box_is_warned_about_once(self):
        with pytest.warns(MdloomWarning, match=r"broken across the periodic box.*average structure will jump") as seen:
            align.AverageStructure(mda.Universe(GRO, XTC), select="protein").run(n_jobs=1)
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1


class TestFile:
    def test_the_average_is_written_in_the_format_of_its_ending(self, u, tmp_path):
        found = align.AverageStructure(u, mda.Universe(PSF, DCD), "name CA", str(tmp_path / "average.pdb")).run()
        written = mda.Universe(found.filename)
        np.testing.assert_allclose(written.atoms.positions, found.positions, atol=5.1e-4)
        assert [path.name for path in tmp_path.iterdir()] == ["average.pdb"]

    def test_other_endings_and_files_that_are_there_are_refused(self, u, tmp_path):
        with pytest.raises(ArgumentError, match="a structure is written to .*pdb"):
            align.AverageStructure(u, filename=tmp_path / "average.abc")
        (tmp_path / "average.gro").write_text("mine")
        with pytest.raises(FileError, match="exists already"):
            align.AverageStructure(u, filename=tmp_path / "average.gro", force=False)
        with pytest.raises(FileError, match="there is no folder"):
            align.AverageStructure(u, filename=tmp_path / "nowhere" / "average.gro")
