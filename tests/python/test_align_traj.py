"""AlignTraj: MDAnalysis' trajectories and numbers, the same bytes from every place and cut."""

import os
import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
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
    TRR,
    XTC,
    XTC_MEMPROT,
    PDB_multiframe,
)

import mdloom
from mdloom import align, rms
from mdloom.conversion import Conversion
from mdloom.custom import AnalysisFromFunction
from mdloom.errors import MdloomWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
    pytest.mark.filterwarnings("ignore:weights=.mass..*masses are guessed"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "align_traj_adk_dims.csv"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def positions_of(topology, path):
    shown = mda.Universe(topology, path)
    return np.array([shown.atoms.positions for _ in shown.trajectory])


def bytes_of(mobile, reference, run=None, name="out.dcd", **options):
    """Of the file that it writes."""
    options = {"select": "name CA", **options}
    found = align.AlignTraj(mobile, reference, filename=name, **options).run(**(run or {}))
    assert found.n_bytes == os.path.getsize(name)
    return Path(name).read_bytes()


class TestAsMdanalysis:
    @pytest.mark.parametrize(
        ("topology", "trajectory", "select"),
        [
            (PSF, DCD, "name CA"),
            (GRO, XTC, "protein and name CA"),
            (GRO_MEMPROT, XTC_MEMPROT, "protein"),
            (PSF_TRICLINIC, DCD_TRICLINIC, "all"),
            (GRO, TRR, "backbone"),
        ],
    )
    @pytest.mark.parametrize(("ending", "rounding"), [("dcd", 0), ("xtc", 0.0101)])
    def test_real_systems(self, topology, trajectory, select, ending, rounding):
        reference = mda.Universe(topology, trajectory)
        reference.trajectory[-1]
        mine = align.AlignTraj(mda.Universe(topology, trajectory), reference, select, f"mine.{ending}").run()
        theirs = mda_align.AlignTraj(mda.Universe(topology, trajectory), reference, select, f"theirs.{ending}").run()
        np.testing.assert_allclose(mine.results.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)
        found, expected = positions_of(topology, f"mine.{ending}"), positions_of(topology, f"theirs.{ending}")
        np.testing.assert_allclose(found, expected, rtol=0, atol=rounding + 3e-5)  # float32 up to 150 Å
        if rounding:
            assert np.mean(np.abs(found - expected) > 1e-4) < 0.01, "the same step of the grid, but at its edges"

    @pytest.mark.parametrize(
        "options",
        [
            {"select": "all"},
            {"select": "backbone", "weights": "mass"},
            {"select": ("name CA", "name CA")},
            {"select": {"mobile": ["name CA", "name CB"], "reference": ["name CA", "name CB"]}},
            {"select": "name CA", "weights": np.linspace(0.1, 3, 214)},
            {"select": "name CA", "match_atoms": False},
        ],
    )
    def test_arguments(self, u, ref, options):
        mine = align.AlignTraj(u, ref, filename="mine.dcd", **options).run(step=7)
        theirs = mda_align.AlignTraj(mda.Universe(PSF, DCD), ref, filename="theirs.dcd", **options).run(step=7)
        np.testing.assert_allclose(mine.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)
        np.testing.assert_allclose(positions_of(PSF, "mine.dcd"), positions_of(PSF, "theirs.dcd"), rtol=0, atol=1e-5)

    def test_the_golden_file(self, u, ref):
        golden = np.loadtxt(GOLDEN, delimiter=",", skiprows=3)
        ref.trajectory[10]
        found = align.AlignTraj(u, ref, select="name CA", weights="mass", filename="out.dcd").run()
        np.testing.assert_allclose(found.rmsd, golden[:, 1], rtol=0, atol=1e-6)
        shown = positions_of(PSF, "out.dcd")[:, [0, 1000, 3340]].reshape(98, 9)
        np.testing.assert_allclose(shown, golden[:, 2:], rtol=0, atol=1e-5)

    def test_residues_of_other_sizes_are_left_out_of_the_fit(self, u):
        other = mda.Universe(PSF, DCD)
        lacking = mda.Merge(other.select_atoms("not (resid 11 and name CB)"))
        with pytest.warns(MdloomWarning, match="1 residues with other numbers of atoms are left out"):
            mine = align.AlignTraj(u, lacking, filename="mine.dcd").run()
        theirs = mda_align.AlignTraj(mda.Universe(PSF, DCD), lacking, filename="theirs.dcd").run()
        assert len(mine.mobile_atoms) == len(theirs.mobile_atoms) < 3341
        np.testing.assert_allclose(mine.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)
        np.testing.assert_allclose(positions_of(PSF, "mine.dcd"), positions_of(PSF, "theirs.dcd"), rtol=0, atol=1e-5)

    def test_the_default_name_is_the_trajectorys_in_the_current_folder(self, u, ref, tmp_path):
        found = align.AlignTraj(u, ref, select="name CA", prefix="fit_").run(stop=3)
        assert found.filename == "fit_adk_dims.dcd" and os.listdir(tmp_path) == ["fit_adk_dims.dcd"]
        assert align.AlignTraj(u, ref).filename == "rmsfit_adk_dims.dcd"

    def test_writer_kwargs_are_those_of_the_writers(self, ref):
        mobile = mda.Universe(GRO, XTC)
        coarse = align.AlignTraj(mobile, mobile, "name CA", "1.xtc", writer_kwargs={"precision": 1}).run()
        fine = align.AlignTraj(mobile, mobile, "name CA", "4.xtc", writer_kwargs={"precision": 4}).run()
        assert coarse.n_bytes < fine.n_bytes
        align.AlignTraj(ref, ref, "name CA", "5ps.dcd", writer_kwargs={"dt": 5}).run()
        assert mda.Universe(PSF, "5ps.dcd").trajectory[3].time == pytest.approx(15)


class TestSameBytes:
    @pytest.mark.parametrize("name", ["out.dcd", "out.xtc"])
    def test_from_every_place(self, u, ref, place, name):
        expected = bytes_of(u, ref, {"n_jobs": 1}, "one." + name)
        assert bytes_of(u, ref, {"n_jobs": 2, **place}, name) == expected
        assert bytes_of(u, ref, {"n_jobs": 3, "n_blocks": 7, **place}, name) == expected

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7), (-1, None)])
    def test_from_every_cut(self, u, ref, n_jobs, n_blocks):
        expected = bytes_of(u, ref, {"n_jobs": 1}, "one.xtc")
        assert bytes_of(u, ref, {"n_jobs": n_jobs, "n_blocks": n_blocks}, "out.xtc") == expected

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_from_every_instruction_set(self, u, ref, level, monkeypatch):
        expected = bytes_of(u, ref, name="one.xtc")
        monkeypatch.setenv("MDLOOM_SIMD", level)
        assert bytes_of(u, ref, name="out.xtc") == expected

    def test_from_an_open_client(self, u, ref, guide_client):
        expected = bytes_of(u, ref, {"scheduler": "synchronous"}, "one.xtc")
        assert bytes_of(u, ref, name="out.xtc") == expected

    def test_from_frames_that_are_sent_to_workers(self, ref, place):
        mobile = mda.Universe(PSF, DCD, in_memory=True)
        assert bytes_of(mobile, ref, {"n_jobs": 2, **place}) == bytes_of(mobile, ref, {"n_jobs": 1}, "one.dcd")

    def test_without_a_frame_that_mdanalysis_reads(self, u, ref, place, forbid_mdanalysis_frames):
        expected = bytes_of(u, ref, name="one.dcd")
        forbid_mdanalysis_frames()
        assert bytes_of(u, ref, place) == expected

    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_of_any_frames_in_any_order(self, u, ref, data):
        frames = data.draw(st.lists(st.integers(-98, 97), min_size=1, max_size=40))
        cut = {"n_jobs": data.draw(st.integers(1, 3)), "n_blocks": data.draw(st.integers(1, len(frames)))}
        expected = bytes_of(u, ref, {"frames": frames, "n_jobs": 1}, "one.xtc")
        assert bytes_of(u, ref, {"frames": frames, **cut}, "out.xtc") == expected
        whole = positions_of(PSF, "whole.xtc") if os.path.exists("whole.xtc") else None
        if whole is None:
            bytes_of(u, ref, name="whole.xtc")
            whole = positions_of(PSF, "whole.xtc")
        np.testing.assert_array_equal(positions_of(PSF, "out.xtc"), whole[frames])

    def test_backwards(self, u, ref):
        bytes_of(u, ref, name="out.xtc")
        bytes_of(u, ref, {"step": -9}, "back.xtc")
        np.testing.assert_array_equal(positions_of(PSF, "back.xtc"), positions_of(PSF, "out.xtc")[::-9])


