"""PCA: MDAnalysis' numbers for every way frames can come, the same bits everywhere, clear refusals."""

import pickle
import warnings
from fractions import Fraction
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysis.analysis import pca as mda_pca
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
from mdloom import align, memory, pca, rms
from mdloom.errors import ArgumentError, MdloomWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "pca_adk_dims.csv"
SMALL = "name CA and resid 20:60"


def mda_run(universe, run=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mda_pca.PCA(universe, **options).run(**(run or {}))


def assert_same(found, expected, mean_atol=1e-10):
    """MDAnalysis multiplies deviations that it rounded to float32: 6e-8 of the largest covariance."""
    largest = np.abs(expected.cov).max()
    np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=mean_atol)
    np.testing.assert_allclose(found.cov, expected.cov, rtol=0, atol=4e-7 * largest)
    variance = np.real(expected.results.variance)
    np.testing.assert_allclose(found.variance, variance, rtol=0, atol=2e-7 * variance[0])
    cumulated = np.real(expected.results.cumulated_variance)
    np.testing.assert_allclose(found.cumulated_variance, cumulated, rtol=0, atol=4e-7)
    assert found.p_components.shape == expected.results.p_components.shape
    for i in range(4):
        overlap = found.p_components[:, i] @ np.real(expected.results.p_components[:, i])
        assert abs(abs(overlap) - 1) < 1e-9, i


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.cov, expected.cov)
    for name in ("p_components", "variance", "cumulated_variance", "mean"):
        np.testing.assert_array_equal(found.results[name], expected.results[name])


def in_memory(frames):
    u = mda.Universe.empty(frames.shape[1], trajectory=True)
    return u.load_new(np.asarray(frames, np.float32))


