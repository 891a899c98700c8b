"""Frames in every way they can come: files, memory, chains, transformations; and the Universe left alone."""

import pickle
import threading
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import align
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, TPR, TRR, XTC, PDB_multiframe, PDB_small

from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning
from mdloom.universe import reopen_source, trajectory_source
from rmsd_checks import assert_same_rmsd, mda_rmsd

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def how(universe):
    return trajectory_source(universe)[1]


class TestHowFramesCome:
    @pytest.mark.parametrize("order", ["fac", "fca", "afc", "acf", "caf", "cfa"])
    def test_memory_in_any_stored_order_is_read_in_place(self, u, ref, order):
        positions = u.trajectory.timeseries(order=order).astype(np.float32)
        u.load_new(positions, order=order, dt=2.5)
        source, kind, *_ = trajectory_source(u)
        assert kind == "memory" and source.n_frames == 98
        found = rms.RMSD(u, ref, select="name CA").run()
        expected = mda_rmsd(ref, select="name CA")
        expected[:, 1] = 2.5 * np.arange(98)
        assert_same_rmsd(found.rmsd, expected)

    def test_edits_in_memory_count(self, ref):
        u = mda.Universe(PSF, DCD, in_memory=True)
        align.AlignTraj(u, ref, select="resid 1-30 and name CA", in_memory=True).run()
        group, start = u.select_atoms("name CA"), ref.select_atoms("name CA")
        found = rms.RMSD(group, start, superposition=False).run().rmsd
        expected = [mda_rms.rmsd(group.positions, start.positions) for _ in u.trajectory]
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)
        untouched = rms.RMSD(ref.select_atoms("name CA"), start, superposition=False).run().rmsd
        assert np.abs(found[1:, 2] - untouched[1:, 2]).max() > 0.1

    def test_boxes_in_memory_are_read(self):
        u = mda.Universe(GRO, XTC)
        u.transfer_to_memory()
        source = trajectory_source(u)[0]
        for ts in u.trajectory:
            np.testing.assert_array_equal(source.read(None, ts.frame, 1, 1)[2][0], ts.triclinic_dimensions)

    def test_several_files_are_one_trajectory(self, ref):
        u = mda.Universe(PSF, [DCD, DCD2])
        assert how(u) == "native"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"), time_column=False)
        np.testing.assert_allclose(found[:, 1], [ts.time for ts in u.trajectory], rtol=0, atol=1e-4)

    def test_files_of_several_kinds_are_read_through_mdanalysis(self, ref):
        u = mda.Universe(PSF, [DCD, PDB_small])
        assert how(u) == "python"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"), time_column=False)

    def test_a_continuous_chain_is_read_through_mdanalysis(self, tmp_path):
        whole = mda.Universe(GRO, XTC)
        for name, frames in (("a.xtc", slice(0, 6)), ("b.xtc", slice(4, 10))):
            whole.atoms.write(tmp_path / name, frames=whole.trajectory[frames])
        u = mda.Universe(GRO, [str(tmp_path / "a.xtc"), str(tmp_path / "b.xtc")], continuous=True)
        assert how(u) == "python" and len(u.trajectory) == 10
        found = rms.RMSD(u, select="name CA").run().rmsd
        np.testing.assert_array_equal(found, rms.RMSD(whole, select="name CA").run().rmsd)

    @pytest.mark.parametrize("kwargs", [{"dt": 7.5}, {"time_offset": 3}, {"convert_units": False}], ids=str)
    def test_reader_arguments_are_honoured_through_mdanalysis(self, kwargs):
        u = mda.Universe(GRO, XTC, **kwargs)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u, select="name CA").run().rmsd, mda_rmsd(u, select="name CA"))

    @pytest.mark.parametrize("path", [XTC, TRR])
    def test_a_part_of_a_file_is_refused_because_mdanalysis_would_die(self, path):
        atoms = mda.Universe(GRO, XTC).select_atoms("protein")
        part = mda.Merge(atoms)
        part.load_new(path, sub=atoms.ix)
        with pytest.raises(ArgumentError, match="files opened with sub= cannot be read"):
            rms.RMSD(part).run()

    def test_a_subclass_of_a_native_reader_is_not_taken_for_it(self, u):
        class Mirrored(type(u.trajectory)):
            format = "MIRRORED_DCD"

            def _frame_to_ts(self, frame, ts):
                ts = super()._frame_to_ts(frame, ts)
                ts.positions[:, 0] *= -1
                return ts

        u.load_new(DCD, format=Mirrored)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u, select="name CA").run().rmsd, mda_rmsd(u, select="name CA"))

    def test_a_single_frame_is_taken_as_it_stands_with_edits(self):
        u, ref = mda.Universe(GRO), mda.Universe(GRO)
        u.select_atoms("resid 3").positions += 4
        assert how(u) == "python"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert found[0, 2] > 0.4
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"))

    def test_many_models_are_read_through_mdanalysis(self):
        u = mda.Universe(PDB_multiframe)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u).run().rmsd, mda_rmsd(u))

    def test_a_file_that_has_grown_shows_what_the_universe_shows(self, tmp_path):
        path = tmp_path / "growing.xtc"
        path.write_bytes(Path(XTC).read_bytes())
        u = mda.Universe(GRO, str(path))
        with open(path, "ab") as file:
            file.write(Path(XTC).read_bytes())
        assert trajectory_source(u)[0].n_frames == 10
        assert rms.RMSD(u, select="name CA").run().rmsd.shape == (10, 3)

    def test_other_processes_get_the_same_frames(self, u):
        u.trajectory.add_transformations(
            transformations.fit_rot_trans(u.select_atoms("name CA"), u.copy().select_atoms("name CA"))
        )
        source, _, _, reopen = trajectory_source(u)
        again = reopen_source(pickle.loads(pickle.dumps(reopen)))
        for frame in (50, 3):
            for mine, theirs in zip(source.read(None, frame, 1, 2), again.read(None, frame, 1, 2), strict=True):
                np.testing.assert_array_equal(mine, theirs)

    def test_relative_file_names_are_not_sent_to_other_folders(self, tmp_path, monkeypatch):
        (tmp_path / "models.pdb").write_bytes(Path(PDB_multiframe).read_bytes())
        monkeypatch.chdir(tmp_path)
        assert trajectory_source(mda.Universe("models.pdb"))[3] == ("sent",)