class TestHowFramesCome:
    def test_times_steps_and_boxes_stay(self):
        mobile = mda.Universe(GRO, XTC)
        align.AlignTraj(mobile, mobile, "name CA", "out.xtc").run(start=2, step=3)
        align.AlignTraj(mobile, mobile, "name CA", "out.dcd").run(start=2, step=3)
        kept = [(ts.time, ts.data["step"], ts.dimensions.copy()) for ts in mobile.trajectory[2::3]]
        for name, tolerance in (("out.xtc", 0), ("out.dcd", 1e-3)):
            shown = mda.Universe(GRO, name).trajectory
            assert len(shown) == len(kept)
            for ts, (time, step, dimensions) in zip(shown, kept, strict=True):
                assert ts.time == pytest.approx(time, abs=tolerance)
                assert name == "out.dcd" or ts.data["step"] == step
                np.testing.assert_allclose(ts.dimensions, dimensions, rtol=0, atol=1e-4)

    def test_uneven_times_are_kept_by_xtc_and_warned_about_by_dcd(self, u, ref):
        run = {"frames": [5, 3, 3, 90]}
        with pytest.warns(MdloomWarning, match=r"out.dcd: DCD has room for evenly spaced, ascending times only.*\.xtc"):
            bytes_of(u, ref, run)
        bytes_of(u, ref, run, "out.xtc")
        np.testing.assert_allclose(
            [ts.time for ts in mda.Universe(PSF, "out.xtc").trajectory], [6, 4, 4, 91], atol=1e-3
        )

    def test_universes_are_not_moved_or_edited(self, u, ref):
        u.trajectory[7], ref.trajectory[20]
        before = u.atoms.positions.copy()
        align.AlignTraj(u, ref, "name CA", "out.dcd").run()
        assert u.trajectory.ts.frame == 7 and ref.trajectory.ts.frame == 20
        np.testing.assert_array_equal(u.atoms.positions, before)

    def test_the_current_frame_of_mobile_may_be_the_reference(self, u):
        u.trajectory[30]
        found = align.AlignTraj(u, u, "name CA", "out.dcd").run()
        assert found.rmsd[30] < 1e-6 < found.rmsd[29]

    def test_several_files_are_one_trajectory(self, ref):
        mobile = mda.Universe(PSF, [DCD, DCD2])
        mine = align.AlignTraj(mobile, ref, "name CA", "mine.dcd").run()
        theirs = mda_align.AlignTraj(mda.Universe(PSF, [DCD, DCD2]), ref, "name CA", "theirs.dcd").run()
        np.testing.assert_allclose(mine.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)
        np.testing.assert_allclose(positions_of(PSF, "mine.dcd"), positions_of(PSF, "theirs.dcd"), rtol=0, atol=1e-5)

    def test_transformations_come_first(self, u, ref):
        plain = bytes_of(u, ref, name="plain.dcd")
        moved = mda.Universe(PSF, DCD)
        moved.trajectory.add_transformations(transformations.translate([30, -50, 3]))
        assert bytes_of(moved, ref) != plain, "float32 positions elsewhere"
        np.testing.assert_allclose(positions_of(PSF, "out.dcd"), positions_of(PSF, "plain.dcd"), rtol=0, atol=3e-5)

    def test_a_part_of_the_atoms_and_a_structure_as_the_reference(self, u):
        protein, crystal = u.select_atoms("resid 1-100"), mda.Universe(PSF, CRD)
        found = align.AlignTraj(
            protein, crystal, {"mobile": "name CA", "reference": "name CA and resid 1-100"}, "o.xtc"
        )
        found.run()
        assert positions_of(mda.Merge(protein)._topology, "o.xtc").shape == (98, len(protein), 3)
        whole = align.AlignTraj(u, crystal, "name CA and resid 1-100", "whole.xtc").run()
        np.testing.assert_array_equal(found.rmsd, whole.rmsd)
        np.testing.assert_array_equal(
            positions_of(mda.Merge(protein)._topology, "o.xtc"), positions_of(PSF, "whole.xtc")[:, protein.ix]
        )

    def test_other_formats_are_read_through_mdanalysis(self):
        mobile = mda.Universe(PDB_multiframe)
        found = align.AlignTraj(mobile, mobile, "name CA", "out.dcd").run()
        theirs = mda_align.AlignTraj(mda.Universe(PDB_multiframe), mobile, "name CA", "theirs.dcd").run()
        assert "MDAnalysis" in repr(found)
        np.testing.assert_allclose(found.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)