class TestAsMdanalysis:
    @pytest.mark.parametrize("aligned", [False, True])
    @pytest.mark.parametrize("select", ["name CA and resid 1:90", "backbone and resid 1:20"])
    def test_selections_as_they_stand_and_aligned(self, u, select, aligned):
        expected = mda_run(mda.Universe(PSF, DCD), select=select, align=aligned)
        # aligned: MDAnalysis moves float32 positions in three steps
        assert_same(pca.PCA(u, select, aligned).run(), expected, mean_atol=3e-6 if aligned else 1e-10)

    @pytest.mark.parametrize(
        "run", [{"start": 10, "stop": 60, "step": 5}, {"step": -3}, {"frames": [5, 3, 3, 9, 97, 40]}]
    )
    @pytest.mark.parametrize("aligned", [False, True])
    def test_any_choice_of_frames_whose_first_is_the_reference(self, u, run, aligned):
        expected = mda_run(mda.Universe(PSF, DCD), select=SMALL, align=aligned, run=run)
        assert_same(pca.PCA(u, SMALL, align=aligned).run(**run), expected, mean_atol=3e-6 if aligned else 1e-10)

    @pytest.mark.parametrize(
        "topology, trajectory, select, aligned",
        [
            (GRO, XTC, "name CA and resid 1:60", False),
            (GRO, XTC, "name CA and resid 1:60", True),
            (GRO_MEMPROT, XTC_MEMPROT, "name CA and resid 1:60", True),
            (PSF_TRICLINIC, DCD_TRICLINIC, "name OH2 and resid 1:60", False),
        ],
        ids=["AdK in water", "AdK aligned", "membrane protein", "triclinic"],
    )
    def test_other_systems_give_its_numbers(self, topology, trajectory, select, aligned):
        found = pca.PCA(mda.Universe(topology, trajectory), select, aligned).run()
        expected = mda_run(mda.Universe(topology, trajectory), select=select, align=aligned)
        largest = np.abs(expected.cov).max()
        np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=1e-5 if aligned else 1e-10)
        np.testing.assert_allclose(found.cov, expected.cov, rtol=0, atol=(4e-6 if aligned else 1e-7) * largest)
        np.testing.assert_allclose(found.variance, np.real(expected.results.variance), rtol=0, atol=1e-5 * largest)

    def test_golden(self, u):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=3)
        found = pca.PCA(u, "name CA").run(step=2)
        # 49 frames span 48 components; behind, it has rounding, negative variances, and fractions above 1
        np.testing.assert_allclose(found.variance[:48], golden["variance"][:48], rtol=2e-6)
        np.testing.assert_allclose(
            found.cumulated_variance[:98], golden["cumulated"], rtol=0, atol=4e-8
        )  # its last are above 1
        assert found.variance[48:].max() < 1e-9
        space = found.transform(u.select_atoms("name CA"), 2)
        expected = np.column_stack([golden["pc1"], golden["pc2"]])
        np.testing.assert_allclose(space * np.sign(space[0]), expected, rtol=0, atol=2e-6)

    def test_a_given_mean_takes_the_place_of_that_over_frames(self, u):
        mean = u.select_atoms(SMALL).positions + 0.25
        expected = mda_run(mda.Universe(PSF, DCD), select=SMALL, mean=mean)
        found = pca.PCA(u, SMALL, mean=mean).run()
        assert_same(found, expected)
        np.testing.assert_array_equal(found.mean, mean)
        before = mean.copy()
        mean[:] = 0
        np.testing.assert_array_equal(found.run().mean, before)

    @pytest.mark.parametrize("n", [1, 7, 1000])
    def test_a_number_of_components_before_or_after_the_run(self, u, n):
        expected = mda_run(mda.Universe(PSF, DCD), select=SMALL, n_components=n)
        found, later = pca.PCA(u, SMALL, n_components=n).run(), pca.PCA(u, SMALL).run()
        assert later.n_components == 123
        later.n_components = n
        for one in (found, later):
            assert one.p_components.shape == (123, min(n, 123)) == expected.results.p_components.shape
            assert one.variance.shape == one.cumulated_variance.shape == (min(n, 123),)
            np.testing.assert_allclose(
                one.cumulated_variance, np.real(expected.results.cumulated_variance), rtol=0, atol=1e-7
            )
        assert_same_bits(found, later)
        found.n_components = None
        assert len(found.variance) == 123

    def test_arguments_have_its_order_and_defaults(self, u):
        by_position = pca.PCA(u, SMALL, True, None, 3).run()
        by_name = pca.PCA(universe=u, select=SMALL, align=True, mean=None, n_components=3, verbose=False).run()
        assert_same_bits(by_position, by_name)

    def test_verbose_of_the_object_shows_a_bar(self, u, capsys):
        pca.PCA(u, SMALL, verbose=True).run()
        assert "PCA" in capsys.readouterr().err
        pca.PCA(u, SMALL, verbose=True).run(verbose=False)
        assert not capsys.readouterr().err


def exact_covariance(frames, mean=None):
    """Of coordinates rounded to 2^-31 Å, in fractions; then each number is rounded once."""
    x = [[Fraction(round(Fraction(float(v)) * 2**31), 2**31) for v in frame.ravel()] for frame in frames]
    n, size = len(x), len(x[0])
    centre = [sum(c) / n for c in zip(*x, strict=True)]
    if mean is not None:
        centre = [Fraction(float(m)) for m in np.ravel(mean)]
    d = [[v - c for v, c in zip(frame, centre, strict=True)] for frame in x]
    return np.array([[float(sum(f[i] * f[j] for f in d) / (n - 1)) for j in range(size)] for i in range(size)])


