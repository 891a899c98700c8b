"""RMSF: PMDA's and MDAnalysis' numbers for every way frames can come, and clear refusals."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysisTests.datafiles import (
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
from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning, StateError

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "rmsf_adk_dims.csv"


def mda_rmsf(group, **run):
    return mda_rms.RMSF(group).run(**run)


def assert_same(found, expected):
    """To the decimals of PMDA's tests: 7, 10 and 11 in numpy's sense."""
    np.testing.assert_allclose(found.rmsf, expected.results.rmsf, rtol=0, atol=1.5e-11)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=1.5e-10)
    np.testing.assert_allclose(found.sumsquares, expected.sumsquares, rtol=0, atol=1.5e-11)


def assert_exact(found, group, frames=slice(None)):
    """Two passes in long double: where MDAnalysis' own rounding would decide."""
    at = np.array([group.positions for _ in group.universe.trajectory[frames]], dtype=np.longdouble)
    mean = at.mean(axis=0)
    squares = ((at - mean) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.mean, mean.astype(float), rtol=1e-15, atol=1e-14)
    np.testing.assert_allclose(found.sumsquares, squares.astype(float), rtol=1e-15, atol=1e-18)
    rmsf = np.sqrt(squares.sum(axis=1) / len(at)).astype(float)
    np.testing.assert_allclose(found.rmsf, rmsf, rtol=1e-15, atol=1e-18)


def assert_same_bits(found, expected):
    for name in ("rmsf", "mean", "sumsquares"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


class TestAsPmda:
    @pytest.mark.parametrize("n_blocks", [2, 3, 4])
    @pytest.mark.parametrize("step", [1, 2, 3, 5])
    def test_steps_give_mdanalysis_numbers(self, u, n_blocks, step):
        found = rms.RMSF(u.atoms).run(step=step, n_blocks=n_blocks, n_jobs=2)
        assert_same(found, mda_rmsf(u.atoms, step=step))
        assert len(found._blocks) == n_blocks

    @pytest.mark.parametrize("stop", [10, 45, 90])
    def test_stops_give_mdanalysis_numbers(self, u, stop):
        expected = mda_rmsf(u.atoms, stop=stop)
        for n_blocks in (1, 2, 3, 4, 5, 10):
            assert_same(rms.RMSF(u.atoms).run(stop=stop, n_blocks=n_blocks, n_jobs=2), expected)

    def test_one_job_with_any_number_of_blocks(self, u):
        expected = mda_rmsf(u.atoms)
        for n_blocks in range(1, 11):
            assert_same(rms.RMSF(u.atoms).run(n_jobs=1, n_blocks=n_blocks), expected)

    @pytest.mark.parametrize("stop", [10, 20, 33, 98])
    @pytest.mark.parametrize("step", [1, 2, 4, 7])
    def test_the_number_of_frames(self, u, stop, step):
        assert rms.RMSF(u.atoms).run(stop=stop, step=step).n_frames == len(range(0, stop, step))

    @pytest.mark.parametrize("wrong", [[-1, -1, -1], [1, np.nan], [0, -1e-300]])
    def test_negative_values_are_refused(self, wrong):
        with pytest.raises(ValueError, match="never negative or NaN"):
            rms.RMSF._negative_rmsf(np.array(wrong))
        rms.RMSF._negative_rmsf(np.array([0.0, 1.0]))

    def test_results_are_on_the_object_and_under_results(self, u):
        found = rms.RMSF(u.atoms).run()
        assert found.results.rmsf is found.rmsf and found.rmsf.shape == (3341,)
        assert found.results.mean is found.mean and found.mean.shape == (3341, 3)
        assert found.results.sumsquares is found.sumsquares and found.sumsquares.shape == (3341, 3)
        assert {array.dtype for array in found.results.values()} == {np.dtype(float)}


class TestPlaces:
    def test_every_place_gives_the_same_bits(self, u, place):
        expected = rms.RMSF(u.atoms).run(n_jobs=1)
        assert_same_bits(rms.RMSF(u.atoms).run(n_jobs=2, **place), expected)

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7), (-1, None)])
    def test_every_cut_gives_the_same_bits(self, u, n_jobs, n_blocks):
        expected = rms.RMSF(u.atoms).run(n_jobs=1)
        assert_same_bits(rms.RMSF(u.atoms).run(n_jobs=n_jobs, n_blocks=n_blocks), expected)

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_every_instruction_set_gives_the_same_bits(self, u, level, monkeypatch):
        expected = rms.RMSF(u.atoms).run()
        monkeypatch.setenv("MDLOOM_SIMD", level)
        assert_same_bits(rms.RMSF(u.atoms).run(), expected)

    def test_an_open_client_is_used(self, u, guide_client):
        expected = rms.RMSF(u.atoms).run(n_jobs=1)
        with_client = rms.RMSF(u.atoms).run()
        assert len(with_client._blocks) == 8
        assert_same_bits(with_client, expected)

    def test_no_frame_is_read_through_mdanalysis(self, u, place, forbid_mdanalysis_frames):
        analysis, expected = rms.RMSF(u.atoms), rms.RMSF(u.atoms).run()
        forbid_mdanalysis_frames()
        assert_same_bits(analysis.run(**place), expected)

    def test_in_one_pass_with_rmsd(self, u):
        expected = rms.RMSF(u.atoms[::7]).run()
        rmsd, rmsf = rms.RMSD(u, select="name CA"), rms.RMSF(u.atoms[::7])
        mdloom.run([rmsd, rmsf])
        assert_same_bits(rmsf, expected)
        assert rmsd.rmsd.shape == (98, 3)

    def test_partial_results_are_those_of_the_frames_done(self, u):
        analysis = rms.RMSF(u.atoms).run(n_jobs=1, stop=40)
        partial = analysis.partial()
        np.testing.assert_array_equal(partial.frames, np.arange(40))
        np.testing.assert_array_equal(partial.rmsf, analysis.rmsf)

    def test_results_travel(self, u):
        found = rms.RMSF(u.select_atoms("name CA")).run()
        assert_same_bits(pickle.loads(pickle.dumps(found)), found)


