"""DensityAnalysis: MDAnalysis' numbers exactly, every way frames come, and clear refusals."""

import pickle
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import density as mda_density
from MDAnalysisTests.datafiles import DCD, DCD_TRICLINIC, GRO_MEMPROT, PSF, PSF_TRICLINIC, TPR, XTC, XTC_MEMPROT

import mdloom
from mdloom import memory, rms
from mdloom.density import DensityAnalysis
from mdloom.errors import ArgumentError, MdloomWarning

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:MDAnalysis")

GOLDEN = Path(__file__).parents[1] / "golden" / "density_triclinic.csv"
GRID = {"gridcenter": (10, 10, 10), "xdim": 19, "ydim": 20, "zdim": 21}
NEAR = "name OH2 and around 3.5 resid 1-20"


@pytest.fixture
def membrane():
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture
def water():
    return mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)


def mda_grid(group, run=None, **arguments):
    return mda_density.DensityAnalysis(group, **arguments).run(**(run or {})).results.density


def assert_same_density(found, expected):
    """Every bit, also of the sum, where the order of addition depends on how the array is laid out."""
    np.testing.assert_array_equal(found.grid, expected.grid)
    assert found.grid.sum() == expected.grid.sum()
    for mine, theirs in zip(found.edges, expected.edges, strict=True):
        np.testing.assert_array_equal(mine, theirs)


class TestAsPmda:
    @pytest.mark.parametrize("n_blocks", [1, 2])
    @pytest.mark.parametrize("run", [{"stop": 4}, {"stop": 5}, {"stop": 5, "step": 2}], ids=str)
    def test_updating_selection(self, membrane, n_blocks, run):
        found = DensityAnalysis(membrane.atoms, atomselection="name OD1", updating=True)
        found.run(n_jobs=2, n_blocks=n_blocks, **run)
        assert found.n_frames == len(range(5)[slice(0, run["stop"], run.get("step"))])
        assert_same_density(found.density, mda_grid(membrane.select_atoms("name OD1"), run))

    def test_the_same_from_every_scheduler(self, membrane, place):
        found = DensityAnalysis(membrane.select_atoms("name OD1")).run(n_jobs=2, **place)
        assert_same_density(found.density, mda_grid(membrane.select_atoms("name OD1")))

    @pytest.mark.parametrize("n_blocks", [1, 2])
    @pytest.mark.parametrize("run", [{"stop": 4}, {"stop": 5, "step": 2}], ids=str)
    def test_values_in_a_small_box(self, water, n_blocks, run):
        found = DensityAnalysis(water.atoms).run(n_jobs=2, n_blocks=n_blocks, **run)
        assert_same_density(found.density, mda_grid(water.atoms, run))

    def test_a_grid_of_ones_own_has_its_edges(self, water):
        grid = {"gridcenter": np.array([10.0, 10, 10]), "xdim": 190, "ydim": 200, "zdim": 210}
        found = DensityAnalysis(water.atoms, **grid).run(n_jobs=1, stop=2).density
        assert [len(edges) for edges in found.edges] == [191, 201, 211]
        np.testing.assert_array_equal([edges[0] for edges in found.edges], [-85, -90, -95])

    def test_updating_and_a_selection_belong_together(self, membrane):
        with pytest.raises(ValueError, match="updating=True needs atomselection="):
            DensityAnalysis(membrane.atoms, updating=True)
        with pytest.raises(ValueError, match="atomselection='name OD1' is for updating=True"):
            DensityAnalysis(membrane.atoms, atomselection="name OD1")

    def test_metadata(self, membrane):
        group = membrane.select_atoms("name OD1")
        mine = {"author": "me"}
        found = DensityAnalysis(membrane.atoms, 1.0, "name OD1", mine, updating=True).run(stop=3, n_jobs=1)
        assert found.density.metadata == {
            "author": "me",
            "psf": str(GRO_MEMPROT),
            "dcd": str(XTC_MEMPROT),
            "atomselection": "name OD1",
            "n_frames": 3,
            "totaltime": membrane.trajectory.totaltime,
            "dt": membrane.trajectory.dt,
            "time_unit": "ps",
        }
        assert mine == {"author": "me"}
        assert DensityAnalysis(group, parameters={"note": 1}).run(stop=1).density.parameters == {
            "note": 1,
            "isDensity": True,
        }