class TestInMemory:
    def test_the_universe_shows_what_the_file_would(self, u, ref, place):
        with pytest.warns(MdloomWarning, match=r"mobile stays as it is.*results\.universe"):
            found = align.AlignTraj(u, ref, "name CA", in_memory=True).run(n_jobs=2, **place)
        align.AlignTraj(u, ref, "name CA", "out.dcd").run()
        shown = found.results.universe
        assert found.filename is None and os.listdir() == ["out.dcd"]
        np.testing.assert_array_equal([shown.atoms.positions for _ in shown.trajectory], positions_of(PSF, "out.dcd"))
        np.testing.assert_allclose([ts.time for ts in shown.trajectory], [ts.time for ts in u.trajectory], atol=1e-3)
        assert type(u.trajectory).__name__ == "DCDReader" and (shown.atoms.names == u.atoms.names).all()

    def test_a_universe_in_memory_needs_no_file(self, ref):
        mobile = mda.Universe(PSF, DCD, in_memory=True)
        before = mobile.trajectory.get_array().copy()
        with pytest.warns(MdloomWarning, match="mobile stays as it is"):
            found = align.AlignTraj(mobile, ref, "name CA").run()
        np.testing.assert_array_equal(mobile.trajectory.get_array(), before)
        theirs = mda_align.AlignTraj(mobile, ref, "name CA").run()
        np.testing.assert_allclose(found.rmsd, theirs.results.rmsd, rtol=0, atol=1e-6)
        np.testing.assert_allclose(
            found.results.universe.trajectory.get_array(), mobile.trajectory.get_array(), rtol=0, atol=1e-5
        )

    def test_boxes_stay_and_it_pickles(self):
        mobile = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
        with pytest.warns(MdloomWarning, match=r"filename=x\.xtc is not written, and mobile stays"):
            found = align.AlignTraj(mobile, mobile, "protein", "x.xtc", in_memory=True).run()
        shown = pickle.loads(pickle.dumps(found)).results.universe
        for ts, old in zip(shown.trajectory, mobile.trajectory, strict=True):
            np.testing.assert_allclose(ts.dimensions, old.dimensions, rtol=0, atol=1e-4)
            assert ts.time == old.time