class TestFrames:
    def test_golden(self, u):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=2)
        ca = u.select_atoms("name CA")
        found = rms.RMSF(ca).run()
        np.testing.assert_array_equal(ca.ix, golden["index"])
        np.testing.assert_allclose(found.rmsf, golden["rmsf"], rtol=0, atol=2e-11)
        for name in ("mean", "sumsquares"):
            columns = np.column_stack([golden[f"{name}_{axis}"] for axis in "xyz"])
            np.testing.assert_allclose(getattr(found, name), columns, rtol=0, atol=2e-11)

    @pytest.mark.parametrize(
        "run",
        [
            {"step": -1},
            {"start": 90, "stop": 3, "step": -7},
            {"start": -10},
            {"frames": [5, 3, 3, 97]},
            {"start": 4, "stop": 5},
        ],
        ids=str,
    )
    def test_any_choice_of_frames(self, u, run):
        assert_same(rms.RMSF(u.atoms).run(**run), mda_rmsf(u.atoms, **run))

    @pytest.mark.parametrize(
        "topology, trajectory, select",
        [(GRO, XTC, "all"), (GRO_MEMPROT, XTC_MEMPROT, "all"), (PSF_TRICLINIC, DCD_TRICLINIC, "all")],
        ids=["AdK in water", "membrane protein", "triclinic"],
    )
    def test_other_systems_give_mdanalysis_numbers(self, topology, trajectory, select):
        group = mda.Universe(topology, trajectory).select_atoms(select)
        found = rms.RMSF(group).run()
        assert_exact(found, group)
        assert_same(found, mda_rmsf(group))

    def test_any_order_and_duplicates(self, u):
        group = u.atoms[[50, 4, 4, 900, 77, 3, 3340]]
        assert_same(rms.RMSF(group).run(), mda_rmsf(group))

    def test_a_universe_stands_for_all_its_atoms(self, u):
        assert_same_bits(rms.RMSF(u).run(), rms.RMSF(u.atoms).run())

    def test_no_frames_give_nan_without_a_warning(self, u):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = rms.RMSF(u.atoms[:5]).run(stop=0)
        assert found.rmsf.shape == (5,) and np.isnan(found.rmsf).all()
        assert found.mean.shape == (5, 3) and np.isnan(found.mean).all()
        np.testing.assert_array_equal(found.sumsquares, np.zeros((5, 3)))

    def test_a_second_run_starts_anew(self, u):
        analysis = rms.RMSF(u.atoms).run(stop=10)
        analysis.run(start=50)
        assert_same_bits(analysis, rms.RMSF(u.atoms).run(start=50))


