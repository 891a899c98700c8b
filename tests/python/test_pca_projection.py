"""Projections on principal components, subspaces compared, and what is written and drawn."""

import json
import pickle
import warnings

import matplotlib
import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.analysis import pca as mda_pca
from MDAnalysis.analysis.align import AlignTraj
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, XTC

import mdloom
from mdloom import memory, pca, rms
from mdloom.errors import ArgumentError, MdloomWarning

matplotlib.use("Agg")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
]

SMALL = "name CA and resid 20:60"


@pytest.fixture
def found(u):
    return pca.PCA(u, SMALL).run()


@pytest.fixture(scope="module")
def theirs():
    return mda_pca.PCA(mda.Universe(PSF, DCD), select=SMALL).run()


def up_to_sign(a, b, atol):
    """Columns may be turned round; their 1e-7 of the components are projected, too."""
    turned = np.real(b) * np.sign((a * np.real(b)).sum(axis=0))
    np.testing.assert_allclose(a, turned, rtol=0, atol=atol)


class TestTransform:
    @pytest.mark.parametrize("run", [{}, {"start": 5, "stop": 90, "step": 7}, {"stop": 0}], ids=str)
    def test_gives_the_numbers_of_mdanalysis(self, u, found, theirs, run):
        expected = theirs.transform(mda.Universe(PSF, DCD).select_atoms(SMALL), n_components=5, **run)
        space = found.transform(u.select_atoms(SMALL), n_components=5, **run)
        assert space.shape == expected.shape and space.dtype == float
        up_to_sign(space, expected, 2e-5)

    def test_all_components_or_those_of_the_results(self, u, found):
        group = u.select_atoms(SMALL)
        x = np.array([group.positions.ravel() for _ in u.trajectory], dtype=float)
        expected = (x - found.mean.ravel()) @ found.p_components
        space = found.transform(group)
        np.testing.assert_allclose(space, expected, rtol=0, atol=1e-11)
        found.n_components = 4
        np.testing.assert_array_equal(found.transform(group), space[:, :4])
        np.testing.assert_array_equal(found.transform(group, 9), space[:, :9])

    def test_variances_of_projections_are_those_of_the_components(self, u, found):
        space = found.transform(u.select_atoms(SMALL))
        np.testing.assert_allclose(space.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(space.var(axis=0, ddof=1), found.variance, rtol=0, atol=1e-9)

    def test_of_another_trajectory(self, found, theirs):
        other = mda.Universe(PSF, DCD2)
        expected = theirs.transform(mda.Universe(PSF, DCD2).select_atoms(SMALL), 3)
        up_to_sign(found.transform(other.select_atoms(SMALL), 3), expected, 3e-5)

    def test_takes_arguments_of_run(self, u, found, capsys, place):
        group, done = u.select_atoms(SMALL), []
        expected = found.transform(group, 2)
        assert not capsys.readouterr().err
        frames = [97, 3, 3]
        space = found.transform(group, 2, frames=frames, progress=lambda *n: done.append(n), verbose=True, **place)
        np.testing.assert_array_equal(space, expected[frames])
        np.testing.assert_array_equal(found.transform(group, 2, step=-2, **place), expected[::-2])
        assert done[-1] == (3, 3) and "PROJECTION" in capsys.readouterr().err

    def test_aligned_frames_are_those_of_a_trajectory_that_was_aligned(self, u):
        aligned = mda.Universe(PSF, DCD, in_memory=True)
        group = aligned.select_atoms(SMALL)
        AlignTraj(aligned, mda.Universe(PSF, DCD), select=SMALL, in_memory=True).run()
        x = np.array([group.positions.ravel() for _ in aligned.trajectory], dtype=float)
        own = pca.PCA(u, SMALL, align=True).run()
        space = own.transform(u.select_atoms(SMALL), 3, align=True)
        np.testing.assert_allclose(space, (x - own.mean.ravel()) @ own.p_components[:, :3], rtol=0, atol=2e-4)
        np.testing.assert_allclose(space.var(axis=0, ddof=1), own.variance[:3], rtol=1e-8)
        as_they_stand = own.transform(u.select_atoms(SMALL), 3)
        assert np.abs(as_they_stand - space).max() > 1

    def test_every_place_gives_the_same_bits(self, u, found, place):
        group = u.select_atoms(SMALL)
        expected = found.transform(group, n_jobs=1, scheduler="synchronous")
        np.testing.assert_array_equal(found.transform(group, n_jobs=2, n_blocks=3, **place), expected)

    def test_what_does_not_fit_is_refused(self, u, found):
        with pytest.raises(ArgumentError, match=r"a projection needs principal components: call run\(\) first"):
            pca.PCA(u, SMALL).transform(u.select_atoms(SMALL))
        with pytest.raises(ArgumentError, match="the PCA is of 41 atoms, atomgroup has 3341: select the same atoms"):
            found.transform(u)
        with pytest.raises(ArgumentError, match="n_components is 124, and there are 123"):
            found.transform(u.select_atoms(SMALL), 124)
        with pytest.raises(ArgumentError, match="n_components is None or a number above 0, not 0"):
            found.transform(u.select_atoms(SMALL), 0)
        with pytest.raises(ArgumentError, match="updating group"):
            found.transform(u.select_atoms("around 5 resid 3", updating=True))
        with pytest.raises(ArgumentError, match=r"align=True superposes as PCA\(align=True\) did"):
            found.transform(u.select_atoms(SMALL), align=True)
        with pytest.raises(ArgumentError, match="as it had no frames"):
            pca.PCA(u, SMALL).run(stop=0).transform(u.select_atoms(SMALL))
        with pytest.raises(ArgumentError, match=r"pca takes a mdloom\.pca\.PCA, not Universe"):
            pca.Projection(u.select_atoms(SMALL), u)

    def test_more_numbers_than_memory_holds_are_refused(self, u, found, monkeypatch):
        monkeypatch.setattr(memory, "free_bytes", lambda: 100_000)
        text = "projections on 123 components of 41 atoms in 98 frames: .* kB are needed, .*n_components"
        with pytest.raises(ArgumentError, match=text):
            found.transform(u.select_atoms(SMALL), n_jobs=1)
        assert found.transform(u.select_atoms(SMALL), 5, n_jobs=1).shape == (98, 5)

    def test_other_atom_types_are_warned_about(self, u, found):
        with pytest.warns(MdloomWarning, match="38 atoms have other types than those of the PCA, first atom 0 MET 1 N"):
            found.transform(u.atoms[:41], 1)


class TestProjection:
    def test_is_a_member_of_a_pass(self, u, found):
        group = u.select_atoms(SMALL)
        along, rmsd = pca.Projection(group, found, 2), rms.RMSD(group)
        mdloom.run([along, rmsd], step=9, n_jobs=2)
        np.testing.assert_array_equal(along.results.projections, found.transform(group, 2, step=9))
        np.testing.assert_array_equal(along.results.times, rmsd.times)
        assert "41 atoms on 2 components" in repr(along)
        np.testing.assert_array_equal(along.partial().projections, along.projections)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(along)).projections, along.projections)

    @settings(deadline=None, max_examples=40)
    @given(data=st.data())
    def test_of_random_positions_is_a_product_of_matrices(self, data):
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        n_frames, n_atoms = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 12))
        frames = rng.normal(data.draw(st.sampled_from([0, 300])), 5, (n_frames, n_atoms, 3)).astype(np.float32)
        u = mda.Universe.empty(n_atoms, trajectory=True).load_new(frames)
        group = u.atoms[rng.permutation(n_atoms)[: data.draw(st.integers(1, n_atoms))]]
        found = pca.PCA(group).run()
        x = frames[:, group.ix].reshape(n_frames, -1).astype(float)
        n = data.draw(st.integers(1, x.shape[1]))
        space = found.transform(group, n, n_jobs=data.draw(st.integers(1, 2)))
        np.testing.assert_allclose(space, (x - found.mean.ravel()) @ found.p_components[:, :n], rtol=0, atol=1e-11)