def center_of_first(u):
    def shift(ts):
        ts.positions = ts.positions - u.select_atoms("resid 1-9").center_of_geometry().astype(np.float32)
        return ts

    return shift


class Stubborn:
    """A transformation that cannot be pickled and holds the user's group."""

    def __init__(self, group):
        self.group = group

    def __call__(self, ts):
        return ts

    def __reduce__(self):
        raise TypeError("not me")


class TestTransformations:
    @pytest.mark.parametrize(
        "make",
        [
            lambda u, ref: transformations.translate([100, 0, 0]),
            lambda u, ref: transformations.rotateby(70, [1, 2, 3], ag=u.select_atoms("resid 1-50")),
            lambda u, ref: transformations.fit_rot_trans(u.select_atoms("name CA"), ref.select_atoms("name CA")),
            lambda u, ref: center_of_first(u),
        ],
        ids=["translate", "rotateby", "fit_rot_trans", "a closure over the Universe"],
    )
    @pytest.mark.parametrize("superposition", [True, False])
    def test_are_applied(self, u, ref, make, superposition):
        start = mda.Universe(PSF, DCD)
        u.trajectory.add_transformations(make(u, ref))
        found = rms.RMSD(u, start, superposition, select="name CA").run().rmsd
        group, target = u.select_atoms("name CA"), start.select_atoms("name CA").positions
        expected = [mda_rms.rmsd(group.positions, target, superposition=superposition) for _ in u.trajectory]
        large = np.array(expected) > 1e-3
        np.testing.assert_allclose(found[large, 2], np.array(expected)[large], rtol=0, atol=1e-6)

    def test_unwrapping_heals_a_broken_protein(self):
        u = mda.Universe(TPR, XTC)
        with pytest.warns(MdloomWarning, match="broken across the periodic box"):
            jumping = rms.RMSD(u, select="name CA").run(step=3).rmsd
        u.trajectory.add_transformations(transformations.unwrap(u.select_atoms("protein")))
        healed = rms.RMSD(u, select="name CA").run(step=3).rmsd
        assert jumping[:, 2].max() > 10 > 3 > healed[:, 2].max()
        assert_same_rmsd(healed, mda_rmsd(u, select="name CA", run={"step": 3}))

    def test_a_transformation_with_a_memory_is_refused(self, u):
        other = mda.Universe(GRO, XTC)
        other.trajectory.add_transformations(transformations.nojump.NoJump())
        with pytest.raises(ArgumentError, match="NoJump remembers earlier frames"):
            rms.RMSD(other, select="name CA").run()

    def test_a_function_that_cannot_follow_the_copy_is_refused(self, u):
        u.trajectory.add_transformations(Stubborn(u.atoms))
        with pytest.raises(ArgumentError, match="holds atoms of your Universe"):
            rms.RMSD(u, select="name CA").run()