class TestHowFramesCome:
    def test_in_memory(self, u):
        in_memory = mda.Universe(PSF, DCD, in_memory=True)
        found = rms.RMSF(in_memory).run()
        assert "memory" in repr(found)
        assert_same_bits(found, rms.RMSF(u).run())

    def test_edits_in_memory_count(self):
        u = mda.Universe(PSF, DCD, in_memory=True)
        u.trajectory.get_array()[40] += 5
        assert_same(rms.RMSF(u).run(), mda_rmsf(u.atoms))

    def test_several_files_are_one_trajectory(self):
        u = mda.Universe(PSF, [DCD, DCD2])
        assert_exact(rms.RMSF(u).run(), u.atoms)

    def test_transformations_are_applied(self, u):
        u.trajectory.add_transformations(transformations.translate([100, -50, 3]))
        found = rms.RMSF(u).run(n_jobs=2)
        assert_exact(found, u.atoms)
        assert abs(found.mean - rms.RMSF(mda.Universe(PSF, DCD)).run().mean - [100, -50, 3]).max() < 1e-4

    def test_other_formats_are_read_through_mdanalysis(self):
        u = mda.Universe(PDB_multiframe)
        found = rms.RMSF(u).run()
        assert "MDAnalysis" in repr(found)
        assert_same(found, mda_rmsf(u.atoms))

    def test_without_a_box(self, u):
        assert u.trajectory.ts.dimensions is None
        assert rms.RMSF(u).run().rmsf.min() > 0


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_random_positions_give_what_two_passes_in_long_double_give(data):
    n_frames, n_atoms = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    centre, spread = data.draw(st.sampled_from([0, 1e-3, 50, 3000, 1e6])), data.draw(st.sampled_from([1e-4, 3, 500]))
    positions = (centre + rng.normal(0, spread, (n_frames, n_atoms, 3))).astype(np.float32)
    u = mda.Universe.empty(n_atoms, trajectory=True)
    u.load_new(positions)
    found = rms.RMSF(u).run(n_jobs=data.draw(st.integers(1, 2)), n_blocks=data.draw(st.integers(1, n_frames)))
    exact = positions.astype(np.longdouble)
    mean = exact.mean(axis=0)
    squares = ((exact - mean) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.mean, mean.astype(float), rtol=1e-15, atol=1e-12)
    np.testing.assert_allclose(found.sumsquares, squares.astype(float), rtol=1e-14, atol=1e-12 * spread * n_frames)
    rmsf = np.sqrt(squares.sum(axis=1) / n_frames).astype(float)
    np.testing.assert_allclose(found.rmsf, rmsf, rtol=1e-13, atol=1e-10)


class TestRefusals:
    def test_an_empty_group(self, u):
        with pytest.raises(ArgumentError, match="atomgroup holds no atom; most frequent residue names here: "):
            rms.RMSF(u.atoms[[]])

    def test_an_updating_group(self, u):
        with pytest.raises(ArgumentError, match=r"atomgroup is an updating group.*freeze it"):
            rms.RMSF(u.select_atoms("around 5 resid 3", updating=True))

    @pytest.mark.parametrize("wrong", [None, "name CA", [1, 2]])
    def test_what_is_no_group(self, wrong):
        with pytest.raises(ArgumentError, match="atomgroup takes an AtomGroup or a Universe, not"):
            rms.RMSF(wrong)

    def test_a_universe_without_a_trajectory(self):
        with pytest.raises(ArgumentError, match=r"adk\.psf holds a topology only"):
            rms.RMSF(mda.Universe(PSF))

    def test_squares_that_are_too_large_name_the_atom(self):
        u = mda.Universe.empty(2, trajectory=True)
        positions = np.zeros((20, 2, 3), np.float32)
        positions[:, 1, 2] = 4194000
        u.load_new(positions)
        with pytest.raises(StateError, match="the squares of the coordinates of atom 1 over 20 frames are too large"):
            rms.RMSF(u).run()

    def test_a_group_that_is_split_over_the_box_is_warned_about_once(self):
        with pytest.warns(MdloomWarning, match=r"broken across the periodic box.*RMSF will jump") as seen:
            rms.RMSF(mda.Universe(GRO, XTC).select_atoms("protein")).run(n_jobs=1)
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1