class TestExactness:
    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_covariances_are_those_of_fractions(self, data):
        n_frames, n_atoms = data.draw(st.integers(2, 9)), data.draw(st.integers(1, 4))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        centre, width = data.draw(
            st.sampled_from([(0, 1e-8), (0, 1), (0, 1000), (50, 0.3), (-16000, 0.01), (0.004, 1e-3)])
        )
        frames = (centre + width * rng.normal(0, 1, (n_frames, n_atoms, 3))).astype(np.float32)
        mean = centre + width * rng.normal(0, 1, (n_atoms, 3)) if data.draw(st.booleans()) else None
        found = pca.PCA(in_memory(frames), mean=mean)
        found.run(n_jobs=data.draw(st.integers(1, 2)), n_blocks=data.draw(st.integers(1, n_frames)))
        expected = exact_covariance(frames, mean)
        atol = 1e-15 * np.abs(expected).max() if mean is None else 4e-12 * (width + 1e-7) * max(1, abs(centre))
        np.testing.assert_allclose(found.cov, expected, rtol=0, atol=atol)
        np.testing.assert_array_equal(found.cov, found.cov.T)

    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_components_are_orthonormal_and_make_up_the_covariances(self, data):
        n_frames, n_atoms = data.draw(st.integers(2, 30)), data.draw(st.integers(1, 20))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        still = data.draw(st.booleans())
        frames = rng.normal(20, 4, (n_frames, n_atoms, 3)) if not still else np.ones((n_frames, n_atoms, 3))
        group = in_memory(frames).atoms[rng.integers(0, n_atoms, data.draw(st.integers(1, n_atoms)))]
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = pca.PCA(group).run()
        v, variance = found.p_components, found.variance
        x = frames.astype(np.float32).astype(float)[:, group.ix].reshape(n_frames, -1)
        np.testing.assert_allclose(found.cov, np.cov(x.T).reshape(found.cov.shape), rtol=0, atol=1e-11)
        np.testing.assert_allclose(found.mean.ravel(), x.mean(axis=0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(v.T @ v, np.eye(len(v)), rtol=0, atol=1e-12)
        np.testing.assert_allclose(v @ np.diag(variance) @ v.T, found.cov, rtol=0, atol=1e-11)
        assert (variance >= 0).all() and (np.diff(variance) <= 0).all()
        assert (v[np.abs(v).argmax(axis=0), np.arange(len(v))] > 0).all()
        if still:
            assert (variance == 0).all() and np.isnan(found.cumulated_variance).all()
        else:
            np.testing.assert_allclose(found.cumulated_variance[-1], 1, rtol=1e-12)
        assert (variance[n_frames - 1 :] < 1e-11).all()

    def test_every_place_gives_the_same_bits(self, u, place):
        for options in ({}, {"align": True}):
            expected = pca.PCA(u, SMALL, **options).run(n_jobs=1, scheduler="synchronous")
            assert_same_bits(pca.PCA(u, SMALL, **options).run(n_jobs=2, **place), expected)

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7), (-1, None)])
    def test_every_cut_gives_the_same_bits(self, u, n_jobs, n_blocks):
        frames = np.tile(np.arange(98), 3)  # more than wait to be multiplied together
        expected = pca.PCA(u, SMALL).run(n_jobs=1, frames=frames)
        assert_same_bits(pca.PCA(u, SMALL).run(n_jobs=n_jobs, n_blocks=n_blocks, frames=frames), expected)
        np.testing.assert_array_equal(
            pca.PCA(u, SMALL).run(n_jobs=2, frames=np.random.default_rng(1).permutation(frames)).cov, expected.cov
        )

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_every_instruction_set_gives_the_same_bits(self, u, level, monkeypatch):
        expected = pca.PCA(u, SMALL, align=True).run()
        space = pca.Projection(u.select_atoms(SMALL), expected).run().projections
        monkeypatch.setenv("MDLOOM_SIMD", level)
        assert_same_bits(pca.PCA(u, SMALL, align=True).run(), expected)
        np.testing.assert_array_equal(expected.transform(u.select_atoms(SMALL)), space)

    def test_an_open_client_is_used(self, u, guide_client):
        expected = pca.PCA(u, SMALL).run(n_jobs=1, scheduler="synchronous")
        with_client = pca.PCA(u, SMALL).run()
        assert len(with_client._blocks) == 8
        assert_same_bits(with_client, expected)

    def test_no_frame_is_read_through_mdanalysis(self, u, place, forbid_mdanalysis_frames):
        expected = pca.PCA(u, SMALL, align=True).run()
        space = expected.transform(u.select_atoms(SMALL), 3)
        forbid_mdanalysis_frames()
        found = pca.PCA(u, SMALL, align=True).run(**place)
        assert_same_bits(found, expected)
        np.testing.assert_array_equal(found.transform(u.select_atoms(SMALL), 3, **place), space)