class TestResults:
    def test_they_are_saved_and_drawn_with_frames_and_times(self, u, ref):
        found = align.AlignTraj(u, ref, "name CA", "out.dcd").run(step=40)
        found.save("rmsd.csv")
        lines = Path("rmsd.csv").read_text().splitlines()
        assert [line.split(",")[0] for line in lines[-4:]] == ["frame", "0", "40", "80"]
        assert "# written: out.dcd" in lines and lines[-4] == "frame,time,rmsd"
        found.save("rmsd.npz")
        np.testing.assert_array_equal(np.load("rmsd.npz")["rmsd"], found.rmsd)
        assert repr(found).startswith("<AlignTraj 3 frames, 3341 atoms")

    def test_two_files_and_an_rmsd_in_one_pass(self, u, ref):
        plain = rms.RMSD(u, ref, select="name CA")
        aligned = align.AlignTraj(u, ref, "name CA", "out.xtc")
        converted = Conversion(u, "all.dcd", select="name CA")
        mdloom.run([plain, aligned, converted], n_jobs=2)
        np.testing.assert_array_equal(aligned.rmsd, plain.rmsd[:, 2])
        assert Path("out.xtc").read_bytes() == bytes_of(u, ref, name="alone.xtc")
        assert Path("all.dcd").read_bytes() == Path(mdloom.convert(u, "alone.dcd", select="name CA")).read_bytes()
        assert sorted(os.listdir()) == ["all.dcd", "alone.dcd", "alone.xtc", "out.xtc"]

    @pytest.mark.parametrize("files", [(GRO, XTC), (GRO, TRR)])
    def test_in_one_pass_with_an_analysis_in_python(self, files):
        mobile = mda.Universe(*files)
        aligned = align.AlignTraj(mobile, mobile, "protein and name CA", "out.xtc")
        in_python = AnalysisFromFunction(lambda group: group.positions[0], mobile, mobile.atoms[:5])
        mdloom.run([aligned, in_python], n_jobs=2)
        alone = bytes_of(mobile, mobile, name="alone.xtc", select="protein and name CA")
        assert Path("out.xtc").read_bytes() == alone

    def test_partial_results_have_the_rmsd(self, u, ref):
        found = align.AlignTraj(u, ref, "name CA", "out.xtc").run(stop=40)
        np.testing.assert_array_equal(found.partial().rmsd, found.rmsd)
        assert list(found.partial().frames) == list(range(40))

    def test_it_runs_again_and_quietly(self, u, ref):
        found = align.AlignTraj(u, ref, "name CA", "out.xtc").run(stop=40)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found.run(n_jobs=2)
        assert Path("out.xtc").read_bytes() == bytes_of(u, ref, name="once.xtc")