class TestAsMdanalysis:
    def test_golden(self, water):
        found = DensityAnalysis(water.select_atoms("name OH2"), delta=4.0).run().density
        rows = np.loadtxt(GOLDEN, delimiter=",", skiprows=4)
        expected = np.zeros(found.grid.shape)
        expected[tuple(rows[:, :3].astype(int).T)] = rows[:, 3]
        np.testing.assert_array_equal(found.grid, expected)
        assert GOLDEN.read_text().splitlines()[2].startswith(f"# shape {found.grid.shape}, lower corner")

    @pytest.mark.parametrize(
        "arguments", [{}, {"delta": 0.7, "padding": 0.3}, {"delta": 3, "padding": -2}, GRID], ids=str
    )
    def test_arguments(self, arguments):
        u = mda.Universe(PSF, DCD)
        found = DensityAnalysis(u.select_atoms("name CA CB"), **arguments).run()
        assert_same_density(found.density, mda_grid(u.select_atoms("name CA CB"), **arguments))
        assert found.results.density is found.density

    def test_a_large_system(self):
        u = mda.Universe(TPR, XTC)
        found = DensityAnalysis(u.select_atoms("name OW")).run()
        assert_same_density(found.density, mda_grid(u.select_atoms("name OW")))
        assert found.results.n_outside == 0

    def test_a_selection_that_looks_at_coordinates(self, water, place):
        found = DensityAnalysis(water.atoms, 2.0, NEAR, updating=True).run(n_jobs=2, **place)
        expected = mda_grid(water.select_atoms(NEAR, updating=True), delta=2.0)
        assert_same_density(found.density, expected)
        frozen = mda_grid(water.select_atoms(NEAR), delta=2.0)
        assert (frozen.grid != expected.grid).any(), "nothing changed: the test shows nothing"

    def test_updating_groups_themselves(self, water):
        changing = water.select_atoms(NEAR, updating=True)
        assert_same_density(DensityAnalysis(changing, 2.0).run(n_jobs=1).density, mda_grid(changing, delta=2.0))
        within = water.select_atoms("prop z > 1", updating=True)
        found = DensityAnalysis(within, 2.0, "name OH2", updating=True).run(n_jobs=1).density
        assert_same_density(found, mda_grid(within.select_atoms("name OH2", updating=True), delta=2.0))

    def test_it_is_a_density_of_mdanalysis(self, water, tmp_path):
        density = DensityAnalysis(water.atoms).run().density
        assert isinstance(density, mda_density.Density)
        assert density.units == {"length": "Angstrom", "density": "Angstrom^{-3}"}
        np.testing.assert_allclose(density.delta, np.ones(3))
        grid = density.grid.copy()
        for unit, factor in (("nm^{-3}", 1000), ("Molar", 1660.5389210321898), ("TIP4P", 29.886382818497438)):
            density.convert_density(unit)
            np.testing.assert_allclose(density.grid, grid * factor, rtol=1e-12)
            density.convert_density("Angstrom^{-3}")
        density.export(str(tmp_path / "water.dx"), type="double")
        np.testing.assert_allclose(mda_density.Density(str(tmp_path / "water.dx")).grid, grid, rtol=1e-6)