class TestHowFramesCome:
    def test_universes_are_not_moved_or_edited(self, u):
        u.trajectory[7]
        u.atoms.positions += 3
        before = u.atoms.positions.copy()
        found = pca.PCA(u, SMALL, align=True).run()
        assert u.trajectory.ts.frame == 7
        np.testing.assert_array_equal(u.atoms.positions, before)
        assert_same_bits(found, pca.PCA(mda.Universe(PSF, DCD), SMALL, align=True).run())

    def test_in_memory(self, u):
        loaded = mda.Universe(PSF, DCD, in_memory=True)
        before = loaded.trajectory.timeseries().copy()
        found = pca.PCA(loaded, SMALL, align=True).run()
        assert "memory" in repr(found)
        assert_same_bits(found, pca.PCA(u, SMALL, align=True).run())
        np.testing.assert_array_equal(loaded.trajectory.timeseries(), before)

    def test_several_files_are_one_trajectory(self):
        expected = mda_run(mda.Universe(PSF, [DCD, DCD2]), select=SMALL)
        assert_same(pca.PCA(mda.Universe(PSF, [DCD, DCD2]), SMALL).run(), expected)

    def test_transformations_are_applied_first(self, u):
        u.trajectory.add_transformations(transformations.translate([100, -50, 3]))
        moved, plain = pca.PCA(u, SMALL).run(n_jobs=2), pca.PCA(mda.Universe(PSF, DCD), SMALL).run()
        np.testing.assert_allclose(moved.mean - plain.mean, [[100, -50, 3]] * 41, rtol=0, atol=1e-5)
        np.testing.assert_allclose(moved.cov, plain.cov, rtol=0, atol=1e-4)

    def test_other_formats_are_read_through_mdanalysis(self):
        found = pca.PCA(mda.Universe(PDB_multiframe), "name CA").run()
        assert "MDAnalysis" in repr(found)
        expected = mda_run(mda.Universe(PDB_multiframe), select="name CA")
        np.testing.assert_allclose(found.cov, expected.cov, rtol=0, atol=1e-7 * np.abs(expected.cov).max())

    def test_a_group_in_any_order_with_duplicates(self, u):
        group = u.atoms[[50, 4, 4, 900, 77, 3, 3340]]
        x = np.array([group.positions.ravel() for _ in u.trajectory], dtype=float)
        np.testing.assert_allclose(pca.PCA(group).run().cov, np.cov(x.T), rtol=0, atol=1e-10)

    def test_other_atoms_can_be_fitted(self, u):
        group, backbone = u.select_atoms(SMALL), "backbone and resid 1:60"
        found = pca.PCA(group, fit=backbone).run()
        assert found.results.fit_rmsd.shape == (98,) and found.results.fit_rmsd[0] < 1e-5
        expected = rms.RMSF(group, fit=backbone).run()
        np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=1e-9)
        np.testing.assert_allclose(np.diag(found.cov).reshape(-1, 3), expected.sumsquares / 97, rtol=1e-9)
        own = pca.PCA(u, SMALL, fit=align.Fit(SMALL)).run()
        assert_same_bits(own, pca.PCA(u, SMALL, align=True).run())

    def test_no_frames_give_nan_without_a_warning(self, u):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            for options in ({}, {"align": True}, {"n_components": 4}):
                found = pca.PCA(u, SMALL, **options).run(stop=0)
                n = options.get("n_components", 123)
                assert found.p_components.shape == (123, n) and found.variance.shape == (n,)
                for name in ("p_components", "variance", "cumulated_variance", "mean"):
                    assert np.isnan(found.results[name]).all()

    def test_in_one_pass_with_others_and_partial_and_pickled(self, u):
        first, second = pca.PCA(u, SMALL, align=True), rms.RMSF(u.select_atoms(SMALL))
        mdloom.run([first, second], stop=40, n_jobs=1)
        assert_same_bits(first, pca.PCA(u, SMALL, align=True).run(stop=40))
        partial = first.partial()
        np.testing.assert_array_equal(partial.frames, np.arange(40))
        np.testing.assert_array_equal(partial.p_components, first.p_components)
        travelled = pickle.loads(pickle.dumps(first))
        assert_same_bits(travelled, first)
        travelled.n_components = 2
        assert travelled.p_components.shape == (123, 2)


