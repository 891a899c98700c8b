"""Files that a run writes are there whole or not at all, whatever happens to it."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from mdloom import align, trajectory_files
from mdloom.conversion import Conversion
from mdloom.errors import ArgumentError, BackendError, FileError, MdloomWarning
from test_processes import lane_processes, once

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:.*DCD has room for evenly spaced"),
]

LONG = np.tile(np.arange(98), 60)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class TestLostWorkers:
    def test_a_killed_process_changes_no_byte(self, u):
        expected = Path(mdloom.convert(u, "one.dcd", frames=LONG, n_jobs=1)).read_bytes()
        Conversion(u, "warm.dcd").run(n_jobs=3, scheduler="processes")  # start them, so that they can be killed
        killed = []

        def kill_one():
            killed.append(lane_processes()[0])
            os.kill(killed[0], signal.SIGKILL)

        mdloom.convert(u, "out.dcd", frames=LONG, n_jobs=3, scheduler="processes", progress=once(kill_one, 500))
        assert killed
        assert Path("out.dcd").read_bytes() == expected
        assert sorted(os.listdir()) == ["one.dcd", "out.dcd", "warm.dcd"]

    def test_when_all_die_nothing_is_left(self, u):
        Path("out.dcd").write_bytes(b"old")

        def kill_all():
            for pid in lane_processes():
                os.kill(pid, signal.SIGKILL)

        with pytest.raises(BackendError):
            mdloom.convert(
                u, "out.dcd", frames=LONG, n_jobs=2, scheduler="processes", overwrite=True, progress=once(kill_all, 100)
            )
        assert os.listdir() == ["out.dcd"] and Path("out.dcd").read_bytes() == b"old"

    def test_a_killed_dask_worker_changes_no_byte(self, u, no_ambient_client):
        from distributed import Client, LocalCluster

        expected = Path(mdloom.convert(u, "one.dcd", frames=LONG, n_jobs=1)).read_bytes()
        with (
            LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster) as client,
        ):
            pid = next(iter(client.run(os.getpid).values()))
            kill = once(lambda: os.kill(pid, signal.SIGKILL), 200)
            mdloom.convert(u, "out.dcd", frames=LONG, client=client, progress=kill)
        assert Path("out.dcd").read_bytes() == expected
        assert not [name for name in os.listdir() if name.startswith(".")]


INTERRUPTED = """
import numpy as np, MDAnalysis as mda, mdloom
told = []
def progress(done, total):
    if done > 300 and not told:
        told.append(True)
        print("working", flush=True)