def failing_transformation(ts):
    if ts.frame == 60:
        raise RuntimeError("no such luck")
    return ts


class TestTheUniverseStays:
    @pytest.mark.parametrize("kind", ["native", "chain", "memory", "python", "single"])
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_frame_and_edited_positions_are_the_same_afterwards(self, kind, n_jobs):
        u = {
            "native": lambda: mda.Universe(PSF, DCD),
            "chain": lambda: mda.Universe(PSF, [DCD, PDB_small, DCD2]),
            "memory": lambda: mda.Universe(PSF, DCD, in_memory=True),
            "python": lambda: mda.Universe(PSF, DCD),
            "single": lambda: mda.Universe(GRO),
        }[kind]()
        if kind == "python":
            u.trajectory.add_transformations(transformations.translate([1, 2, 3]))
        if kind != "single":
            u.trajectory[7]
        u.atoms[:50].positions += 2.5
        frame, time, positions = u.trajectory.frame, u.trajectory.ts.time, u.atoms.positions.copy()
        rms.RMSD(u, select="name CA", groupselections=["protein"], ref_frame=0).run(n_jobs=n_jobs)
        assert (u.trajectory.frame, u.trajectory.ts.time) == (frame, time)
        np.testing.assert_array_equal(u.atoms.positions, positions)

    def test_what_cannot_be_pickled_is_copied(self, u):
        class Shift:
            def __call__(self, ts):
                ts.positions = ts.positions + 3
                return ts

            def __reduce__(self):
                raise TypeError("not me")

        u.trajectory.add_transformations(Shift())
        u.trajectory[7]
        positions = u.atoms.positions.copy()
        found = rms.RMSD(u, select="name CA", ref_frame=0).run().rmsd
        np.testing.assert_array_equal(u.atoms.positions, positions)
        assert u.trajectory.frame == 7
        assert_same_rmsd(found, mda_rmsd(u, select="name CA"))

    def test_also_after_an_error(self, u):
        u.trajectory.add_transformations(failing_transformation)
        u.trajectory[7]
        u.atoms.positions += 1
        positions = u.atoms.positions.copy()
        analysis = rms.RMSD(u, select="name CA")
        with pytest.raises(OSError, match=r"frame 60.*no such luck"):
            analysis.run()
        assert u.trajectory.frame == 7
        np.testing.assert_array_equal(u.atoms.positions, positions)
        assert analysis.run(stop=60).rmsd.shape == (60, 3)

    def test_several_threads_may_analyse_one_universe(self, u):
        u.trajectory.add_transformations(transformations.translate([1, 2, 3]))
        expected = rms.RMSD(u, select="name CA").run(n_jobs=1).rmsd
        found = [None] * 4

        def work(i):
            found[i] = rms.RMSD(u, select="name CA").run(n_jobs=2).rmsd

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        [thread.start() for thread in threads]
        [thread.join(60) for thread in threads]
        for one in found:
            np.testing.assert_array_equal(one, expected)