class TestRefusals:
    def test_what_is_no_group(self, u):
        with pytest.raises(ArgumentError, match="universe takes an AtomGroup or a Universe, not str"):
            pca.PCA("adk.dcd")
        with pytest.raises(ArgumentError, match="matches no atom"):
            pca.PCA(u, "name XX")
        with pytest.raises(ArgumentError, match="universe holds no atom"):
            pca.PCA(u.atoms[:0])
        with pytest.raises(ArgumentError, match="updating group"):
            pca.PCA(u.select_atoms("around 5 resid 3", updating=True))
        with pytest.raises(ArgumentError, match=r'select="around 5 resid 3" looks at coordinates.*PCA\(u.select_atoms'):
            pca.PCA(u, "around 5 resid 3")
        assert len(pca.PCA(u.select_atoms("around 5 resid 3")).run(stop=2).mean)

    def test_arguments_that_do_not_fit(self, u):
        with pytest.raises(ArgumentError, match=r"mean has the shape \(3, 3\), and 41 atoms are selected: \(41, 3\)"):
            pca.PCA(u, SMALL, mean=np.zeros((3, 3)))
        with pytest.raises(ArgumentError, match="mean takes positions"):
            pca.PCA(u, SMALL, mean="first")
        with pytest.raises(ArgumentError, match="mean position of atom .* has the coordinate nan"):
            pca.PCA(u, SMALL, mean=np.full((41, 3), np.nan))
        for n in (0, -1, 2.5, True, "all"):
            with pytest.raises(ArgumentError, match="n_components is None or a number above 0, not"):
                pca.PCA(u, SMALL, n_components=n)
        with pytest.raises(ArgumentError, match="align is True or False, not 'backbone'"):
            pca.PCA(u, SMALL, "backbone")
        with pytest.raises(ArgumentError, match="give fit= or align=, not both"):
            pca.PCA(u, SMALL, True, fit="backbone")

    def test_a_single_frame(self, u):
        with pytest.raises(ArgumentError, match="one frame has no covariance: choose at least two"):
            pca.PCA(u, SMALL).run(stop=1)

    def test_coordinates_too_far_away_name_frame_and_atom(self, place):
        frames = np.zeros((6, 4, 3), np.float32)
        frames[4, 2, 1] = -20000
        with pytest.raises(ArgumentError, match="frame 4: atom 2 has the coordinate -20000, and 2\\^14 Å is the limit"):
            pca.PCA(in_memory(frames)).run(n_jobs=2, **place)

    def test_covariances_that_do_not_fit_into_memory(self, u, monkeypatch):
        monkeypatch.setattr(memory, "free_bytes", lambda: 10_000_000)
        with pytest.raises(ArgumentError, match="the covariances of 3341 atoms with 2 workers: .* GB are .*name CA"):
            pca.PCA(u).run(n_jobs=2)
        assert pca.PCA(u, SMALL).run(n_jobs=1)

    def test_a_group_that_is_split_over_the_box_is_warned_about_once(self):
        u = mda.Universe(GRO, XTC)
        with pytest.warns(
            MdloomWarning, match="broken across the periodic box.*principal components will jump"
        ) as seen:
            pca.PCA(u, "name CA", align=True).run()
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1