class TestProjectSingleFrame:
    @pytest.mark.parametrize("components", [0, [0, 1], [2, 5], None])
    def test_moves_the_atoms_as_mdanalysis_does(self, u, found, theirs, components):
        for i in (0, 50):
            u.trajectory[i]
            theirs._u.trajectory[i]
            before = u.atoms.positions.copy()
            ts = found.project_single_frame(components)(u.trajectory.ts)
            theirs.project_single_frame(components)(theirs._u.trajectory.ts)
            assert ts is u.trajectory.ts
            np.testing.assert_allclose(u.atoms.positions, theirs._u.atoms.positions, rtol=0, atol=2e-5)
            changed = np.flatnonzero((u.atoms.positions != before).any(axis=1))
            assert set(changed) <= set(u.select_atoms(SMALL).ix)

    def test_others_follow_their_anchors(self, u, found, theirs):
        group, atoms = u.select_atoms("resid 30:35"), theirs._u.select_atoms("resid 30:35")
        u.trajectory[40], theirs._u.trajectory[40]
        before = u.atoms.positions.copy()
        found.project_single_frame(0, group=group, anchor="name CA")(u.trajectory.ts)
        theirs.project_single_frame(0, group=atoms, anchor="name CA")(theirs._u.trajectory.ts)
        np.testing.assert_allclose(u.atoms.positions, theirs._u.atoms.positions, rtol=0, atol=2e-5)
        moved = u.atoms.positions - before
        for residue in group.residues:
            np.testing.assert_allclose(
                moved[residue.atoms.ix], np.tile(moved[residue.atoms.ix][4], (len(residue.atoms), 1)), atol=1e-5
            )

    def test_as_a_transformation_it_filters_what_analyses_see(self, u, found, near):
        u.trajectory.add_transformations(found.project_single_frame([0, 1]))
        space = found.transform(u.select_atoms(SMALL), **near)
        plain = found.transform(mda.Universe(PSF, DCD).select_atoms(SMALL))
        np.testing.assert_allclose(space[:, :2], plain[:, :2], rtol=0, atol=1e-4)
        assert np.abs(space[:, 2:]).max() < 1e-4

    def test_what_cannot_be_projected_is_refused(self, u, found):
        with pytest.raises(ArgumentError, match="call run"):
            pca.PCA(u, SMALL).project_single_frame()
        with pytest.raises(ArgumentError, match="components=123: there are 123, from 0 on"):
            found.project_single_frame(123)
        group = u.select_atoms("resid 30:35")
        with pytest.raises(ArgumentError, match="group needs anchor="):
            found.project_single_frame(group=group)
        with pytest.raises(ArgumentError, match='anchor="name CA CB" finds several atoms in a residue'):
            found.project_single_frame(group=group, anchor="name CA CB")
        with pytest.raises(ArgumentError, match='anchor="name CB" finds no atom in GLY 32 of the group'):
            found.project_single_frame(group=group, anchor="name CB")
        with pytest.raises(ArgumentError, match='anchor="name N" finds atoms that are not in the PCA'):
            found.project_single_frame(group=group, anchor="name N")


