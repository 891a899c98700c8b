"""Mean square displacements: MDAnalysis' numbers and plain sums, from every place where frames can be read."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import msd as mda_msd
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    PSF,
    PSF_TRICLINIC,
    RANDOM_WALK,
    RANDOM_WALK_TOPO,
    XTC,
    waterDCD,
    waterPSF,
)

import mdloom
from mdloom import memory, rms
from mdloom.errors import ArgumentError
from mdloom.msd import EinsteinMSD

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOLDEN = Path(__file__).parents[1] / "golden"
TYPES = ("xyz", "xy", "xz", "yz", "x", "y", "z")


def in_memory(frames, boxes=None, dt=1.0):
    """A Universe of positions [n_frames, n_atoms, 3]."""
    u = mda.Universe.empty(np.shape(frames)[1], trajectory=True)
    u.load_new(np.asarray(frames, np.float32), dimensions=boxes, dt=dt)
    return u


def brute_force(frames, dimensions=(0, 1, 2)):
    """[n_lags, n_atoms]"""
    x = np.asarray(frames, np.float64)[:, :, list(dimensions)]
    n = len(x)
    lags = [((x[lag:] - x[: n - lag]) ** 2).sum(axis=2).mean(axis=0) for lag in range(n)]
    return np.array(lags).reshape(n, x.shape[1])


def by_mdanalysis(group, select="all", msd_type="xyz", **options):
    """Without Fourier transforms, for which it needs a package that is not there."""
    return mda_msd.EinsteinMSD(group, select, msd_type, fft=False, **options)


def assert_same(ours, theirs, rtol=1e-7):
    for name in ("msds_by_particle", "timeseries", "delta_t_values"):
        expected = theirs.results[name]
        np.testing.assert_allclose(ours.results[name], expected, rtol=rtol, atol=1e-9 * np.max(expected, initial=1))


@pytest.fixture(scope="module")
def walk():
    return mda.Universe(RANDOM_WALK_TOPO, RANDOM_WALK)


@pytest.fixture(scope="module")
def diffusing():
    """30 frames of 40 atoms that go 1 Å at a time."""
    steps = np.random.default_rng(7).normal(0, 1, (30, 40, 3))
    return (np.cumsum(steps, axis=0) + 20).astype(np.float32)


class TestAsMDAnalysis:
    @pytest.mark.parametrize("fft", [True, False])
    @pytest.mark.parametrize("msd_type", TYPES)
    def test_random_walk(self, walk, msd_type, fft):
        theirs = by_mdanalysis(walk, "all", msd_type).run()
        ours = EinsteinMSD(walk, "all", msd_type, fft).run()
        assert_same(ours, theirs)
        assert ours.dim_fac == theirs.dim_fac
        assert ours.n_particles == theirs.n_particles

    @pytest.mark.parametrize("fft", [True, False])
    @pytest.mark.parametrize(
        "files, select, unwrap",
        [
            ((PSF, DCD), "name CA", None),
            ((waterPSF, waterDCD), "all", None),
            ((PSF_TRICLINIC, DCD_TRICLINIC), "name OH2", False),
            ((GRO, XTC), "name CA", False),
        ],
        ids=["AdK", "water", "triclinic water", "AdK in a box"],
    )
    def test_real_systems(self, files, select, unwrap, fft):
        u = mda.Universe(*files)
        theirs = by_mdanalysis(u, select).run()
        assert_same(EinsteinMSD(u, select, fft=fft, unwrap=unwrap).run(), theirs)

    @pytest.mark.parametrize("name, files", [("random_walk", None), ("adk_dims", (PSF, DCD))])
    def test_golden(self, walk, name, files):
        lag, *columns = np.loadtxt(GOLDEN / f"msd_{name}.csv", delimiter=",", skiprows=3).T
        u = mda.Universe(*files) if files else walk
        for msd_type, expected in zip(TYPES, columns, strict=True):
            found = EinsteinMSD(u, "name CA" if files else "all", msd_type).run().results
            np.testing.assert_allclose(found.timeseries, expected, rtol=1e-7, atol=1e-7)
            np.testing.assert_allclose(found.delta_t_values, lag, rtol=1e-11)

    @pytest.mark.parametrize("run", [{}, {"start": 3, "stop": 60, "step": 7}, {"step": -3}, {"stop": 2}], ids=str)
    def test_any_choice_of_frames(self, adk, run):
        theirs = by_mdanalysis(adk, "name CA").run(**run)
        assert_same(EinsteinMSD(adk, "name CA").run(**run), theirs)

    @pytest.mark.parametrize("frames", [[0, 1, 3, 7, 20], [9, 2, 4, 50], [5, 3, 3, 11, 5]], ids=str)
    def test_uneven_times_are_averaged_by_time_difference(self, adk, frames):
        theirs = by_mdanalysis(adk, "name CA").run(frames=frames)
        ours = EinsteinMSD(adk, "name CA").run(frames=frames)
        assert_same(ours, theirs)
        assert len(ours.results.delta_t_values) == len(np.unique(ours.results.delta_t_values))

    def test_non_linear_of_even_times(self, adk):
        theirs = by_mdanalysis(adk, "name CA", non_linear=True).run(step=9)
        assert_same(EinsteinMSD(adk, "name CA", non_linear=True).run(step=9), theirs)

    def test_a_group_counts_each_atom_once_in_order_of_indices(self, adk):
        group = adk.atoms[[70, 5, 5, 900]]
        theirs = by_mdanalysis(group).run(step=10)
        ours = EinsteinMSD(group, fft=False).run(step=10)
        assert_same(ours, theirs)
        assert ours.ag == adk.atoms[[5, 70, 900]]
        assert_same(
            EinsteinMSD(group, "index 900", fft=False).run(step=10),
            by_mdanalysis(group, "index 900").run(step=10),
        )

    def test_arguments_by_their_places(self, adk):
        ours = EinsteinMSD(adk, "name CA", "xy", False, True)
        assert (ours.select, ours.msd_type, ours.fft, ours.non_linear) == ("name CA", "xy", False, True)
        assert EinsteinMSD(adk, "name CA", msd_type="XZ").dim_fac == 2


class TestWhereItIsDone:
    @pytest.mark.parametrize("fft", [True, False])
    def test_same_bits_everywhere(self, walk, place, fft):
        expected = EinsteinMSD(walk, fft=fft).run(scheduler="synchronous")
        found = EinsteinMSD(walk, fft=fft).run(n_blocks=3, **place)
        for name, value in expected.results.items():
            np.testing.assert_array_equal(found.results[name], value)

    def test_same_bits_for_any_number_of_threads(self, walk, monkeypatch):
        monkeypatch.setattr("mdloom.msd._BLOCK", 700)
        one, three = (EinsteinMSD(walk).run(n_jobs=n).results for n in (1, 3))
        monkeypatch.undo()
        for other in (three, EinsteinMSD(walk).run().results):
            np.testing.assert_array_equal(one.msds_by_particle, other.msds_by_particle)
            np.testing.assert_array_equal(one.timeseries, other.timeseries)

    def test_with_an_active_client_plain_run_works_there(self, walk, guide_client):
        expected = EinsteinMSD(walk).run(scheduler="synchronous", step=4)
        found = EinsteinMSD(walk).run(step=4)
        np.testing.assert_array_equal(found.results.timeseries, expected.results.timeseries)

    def test_frames_are_read_natively(self, adk, forbid_mdanalysis_frames):
        a = EinsteinMSD(adk, "name CA")
        forbid_mdanalysis_frames()
        assert a.run().results.timeseries[1] > 0

    def test_several_files_and_arrays_in_memory(self):
        chain = mda.Universe(PSF, [DCD, DCD2])
        theirs = by_mdanalysis(chain, "name CA", non_linear=True).run(step=20)
        assert_same(EinsteinMSD(chain, "name CA", non_linear=True).run(step=20), theirs)
        u = mda.Universe(PSF, DCD, in_memory=True)
        assert_same(EinsteinMSD(u, "name CA").run(), by_mdanalysis(u, "name CA").run())

    def test_transformations_count(self):
        plain, scaled = mda.Universe(PSF, DCD), mda.Universe(PSF, DCD)
        scaled.trajectory.add_transformations(
            transformations.translate([5, 6, 7]), transformations.fit_rot_trans(scaled.atoms, plain.atoms)
        )
        theirs = by_mdanalysis(scaled, "name CA").run()
        assert_same(EinsteinMSD(scaled, "name CA").run(), theirs, rtol=1e-4)
        assert theirs.results.timeseries[50] < 0.98 * EinsteinMSD(plain, "name CA").run().results.timeseries[50]

    def test_together_with_another_analysis_in_one_pass(self, adk):
        alone = EinsteinMSD(adk, "name CA").run().results
        together = EinsteinMSD(adk, "name CA")
        mdloom.run([rms.RMSF(adk.atoms), together])
        np.testing.assert_array_equal(together.results.msds_by_particle, alone.msds_by_particle)

    def test_results_pickle_with_the_analysis(self, adk):
        a = EinsteinMSD(adk, "name CA").run(stop=5)
        again = pickle.loads(pickle.dumps(a.results))
        np.testing.assert_array_equal(again.timeseries, a.results.timeseries)
        np.testing.assert_array_equal(a.times, [ts.time for ts in adk.trajectory[:5]])

    def test_partial_results_are_those_of_the_frames_done(self, diffusing):
        a = EinsteinMSD(in_memory(diffusing))
        seen = []

        def look(done, of):
            if 0 < done < of and not seen:
                seen.append(a.partial())

        a.run(n_jobs=1, progress=look)
        assert a.partial().timeseries.tolist() == a.results.timeseries.tolist()
        for found in seen:
            expected = brute_force(diffusing[found.frames])
            np.testing.assert_allclose(found.msds_by_particle, expected, rtol=1e-9, atol=1e-9)


class TestNumbers:
    @pytest.mark.parametrize("fft", [True, False])
    def test_straight_lines(self, fft):
        velocities = np.array([[1, 0, 0], [0, -2, 0], [3, 4, 12]])
        u = in_memory(100 + np.arange(9)[:, None, None] * velocities, dt=0.5)
        found = EinsteinMSD(u, fft=fft).run().results
        squares = np.arange(9)[:, None] ** 2 * np.array([1, 4, 169])
        np.testing.assert_allclose(found.msds_by_particle, squares, rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(found.timeseries, squares.mean(axis=1), rtol=1e-12, atol=1e-10)
        np.testing.assert_array_equal(found.delta_t_values, np.arange(9) * 0.5)

    @pytest.mark.parametrize("n_frames", [2, 3, 17, 128, 251])
    def test_both_ways_are_plain_sums_far_from_the_origin_too(self, n_frames):
        rng = np.random.default_rng(n_frames)
        frames = (1e5 + np.cumsum(rng.normal(0, 1, (n_frames, 7, 3)), axis=0)).astype(np.float32)
        for msd_type, dimensions in [("xyz", (0, 1, 2)), ("xz", (0, 2)), ("y", (1,))]:
            expected = brute_force(frames, dimensions)
            for fft in (True, False):
                found = EinsteinMSD(in_memory(frames), msd_type=msd_type, fft=fft).run().results.msds_by_particle
                np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)

    def test_atoms_that_stand_still_have_no_displacement_and_none_below_zero(self):
        frames = np.tile(np.random.default_rng(0).normal(0, 50, (1, 5, 3)), (64, 1, 1))
        found = EinsteinMSD(in_memory(frames)).run().results
        assert not found.msds_by_particle.any()
        assert found.msds_by_particle.min() >= 0

    @pytest.mark.parametrize("options", [{}, {"fft": False}, {"non_linear": True}, {"unwrap": False}], ids=str)
    @pytest.mark.parametrize("n_frames", [0, 1])
    def test_few_frames_give_well_shaped_results(self, adk, n_frames, options):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = EinsteinMSD(adk, "name CA", **options).run(stop=n_frames).results
        assert found.msds_by_particle.shape == (n_frames, 214)
        assert found.timeseries.tolist() == found.delta_t_values.tolist() == [0.0] * n_frames


class TestRefusals:
    @pytest.mark.parametrize(
        "make, message",
        [
            (lambda u: EinsteinMSD(u, msd_type="zyx"), "msd_type takes one of xyz, xy, .*, not 'zyx'"),
            (lambda u: EinsteinMSD(u, msd_type=3), "msd_type takes one of .*, not 3"),
            (lambda u: EinsteinMSD(u, fft="no"), "fft is True or False, not 'no'"),
            (lambda u: EinsteinMSD(u, unwrap="yes"), "unwrap is True or False, not 'yes'"),
            (lambda u: EinsteinMSD(u, "name XX"), 'selection "name XX" matches no atom'),
            (lambda u: EinsteinMSD(u.atoms[:0]), "u holds no atom"),
            (lambda u: EinsteinMSD("adk.psf"), "u takes an AtomGroup or a Universe, not str"),
            (lambda u: EinsteinMSD(u.select_atoms("prop x > 0", updating=True)), "u is an updating group"),
        ],
    )
    def test_what_cannot_be_meant(self, adk, make, message):
        with pytest.raises(ArgumentError, match=message):
            make(adk)

    def test_more_than_fits_into_memory_before_a_frame_is_read(self, adk, monkeypatch, forbid_mdanalysis_frames):
        forbid_mdanalysis_frames()
        monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000)
        message = (
            r"of 3341 atoms in 98 frames: \S+ MB are needed, and 1 MB are free; give fewer atoms .* or fewer frames"
        )
        with pytest.raises(ArgumentError, match=message):
            EinsteinMSD(adk).run(n_jobs=1)
        monkeypatch.setattr(memory, "free_bytes", lambda: 40_000_000)
        EinsteinMSD(adk).run(n_jobs=1)

    def test_more_different_times_than_fit_into_memory(self, monkeypatch):
        a = EinsteinMSD(in_memory(np.zeros((900, 5, 3))))
        free = iter([10**9, 10**9])
        monkeypatch.setattr(memory, "free_bytes", lambda: next(free, 10_000))
        with pytest.raises(ArgumentError, match=r"over 303 different times, of 5 atoms in 30 frames: \S+ kB are"):
            a.run(frames=[i * i for i in range(30)], n_jobs=1)
