"""Bad input: one clear error or one warning, never a crash, a silent number or lost work."""

import os
import shutil
import struct
import warnings

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from cluster_helpers import run_script
from mdloom import rms
from mdloom.errors import ArgumentError, FileError, FormatError, MdloomWarning
from xtc_files import frame_starts


def overwrite(path, offset, data):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def rmsd_of(path, **arguments):
    universe = mda.Universe(GRO, str(path))
    return rms.RMSD(universe.select_atoms("name CA"), mda.Universe(GRO, XTC).select_atoms("name CA")).run(**arguments)


@pytest.fixture(autouse=True)
def broken_protein_is_known():
    """adk_oplsaa.xtc has its protein split over the box; that warning is tested elsewhere."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*broken across", category=MdloomWarning)
        yield


def test_missing_file():
    with pytest.raises(FileError, match="nowhere.xtc"):
        mdloom.open("nowhere.xtc")


def test_empty_file(tmp_path):
    path = tmp_path / "empty.xtc"
    path.touch()
    with pytest.raises((FileError, FormatError), match="empty"):
        mdloom.open(path)


def test_directory(tmp_path):
    path = tmp_path / "folder.xtc"
    path.mkdir()
    with pytest.raises(FileError, match="directory"):
        mdloom.open(path)


def test_wrong_format(tmp_path):
    path = tmp_path / "really_a_dcd.xtc"
    shutil.copy(DCD, path)
    with pytest.raises(FormatError, match="really_a_dcd.xtc.*expected.*found"):
        mdloom.open(path)


def test_truncated_last_frame_is_said_once_and_whole_frames_are_analysed(xtc):
    starts = frame_starts(xtc)
    os.truncate(xtc, starts[7] + 1000)
    with pytest.warns(MdloomWarning, match=f"ends inside frame 7 .*{starts[7] + 1000:,}.*7 whole frames") as caught:
        result = rmsd_of(xtc)
    assert len([w for w in caught if "ends inside" in str(w.message)]) == 1
    np.testing.assert_array_equal(result.rmsd, rmsd_of(XTC, stop=7).rmsd)


def test_truncated_last_frame_is_an_error_when_strict(xtc):
    os.truncate(xtc, frame_starts(xtc)[7] + 1000)
    with pytest.raises(FormatError, match="ends inside frame 7"):
        rmsd_of(xtc, strict=True)


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_flipped_bits_name_file_frame_and_byte_for_any_n_jobs(xtc, n_jobs):
    starts = frame_starts(xtc)
    for frame in (6, 8):
        overwrite(xtc, starts[frame] + 1000, b"\xff" * 64)
    damaged, whole = mda.Universe(GRO, str(xtc)), mda.Universe(GRO, XTC)
    analysis = rms.RMSD(damaged.select_atoms("name CA"), whole.select_atoms("name CA"))
    with pytest.raises(FormatError, match=r"traj\.xtc: frame 6 .*byte"):
        analysis.run(n_jobs=n_jobs)
    assert "rmsd" not in analysis.results
    done = analysis.partial()
    assert set(done.frames) <= set(range(10)) - {6, 8}
    np.testing.assert_array_equal(done.rmsd[:, 0], done.frames)
    np.testing.assert_array_equal(analysis.run(stop=6, n_jobs=n_jobs).rmsd, rmsd_of(XTC, stop=6).rmsd)


def test_damaged_header_is_found_when_the_file_is_opened(xtc):
    overwrite(xtc, frame_starts(xtc)[6] + 84, struct.pack(">i", 200))
    with pytest.raises(FormatError, match=r"traj\.xtc: frame 6 at byte .*200.*9 to 72"):
        mdloom.open(xtc)


def test_absurd_sizes_are_refused_before_anything_is_allocated(xtc):
    overwrite(xtc, 88, struct.pack(">I", 0xFFFFFFF0))  # payload of the first frame
    with pytest.raises(FormatError, match="traj.xtc"):
        mdloom.open(xtc)
    shutil.copy(XTC, xtc)
    overwrite(xtc, 4, struct.pack(">i", 0x7FFFFFFF))  # number of atoms
    with pytest.raises(FormatError, match="traj.xtc"):
        mdloom.open(xtc)


def test_number_of_atoms_that_changes_on_the_way_is_an_error(xtc):
    start = frame_starts(xtc)[3]
    overwrite(xtc, start + 4, struct.pack(">i", 1000))
    with pytest.raises(FormatError, match=r"frame 3.*47681.*1000|frame 3.*1000.*47681"):
        mdloom.open(xtc)


def test_poisoned_index_is_not_believed(xtc):
    before = mdloom.open(xtc).read(atoms=[5])
    index = xtc.with_name(".traj.xtc.mdloom-index")
    assert index.exists()
    data = bytearray(index.read_bytes())
    data[len(data) // 2] ^= 0x55
    index.write_bytes(data)
    with pytest.warns(MdloomWarning, match="index"):
        after = mdloom.open(xtc).read(atoms=[5])
    np.testing.assert_array_equal(after, before)


def test_stale_index_is_replaced_without_a_word(xtc):
    mdloom.open(xtc)
    os.truncate(xtc, frame_starts(xtc)[4])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(mdloom.open(xtc)) == 4


def test_nan_coordinates_are_refused_by_name():
    positions = np.random.default_rng(1).normal(0, 5, (6, 20, 3)).astype(np.float32)
    universe = mda.Universe.empty(20, trajectory=True)
    universe.load_new(positions)
    universe.trajectory.get_array()[4, 7, 1] = np.nan
    with pytest.raises(FormatError, match="frame 4: atom 7 has the coordinate nan"):
        rms.RMSD(universe.atoms).run()


def test_no_frames_give_an_empty_table():
    universe = mda.Universe(PSF, DCD)
    with pytest.warns(UserWarning, match="no frames"):
        analysis = rms.RMSD(universe.select_atoms("name CA")).run(stop=0)
    assert analysis.rmsd.shape == (0, 3) and analysis._blocks == []


def test_more_blocks_than_frames():
    universe = mda.Universe(PSF, DCD)
    with pytest.raises(ValueError, match="n_blocks is 4"):
        rms.RMSD(universe.select_atoms("name CA")).run(stop=2, n_blocks=4)
    assert len(rms.RMSD(universe.select_atoms("name CA")).run(stop=2, n_jobs=4)._blocks) == 2


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "all"])
def test_n_jobs_that_makes_no_sense(n_jobs):
    universe = mda.Universe(PSF, DCD)
    with pytest.raises(ArgumentError, match="n_jobs"):
        rms.RMSD(universe.select_atoms("name CA")).run(n_jobs=n_jobs)


def test_after_a_failed_run_the_object_is_usable():
    universe = mda.Universe(PSF, DCD)
    analysis = rms.RMSD(universe.select_atoms("name CA"))

    def tired(n_done, n_frames):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        analysis.run(progress=tired)
    assert analysis.run(step=49).rmsd.shape == (2, 3)


def test_file_replaced_while_a_run_lasts_is_noticed(xtc):
    universe = mda.Universe(GRO, str(xtc))
    analysis = rms.RMSD(universe.select_atoms("name CA"))

    def replace(n_done, n_frames):
        os.truncate(xtc, 5000)

    with pytest.raises((FileError, FormatError), match="traj.xtc"):
        analysis.run(n_jobs=1, progress=replace)


def test_a_ctrl_c_while_a_reader_opens_is_no_broken_file(tmp_path):
    printed = run_script(
        """
        import time
        import numpy as np
        from mdloom import _core

        def open_reader():
            raise KeyboardInterrupt

        try:
            try:
                _core.python_source(open_reader, 3, 2, "made up").read(None, 0, 1, 1)
            except Exception:
                time.sleep(5)
                print("a broken file")
        except KeyboardInterrupt:
            print("interrupted")
        """,
        tmp_path,
    )
    assert printed == "interrupted\n"


def test_a_ctrl_c_ends_the_search_for_frames_and_the_next_one_finds_them_all(tmp_path):
    frame = struct.pack(">iiif9fi27f", 1995, 9, 0, 0.0, *[0.0] * 9, 9, *[1.0] * 27)
    (tmp_path / "many.xtc").write_bytes(frame * 400_000)
    printed = run_script(
        """
        import signal
        import mdloom

        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02)  # the search takes several times as long
        try:
            mdloom.open("many.xtc")
        except KeyboardInterrupt:
            print("interrupted,", len(mdloom.open("many.xtc")))
        """,
        tmp_path,
    )
    assert printed == "interrupted, 400000\n"