class TestFrames:
    @pytest.mark.parametrize("run", [{"step": -1}, {"frames": [5, 3, 3]}, {"start": -4}], ids=str)
    def test_in_any_order(self, water, run):
        found = DensityAnalysis(water.atoms).run(**run)
        assert_same_density(found.density, mda_grid(water.atoms, run))

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (1, 10)])
    def test_the_same_bits_for_any_cut(self, water, n_jobs, n_blocks):
        found = DensityAnalysis(water.atoms).run(n_jobs=n_jobs, n_blocks=n_blocks).density
        assert_same_density(found, DensityAnalysis(water.atoms).run().density)

    def test_in_memory_and_in_several_files(self, water):
        expected = DensityAnalysis(water.atoms).run().density
        in_memory = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC, in_memory=True)
        twice = mda.Universe(PSF_TRICLINIC, [DCD_TRICLINIC, DCD_TRICLINIC])
        assert_same_density(DensityAnalysis(in_memory).run().density, expected)
        np.testing.assert_array_equal(DensityAnalysis(twice).run().density.grid, expected.grid)

    def test_transformed(self, water):
        water.trajectory.add_transformations(transformations.translate([100, 20, -3]))
        found = DensityAnalysis(water.atoms).run().density
        assert_same_density(found, mda_grid(water.atoms))
        assert found.edges[0][0] > 80

    def test_the_grid_is_laid_around_the_current_frame_when_run_starts(self, water):
        analysis = DensityAnalysis(water.atoms)
        water.trajectory[7]
        water.atoms.positions += 0.25
        found = analysis.run().density
        np.testing.assert_array_equal(found.edges[0], mda_grid(water.atoms, {"stop": 0}).edges[0])
        assert water.trajectory.frame == 7

    def test_no_frames(self, water):
        density = DensityAnalysis(water.atoms).run(stop=0, n_jobs=1).density
        assert np.isnan(density.grid).all() and density.metadata["n_frames"] == 0

    def test_no_frame_is_read_through_mdanalysis(self, forbid_mdanalysis_frames):
        analysis = DensityAnalysis(mda.Universe(PSF, DCD).atoms)
        forbid_mdanalysis_frames()
        assert analysis.run().density.grid.any()

    def test_a_client_that_is_open_is_used(self, membrane, guide_client):
        found = DensityAnalysis(membrane.atoms).run()
        assert len(found._blocks) == 5 and "Dask cluster" in repr(found)
        assert_same_density(found.density, DensityAnalysis(membrane.atoms).run(scheduler="synchronous").density)

    def test_one_pass_with_others(self, water):
        static, changing = DensityAnalysis(water.atoms, 2.0), DensityAnalysis(water.atoms, 2.0, NEAR, updating=True)
        rmsd = rms.RMSD(water, select="name OH2")
        mdloom.run([static, changing, rmsd], n_jobs=1)
        assert_same_density(static.density, DensityAnalysis(water.atoms, 2.0).run().density)
        assert_same_density(changing.density, mda_grid(water.select_atoms(NEAR, updating=True), delta=2.0))
        assert rmsd.rmsd.shape == (10, 3)

    def test_partial_results_and_pickles(self, water):
        analysis = DensityAnalysis(water.atoms).run()
        assert_same_density(analysis.partial().density, analysis.density)
        again = pickle.loads(pickle.dumps(analysis))
        np.testing.assert_array_equal(again.density.grid, analysis.density.grid)
        assert "375 atoms" in repr(again)


