"""fit=: a native analysis of superposed frames gives what MDAnalysis gives of an aligned trajectory."""

import pickle
import warnings

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import align as mda_align
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysisTests.datafiles import DCD, PSF

import mdloom
from mdloom import align, density, rms
from mdloom.errors import ArgumentError, MdloomWarning, TopologyError

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
]


@pytest.fixture(scope="module")
def aligned():
    """By MDAnalysis, on the first frame's CA."""
    aligned = mda.Universe(PSF, DCD)
    mda_align.AlignTraj(aligned, mda.Universe(PSF, DCD), select="name CA", in_memory=True).run()
    return aligned


def assert_same_bits(found, expected):
    for name in ("rmsf", "mean", "sumsquares", "fit_rmsd"):
        np.testing.assert_array_equal(found.results[name], expected.results[name])


class TestAgainstAnAlignedTrajectory:
    def test_rmsf_on_the_first_frame(self, u, aligned):
        found = rms.RMSF(u.select_atoms("name CA"), fit="name CA").run()
        expected = mda_rms.RMSF(aligned.select_atoms("name CA")).run()
        np.testing.assert_allclose(found.rmsf, expected.results.rmsf, rtol=0, atol=2e-6)
        rmsd = rms.RMSD(u.select_atoms("name CA")).run().rmsd[:, 2]
        np.testing.assert_array_equal(found.results.fit_rmsd, rmsd)

    def test_atoms_that_are_not_fitted_move_along(self, u, aligned):
        side_chains = "resid 1-30 and not backbone"
        found = rms.RMSF(u.select_atoms(side_chains), fit=u.select_atoms("name CA")).run()
        expected = mda_rms.RMSF(aligned.select_atoms(side_chains)).run()
        np.testing.assert_allclose(found.rmsf, expected.results.rmsf, rtol=0, atol=5e-6)

    def test_density_has_the_same_grid_and_the_same_counts(self, u, aligned):
        found = density.DensityAnalysis(u.select_atoms("protein"), delta=2, fit="name CA").run()
        expected = density.DensityAnalysis(aligned.select_atoms("protein"), delta=2).run()
        np.testing.assert_array_equal(found.density.grid, expected.density.grid)
        np.testing.assert_array_equal(found.density.origin, expected.density.origin)

    def test_the_grid_is_laid_around_moved_atoms_wherever_the_universe_stands(self, u, aligned):
        u.trajectory[90], aligned.trajectory[90]
        found = density.DensityAnalysis(u.select_atoms("protein"), delta=4, fit="name CA").run()
        expected = density.DensityAnalysis(aligned.select_atoms("protein"), delta=4).run()
        np.testing.assert_allclose(found.density.origin, expected.density.origin, atol=1e-4)
        assert np.abs(found.density.grid - expected.density.grid).sum() * 64 * 98 < 20
        assert u.trajectory.frame == 90

    def test_a_group_that_changes_is_selected_before_it_is_moved(self, u, aligned):
        near = {"atomselection": "name CA and around 6 (resid 50)", "updating": True}
        grid = {"gridcenter": [0, 0, 0], "xdim": 60, "ydim": 60, "zdim": 60}
        found = density.DensityAnalysis(u.atoms, 2.0, fit="name CA", **near, **grid).run(step=9)
        expected = density.DensityAnalysis(aligned.atoms, 2.0, **near, **grid).run(step=9)
        np.testing.assert_array_equal(found.density.grid, expected.density.grid)
        assert found.density.grid.sum() > 0

    def test_the_average_structure_as_reference_and_masses_as_weights(self, u):
        average = align.AverageStructure(u, select="backbone", average="all").run()
        fit = align.Fit("backbone", average.results.universe, weights="mass")
        found = rms.RMSF(u.select_atoms("name CA"), fit=fit).run()
        moved = mda.Universe(PSF, DCD)
        mda_align.AlignTraj(moved, average.results.universe, select="backbone", weights="mass", in_memory=True).run()
        expected = mda_rms.RMSF(moved.select_atoms("name CA")).run()
        np.testing.assert_allclose(found.rmsf, expected.results.rmsf, rtol=0, atol=5e-6)

    def test_another_frame_of_the_trajectory_as_reference(self, u):
        found = rms.RMSF(u.select_atoms("name CA"), fit=align.Fit("name CA", ref_frame=20)).run(start=10, stop=40)
        assert found.results.fit_rmsd.argmin() == 10 and found.results.fit_rmsd[10] < 1e-5
        other = mda.Universe(PSF, DCD)
        other.trajectory[20]
        same = align.Fit(("name CA", "protein and name CA"), other)
        assert_same_bits(rms.RMSF(u.select_atoms("name CA"), fit=same).run(start=10, stop=40), found)