if __name__ == "__main__":
    u = mda.Universe{files}
    try:
        mdloom.convert(
            u, "out.dcd", frames=np.tile(np.arange(98), 3000), overwrite=True, progress=progress, n_jobs=2, {how}
        )
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.parametrize("how", ["scheduler='threads'", "scheduler='processes'", "scheduler='synchronous'"])
def test_ctrl_c_leaves_the_old_file_and_nothing_else(adk_files, how):
    Path("out.dcd").write_bytes(b"old")
    Path("script.py").write_text(INTERRUPTED.format(files=adk_files, how=how))
    with subprocess.Popen([sys.executable, "-W", "ignore", "script.py"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "working\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert sorted(os.listdir()) == ["out.dcd", "script.py"] and Path("out.dcd").read_bytes() == b"old"


class TestTheDestination:
    def test_is_never_there_in_parts(self, u):
        seen, stop = set(), threading.Event()

        def look():
            while not stop.is_set():
                seen.add(os.path.getsize("out.dcd"))

        Path("out.dcd").write_bytes(b"old")
        thread = threading.Thread(target=look)
        thread.start()
        n_bytes = mdloom.convert(u, "out.dcd", frames=LONG, overwrite=True, n_jobs=2).n_bytes
        stop.set()
        thread.join()
        assert seen <= {3, n_bytes}

    def test_is_not_replaced_unless_that_is_wanted(self, u):
        Path("out.dcd").write_bytes(b"old")
        with pytest.raises(FileError, match="out.dcd exists already: give another name, or overwrite=True to replace"):
            mdloom.convert(u, "out.dcd")
        with pytest.raises(OSError, match="or force=True to replace it"):
            align.AlignTraj(u, u, "name CA", "out.dcd", force=False)
        later = align.AlignTraj(u, u, "name CA", "later.dcd", force=False)
        Path("later.dcd").write_bytes(b"somebody else's")
        with pytest.raises(FileError, match="later.dcd exists already"):
            later.run()
        assert Path("later.dcd").read_bytes() == b"somebody else's"
        Path("out.dcd").chmod(0o640)
        mdloom.convert(u, "out.dcd", overwrite=True)
        assert os.stat("out.dcd").st_mode & 0o777 == 0o640 and os.path.getsize("out.dcd") > 1000

    def test_a_file_that_comes_while_it_works_stays(self, u):
        with pytest.raises(ArgumentError, match="out.dcd exists already"):
            mdloom.convert(u, "out.dcd", frames=LONG, progress=once(lambda: Path("out.dcd").write_bytes(b"new"), 100))
        assert os.listdir() == ["out.dcd"] and Path("out.dcd").read_bytes() == b"new"

    def test_the_trajectory_that_is_read_is_refused(self):
        Path("in.dcd").write_bytes(Path(DCD).read_bytes())
        os.symlink("in.dcd", "link.dcd")
        os.link("in.dcd", "hard.dcd")
        universe = mda.Universe(PSF, "in.dcd")
        for name in ("in.dcd", "link.dcd", "hard.dcd", os.path.abspath("in.dcd")):
            with pytest.raises(ArgumentError, match=f"{name} is the trajectory that is read: write to another"):
                align.AlignTraj(universe, universe, "name CA", name)
            with pytest.raises(ArgumentError, match=f"{name} is the trajectory that is read"):
                mdloom.convert("in.dcd", name, overwrite=True)
        with pytest.raises(ArgumentError, match="in.dcd is the trajectory that is read"):
            align.AlignTraj(universe, universe, "name CA", prefix="")
        assert Path("in.dcd").read_bytes() == Path(DCD).read_bytes()

    def test_a_link_stays_one(self, u):
        Path("real.dcd").write_bytes(b"old")
        os.symlink("real.dcd", "link.dcd")
        mdloom.convert(u, "link.dcd", overwrite=True)
        assert os.path.islink("link.dcd") and os.path.getsize("real.dcd") > 1000

    def test_two_analyses_do_not_write_the_same_file(self, u):
        both = [Conversion(u, "out.dcd"), Conversion(u, os.path.abspath("out.dcd"), select="name CA")]
        with pytest.raises(ArgumentError, match="out.dcd is being written already"):
            mdloom.run(both)
        assert os.listdir() == []
        both[1].run()

    def test_a_place_that_may_not_be_written_to_is_told(self, u, monkeypatch):
        def forbidden(path, *rest):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

        monkeypatch.setattr(trajectory_files.os, "mkdir", forbidden)
        with pytest.raises(FileError, match="out.dcd cannot be written: Permission denied"):
            mdloom.convert(u, "out.dcd")
        assert os.listdir() == []

    def test_a_folder_is_no_file(self, u):
        os.mkdir("folder.dcd")
        with pytest.raises(FileError, match=r"folder\.dcd is a folder"):
            mdloom.convert(u, "folder.dcd")

    def test_a_disk_that_will_be_full_is_told_before(self, u, monkeypatch):
        usage = type(shutil.disk_usage("."))
        monkeypatch.setattr(trajectory_files.shutil, "disk_usage", lambda _: usage(8_000_000, 1_000_000, 7_000_000))
        with pytest.raises(FileError, match=r"out.dcd takes 3\.9\d MB, and as much again.*7 MB are free"):
            mdloom.convert(u, "out.dcd")
        assert os.listdir() == []

    @pytest.mark.parametrize("how", [{"n_jobs": 1}, {"n_jobs": 2}, {"n_jobs": 2, "scheduler": "processes"}])
    def test_parts_that_cannot_be_written_are_one_error_with_a_frame(self, u, how, monkeypatch):
        make = trajectory_files.TrajectoryFile.make_analysis

        def make_and_remove(self, indices):
            analysis = make(self, indices)
            os.rmdir(self._folder)
            return analysis

        monkeypatch.setattr(trajectory_files.TrajectoryFile, "make_analysis", make_and_remove)
        Path("out.dcd").write_bytes(b"old")
        with pytest.raises(
            FileError, match="frame 0: the folder .*parts of the trajectory is not there on .*all worke"
        ):
            mdloom.convert(u, "out.dcd", overwrite=True, **how)
        assert os.listdir() == ["out.dcd"] and Path("out.dcd").read_bytes() == b"old"

    def test_parts_that_vanish_are_told_with_their_frames(self, u, monkeypatch):
        join = trajectory_files.TrajectoryFile.join

        def join_without(self, written):
            for name in os.listdir(self._folder):
                os.unlink(os.path.join(self._folder, name))
            return join(self, written)

        monkeypatch.setattr(trajectory_files.TrajectoryFile, "join", join_without)
        Path("out.dcd").write_bytes(b"old")
        conversion = Conversion(u, "out.dcd", overwrite=True)
        with pytest.raises(FileError, match=r"frame 5, frame 6, .*\(93 in all\) are not among what workers wrote"):
            conversion.run(start=5)
        assert os.listdir() == ["out.dcd"] and Path("out.dcd").read_bytes() == b"old"
        assert not conversion.results, "a run that failed has none"

    def test_a_frame_that_the_format_cannot_hold_is_named(self):
        far = mda.Universe(PSF, DCD, in_memory=True)
        far.trajectory.get_array()[60] += 4e6
        with pytest.raises(ArgumentError, match="frame 60: "):
            mdloom.convert(far, "out.xtc", precision=6)
        assert os.listdir() == []


class TestAlignTrajRefuses:
    def test_atoms_that_do_not_match(self, u):
        other = mda.Universe(PSF, DCD)
        lacking = mda.Merge(other.select_atoms("not (resid 11 and name CB)"))
        for options, message in (
            ({"strict": True}, "mobile has 3341 atoms, reference has 3340, and strict=True wants"),
            ({"match_atoms": False}, "and match_atoms=False wants"),
            ({"select": ("name CA", "resid 1")}, "214 and 1 residues, which cannot be matched"),
            ({"select": ("name CA", "name CA or name CB")}, None),
            ({"select": ("name CA", "name CB"), "match_atoms": True}, None),
        ):
            if message is not None:
                with pytest.raises(ArgumentError, match=message):
                    align.AlignTraj(u, lacking, **options)
        other.atoms.masses = np.roll(other.atoms.masses, 1)
        with pytest.raises(ArgumentError, match="masses of .* atom pairs differ by more than 0.1.*match_atoms=False"):
            align.AlignTraj(u, other)
        assert align.AlignTraj(u, other, match_atoms=False, filename="o.dcd").filename == "o.dcd"

    def test_groups_and_arguments(self, u):
        for arguments, options, message in (
            ((u, u, "name XX"), {}, "matches no atom"),
            ((u, mda.Universe(PSF)), {}, "holds a topology only"),
            ((mda.Universe(PSF), u), {}, "holds a topology only"),
            (("adk.dcd", u), {}, "mobile takes an AtomGroup or a Universe, not str"),
            ((u, u), {"filename": "out.pdb"}, r"written to \.dcd and \.xtc, not to \.pdb"),
            ((u, u), {"filename": "o.xtc", "writer_kwargs": {"multiframe": 1}}, "not multiframe"),
            ((u, u), {"filename": "o.dcd", "weights": [1, 2]}, "weights has the shape"),
        ):
            with pytest.raises(ArgumentError, match=message):
                align.AlignTraj(*arguments, **options)
        with pytest.raises(ArgumentError, match="there is no frame to write"):
            align.AlignTraj(u, u, "name CA").run(stop=0)
        with pytest.raises(TypeError):
            align.AlignTraj(u, u, nonsense=1)

    def test_a_name_by_default_that_has_another_ending(self):
        from MDAnalysisTests.datafiles import TRR

        mobile = mda.Universe(GRO, TRR)
        with pytest.raises(ArgumentError, match=r"rmsfit_adk_oplsaa\.trr: trajectories are written to \.dcd and \.xtc"):
            align.AlignTraj(mobile, mobile, "name CA")

    def test_more_memory_than_there_is(self, monkeypatch):
        from mdloom import memory

        mobile = mda.Universe(GRO, XTC)
        with pytest.warns(MdloomWarning, match="mobile stays"):
            found = align.AlignTraj(mobile, mobile, "name CA", in_memory=True)
        monkeypatch.setattr(memory, "free_bytes", lambda: 10_000_000)
        with pytest.raises(
            ArgumentError, match="10 frames of 47681 atoms in memory: 11.4 MB are needed, and 10 MB are free; give a"
        ):
            found.run()