class TestRefusals:
    @pytest.mark.parametrize(
        "arguments, message",
        [
            ({"gridcenter": (1, 2, 3)}, "gridcenter or grid dimensions are not provided"),
            ({"gridcenter": (1, 2, 3), "xdim": 1, "ydim": 2}, "not provided"),
            ({"xdim": 1, "ydim": 2, "zdim": 3}, "not provided"),
            ({**GRID, "gridcenter": (1, 2)}, "gridcenter must be a 3D coordinate"),
            ({**GRID, "gridcenter": "here"}, "gridcenter must be a 3D coordinate"),
            ({**GRID, "xdim": "wide"}, "xdim, ydim, and zdim must be numbers"),
            ({**GRID, "xdim": [1, 2]}, "xdim, ydim, and zdim must be numbers"),
            ({**GRID, "ydim": np.nan}, "NaN element"),
            ({**GRID, "gridcenter": (1, np.nan, 3)}, "NaN element"),
            ({**GRID, "zdim": 0}, "above 0"),
            ({**GRID, "zdim": 1e300}, "finite"),
            ({"delta": 0}, "delta is 0: cells have a width above 0"),
            ({"delta": "fine"}, "delta is a number"),
            ({"delta": np.nan}, "delta is nan: it must be finite"),
            ({"padding": np.inf}, "padding is inf: it must be finite"),
            ({"updating": "name CA"}, "updating is True or False"),
            ({"metadata": [1]}, "metadata takes a dict"),
            ({"parameters": 3}, "parameters takes a dict"),
            ({"atomselection": "nmae CA", "updating": True}, 'did you mean "name"'),
            ({"atomselection": "nmae CA and around 3 protein", "updating": True}, 'did you mean "name"'),
            ({"atomselection": "name XX", "updating": True}, "matches no atom"),
        ],
    )
    def test_arguments(self, water, arguments, message):
        with pytest.raises(ArgumentError, match=message):
            DensityAnalysis(water.atoms, **arguments)

    def test_groups(self, water):
        with pytest.raises(ArgumentError, match="atomgroup holds no atom"):
            DensityAnalysis(water.atoms[:0])
        with pytest.raises(ArgumentError, match="atomgroup takes an AtomGroup or a Universe, not list"):
            DensityAnalysis([1, 2])
        with pytest.raises(ArgumentError, match="topology only"):
            DensityAnalysis(mda.Universe(PSF).atoms)

    def test_a_grid_without_size_and_one_around_nothing(self, water):
        with pytest.raises(ArgumentError, match="it must have a size along each axis"):
            DensityAnalysis(water.atoms[:1], padding=0).run()
        nothing = DensityAnalysis(water.atoms, 1.0, "name OH2 and prop x > 1000", updating=True)
        with pytest.raises(ArgumentError, match="no atom is selected.*give gridcenter"):
            nothing.run()

    def test_a_grid_of_ones_own_around_nothing_is_warned_about(self, water):
        with pytest.warns(MdloomWarning, match="does not hold all atoms"):
            empty = DensityAnalysis(water.atoms, 1.0, "prop x > 1000", updating=True, **GRID).run(stop=2, n_jobs=1)
        assert not empty.density.grid.any()

    def test_atoms_outside_are_warned_about_and_counted(self, water):
        with pytest.warns(
            MdloomWarning, match=r"from \(0\.5, 0, -0\.5\) to \(19\.5, 20, 20\.5\) does not hold all atoms"
        ):
            found = DensityAnalysis(water.atoms, **GRID).run()
        inside = round(found.density.grid.sum() * 10)
        assert inside + found.results.n_outside == 3750 and 0 < inside < 3750

    @pytest.mark.filterwarnings("error::mdloom.errors.MdloomWarning")
    def test_a_grid_that_holds_all_is_not_warned_about(self, water):
        DensityAnalysis(water.atoms, gridcenter=(0, 0, 0), xdim=150, ydim=150, zdim=150, delta=5).run()

    @pytest.mark.parametrize("delta", [0.001, 1e-300])
    def test_a_grid_that_does_not_fit_is_refused_before_it_is_made(self, water, delta):
        with pytest.raises(
            ArgumentError, match=r"a grid of \d+ x \d+ x \d+ cells: .* TB are needed, .*choose a larger delta"
        ):
            DensityAnalysis(water.atoms, delta=delta).run(n_jobs=1)

    def test_workers_need_room_too(self, water, monkeypatch):
        analysis = DensityAnalysis(water.atoms, gridcenter=(0, 0, 0), xdim=100, ydim=100, zdim=100)
        monkeypatch.setattr(memory, "free_bytes", lambda: 50_000_000)
        assert analysis.run(n_jobs=1).density.grid.shape == (100, 100, 100)
        with pytest.raises(ArgumentError, match="with 2 workers: 64 MB are needed, and 50 MB are free"):
            analysis.run(n_jobs=2)


def test_free_memory_is_what_machine_and_group_leave(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:   90 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_bytes() == 90 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes() == 90 * 1024
    (tmp_path / "memory.max").write_text("50000\n")
    (tmp_path / "memory.current").write_text("30000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 5000\n")
    assert memory.free_bytes() == 25000
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "nowhere")
    assert memory.free_bytes() == 25000
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "nowhere")
    assert memory.free_bytes() is None
    assert [memory.as_text(n) for n in (5, 12345, 2.5e9, 3e14)] == ["5 bytes", "12.3 kB", "2.5 GB", "300 TB"]