class TestPlaces:
    def test_every_place_gives_the_same_bits(self, u, place, forbid_mdanalysis_frames):
        analysis = rms.RMSF(u.atoms[::5], fit="name CA")
        expected = rms.RMSF(u.atoms[::5], fit="name CA").run(n_jobs=1)
        forbid_mdanalysis_frames()
        assert_same_bits(analysis.run(n_jobs=2, n_blocks=3, **place), expected)

    def test_an_open_client_is_used(self, u, guide_client):
        expected = rms.RMSF(u.atoms[::5], fit="name CA").run(n_jobs=1)
        assert_same_bits(rms.RMSF(u.atoms[::5], fit="name CA").run(), expected)

    def test_each_analysis_of_a_pass_has_its_own_fit(self, u):
        fits = [None, "name CA", align.Fit("resid 1-60 and name CA", weights="mass")]
        together = [rms.RMSF(u.atoms[::5], fit=fit) for fit in fits]
        mdloom.run(together, start=3, step=4)
        alone = [rms.RMSF(u.atoms[::5], fit=fit).run(start=3, step=4) for fit in fits]
        np.testing.assert_array_equal(together[0].rmsf, alone[0].rmsf)
        for one, other in zip(together[1:], alone[1:], strict=True):
            assert_same_bits(one, other)
        assert not np.array_equal(together[1].rmsf, together[2].rmsf)

    def test_frames_in_any_order_are_fitted_on_the_first_of_them(self, u):
        found = rms.RMSF(u.atoms[::5], fit="name CA").run(frames=[30, 5, 60, 5])
        assert found.results.fit_rmsd[0] < 1e-5 and found.results.fit_rmsd[1] == found.results.fit_rmsd[3] > 1
        backwards = rms.RMSF(u.atoms[::5], fit="name CA").run(start=30, stop=20, step=-1)
        assert backwards.results.fit_rmsd[0] < 1e-5

    def test_in_memory_and_transformed_frames(self, u):
        expected = rms.RMSF(u.atoms[::5], fit="name CA").run()
        u.transfer_to_memory()
        assert_same_bits(rms.RMSF(u.atoms[::5], fit="name CA").run(), expected)
        moved = mda.Universe(PSF, DCD)
        moved.trajectory.add_transformations(transformations.translate([3, 2, 1]))
        found = rms.RMSF(moved.atoms[::5], fit="name CA").run()
        np.testing.assert_allclose(found.rmsf, expected.rmsf, atol=2e-5)

    def test_partial_results_and_no_frames(self, u):
        analysis = rms.RMSF(u.atoms[:9], fit="name CA")
        with pytest.warns(UserWarning, match="no frames"):
            analysis.run(stop=0)
        assert analysis.results.fit_rmsd.shape == (0,) and np.isnan(analysis.rmsf).all()
        analysis.run(stop=5)
        assert_same_bits(type("Found", (), {"results": analysis.partial()}), analysis)
        assert pickle.loads(pickle.dumps(analysis)).results.fit_rmsd.shape == (5,)

    def test_files_say_what_was_fitted(self, u, tmp_path):
        analysis = rms.RMSF(u.atoms[:9], fit="name CA").run(stop=5)
        analysis.save(tmp_path / "a.csv")
        assert "# fit: name CA on the first frame" in (tmp_path / "a.csv").read_text()
        analysis.save(tmp_path / "a.npz")
        np.testing.assert_array_equal(np.load(tmp_path / "a.npz")["fit_rmsd"], analysis.results.fit_rmsd)
        assert "<td>fit_rmsd</td>" in analysis.results._repr_html_()


class TestRefusals:
    @pytest.mark.parametrize(
        "fit, message",
        [
            (3, "fit takes a selection, an AtomGroup or mdloom.align.Fit, not int"),
            ("name XX", "matches no atom"),
            ("nmae CA", 'did you mean "name"'),
            (align.Fit("name CA", weights=[1, 2]), "the group has 214 atoms: one weight for each"),
            (align.Fit("name CA", ref_frame=98), "ref_frame 98 is outside"),
        ],
    )
    def test_what_cannot_be_fitted_is_named(self, u, fit, message):
        with pytest.raises(ArgumentError, match=message):
            rms.RMSF(u.atoms[:9], fit=fit)

    def test_groups_that_do_not_match(self, u):
        with pytest.raises(ArgumentError, match="mobile has 214 atoms, ref has 3341"):
            rms.RMSF(u.atoms[:9], fit=align.Fit(("name CA", "all"), mda.Universe(PSF, DCD)))
        with pytest.raises(ArgumentError, match="of another Universe"):
            rms.RMSF(u.atoms[:9], fit=mda.Universe(PSF, DCD).atoms)
        with pytest.raises(ArgumentError, match="updating group"):
            rms.RMSF(u.atoms[:9], fit=u.select_atoms("name CA", updating=True))

    def test_masses_that_are_not_there(self):
        empty = mda.Universe.empty(4, trajectory=True)
        with pytest.raises(TopologyError, match="holds no masses"):
            rms.RMSF(empty.atoms, fit=align.Fit(weights="mass"))

    def test_atoms_split_over_the_box_are_warned_about(self):
        u = mda.Universe(PSF, DCD)
        box = transformations.set_dimensions([30, 30, 30, 90, 90, 90])
        u.trajectory.add_transformations(box, transformations.wrap(u.atoms))
        with pytest.warns(MdloomWarning, match="in the first frame.: the fit will jump"):
            rms.RMSF(u.atoms[:3], fit="name CA").run(stop=2)

    def test_a_known_good_fit_says_nothing(self, u):
        with warnings.catch_warnings():
            warnings.simplefilter("error", MdloomWarning)
            rms.RMSF(u.atoms[:9], fit="name CA").run(stop=3)