class TestSubspaces:
    def test_of_two_runs_compare_as_in_mdanalysis(self, u):
        runs = {"start": 0, "stop": 25}, {"start": 25, "stop": 50}
        own = [pca.PCA(u, SMALL).run(**run) for run in runs]
        other = [mda_pca.PCA(mda.Universe(PSF, DCD), select=SMALL).run(**run) for run in runs]
        for n in (1, 3, (3, 5), [2, 4], 20):
            assert own[0].rmsip(own[1], n) == pytest.approx(other[0].rmsip(other[1], n_components=n), abs=1e-6)
        for i, n in ((0, 3), (2, 10), (1, 1)):
            expected = other[0].cumulative_overlap(other[1], i=i, n_components=n)
            assert own[0].cumulative_overlap(own[1], i, n) == pytest.approx(expected, abs=1e-6)
        assert own[0].rmsip(own[0]) == pytest.approx(1) and own[0].rmsip(other[0], 3) == pytest.approx(1)
        assert own[0].cumulative_overlap(own[1], 4) == pytest.approx(1)

    def test_functions_are_those_of_mdanalysis_on_any_vectors(self):
        rng = np.random.default_rng(2)
        a, b = rng.normal(size=(6, 9)), rng.normal(size=(4, 9))
        for n in (None, 2, (3, 4)):
            assert pca.rmsip(a, b, n) == pytest.approx(mda_pca.rmsip(a, b, n), rel=1e-12)
        for n in (None, 2):
            expected = mda_pca.cumulative_overlap(a, b, 1, n)
            assert pca.cumulative_overlap(a, b, 1, n) == pytest.approx(expected, rel=1e-12)
            assert pca.cumulative_overlap(a[1], b, n_components=n) == pytest.approx(expected, rel=1e-12)
        space = rng.normal(size=(50, 3))
        for i in range(3):
            assert pca.cosine_content(space, i) == pytest.approx(mda_pca.cosine_content(space, i), rel=1e-12)
        cosine = np.cos(np.pi * np.arange(400) / 400)[:, None]
        assert pca.cosine_content(cosine, 0) == pytest.approx(1, abs=6e-3)

    def test_what_cannot_be_compared_is_refused(self, u, found):
        with pytest.raises(ArgumentError, match="rmsip needs principal components: call run"):
            pca.PCA(u, SMALL).rmsip(found)
        with pytest.raises(ArgumentError, match=r"the other PCA has no components yet: call its run\(\) first"):
            found.cumulative_overlap(pca.PCA(u, SMALL))
        with pytest.raises(ArgumentError, match="other is a PCA, not int"):
            found.rmsip(3)
        with pytest.raises(ArgumentError, match="n_components is one number or two, not 3"):
            found.rmsip(found, (1, 2, 3))
        with pytest.raises(ArgumentError, match="vectors of 123 and 9 numbers cannot be compared"):
            found.rmsip(pca.PCA(u.atoms[:3]).run())


class TestFilesAndPictures:
    @pytest.mark.parametrize("n", [None, 5])
    def test_components_as_a_table_and_arrays(self, u, tmp_path, n):
        found = pca.PCA(u, SMALL, align=True, n_components=n).run()
        found.save(tmp_path / "a.csv")
        lines = (tmp_path / "a.csv").read_text().splitlines()
        assert {"# analysis: pca", f"# select: {SMALL}", "# align: true", "# units: variance Angstrom^2"} <= set(lines)
        rows = [line.split(",") for line in lines if not line.startswith("#")]
        assert rows[0] == ["component", "variance", "cumulated_variance"] and rows[1][0] == "1"
        table = np.array(rows[1:], dtype=float)
        np.testing.assert_array_equal(table[:, 1:], np.column_stack([found.variance, found.cumulated_variance]))
        found.save(tmp_path / "a.npz")
        with np.load(tmp_path / "a.npz") as arrays:
            np.testing.assert_array_equal(arrays["p_components"], found.p_components)
            np.testing.assert_array_equal(arrays["mean"], found.mean)
            assert json.loads(str(arrays["metadata"]))["atoms"] == 41
        found.save(tmp_path / "a.npy")
        np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), found.p_components)
        assert "variance" in found.results._repr_html_()

    def test_projections_as_a_table(self, u, found, tmp_path):
        along = pca.Projection(u.select_atoms(SMALL), found, 3).run(frames=[7, 3], n_jobs=1)
        for ending in (".csv", ".npz", ".xvg", ".npy", ".json"):
            along.save(tmp_path / f"one{ending}")
            along.run(frames=[7, 3], n_jobs=2).save(tmp_path / f"two{ending}")
            assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
        lines = (tmp_path / "one.csv").read_text().splitlines()
        rows = [line.split(",") for line in lines if not line.startswith("#")]
        assert rows[0] == ["frame", "time", "pc1", "pc2", "pc3"] and [row[0] for row in rows[1:]] == ["7", "3"]
        np.testing.assert_array_equal(np.array(rows[1:], float)[:, 2:], along.projections)
        assert "projections" in along.results._repr_html_()

    def test_pictures_have_units_and_show_what_is_below_zero(self, u, found):
        from matplotlib import pyplot

        ax = found.results.plot()
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("component", "variance (Å$^{2}$)")
        line = ax.get_lines()[0].get_xydata()
        np.testing.assert_array_equal(line, np.column_stack([np.arange(1, 21), found.variance[:20]]))
        assert all(tick == round(tick) for tick in ax.get_xticks())
        along = pca.Projection(u.select_atoms(SMALL), found).run()
        ax = along.results.plot()
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ps)", "projection (Å)")
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"component {i}" for i in (1, 2, 3)]
        for i, line in enumerate(ax.get_lines()):
            np.testing.assert_array_equal(line.get_ydata(), along.projections[:, i])
        assert ax.get_ylim()[0] < along.projections[:, :3].min()
        pyplot.close("all")


def test_systems_in_water_are_projected_too():
    u = mda.Universe(GRO, XTC)
    group = u.select_atoms("name CA and resid 1:60")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mda_pca.PCA(mda.Universe(GRO, XTC), select="name CA and resid 1:60").run()
        expected = theirs.transform(mda.Universe(GRO, XTC).select_atoms("name CA and resid 1:60"), 3)
    up_to_sign(pca.PCA(group).run().transform(group, 3), expected, 5e-5)
