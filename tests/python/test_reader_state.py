"""What becomes of mdloom's MDAnalysis readers: pickled, copied, closed, and with files that are damaged or change."""

import gc
import os
import pickle
import struct
import subprocess
import sys
import warnings
import weakref

import cloudpickle
import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.coordinates.DCD import DCDWriter
from MDAnalysis.coordinates.XTC import XTCWriter
from MDAnalysis.transformations import translate
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from mdloom.errors import ArgumentError, FileError, FormatError, MdloomWarning
from xtc_files import frame_starts

EXAMPLES = [(mdloom.XTCReader, XTC), (mdloom.DCDReader, DCD)]
both = pytest.mark.parametrize("kind, example", EXAMPLES, ids=["XTC", "DCD"])


def damage(path, frame):
    """Its coordinates end too early; gives the byte where the frame starts."""
    start = frame_starts(path)[frame]
    with path.open("r+b") as file:
        file.seek(start + 2000)
        file.write(b"\xff" * 100_000)
    return start


# Pickled and copied


@both
@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize("frame", [0, 4, -1])
def test_pickled_readers_go_on_where_they_were(kind, example, pickler, frame):
    reader = kind(example)
    reader[frame]
    reader.ts.positions[5] = (1, 2, 3)
    again = pickle.loads(pickler.dumps(reader))
    assert type(again) is kind and again.ts == reader.ts and again.ts.data == reader.ts.data
    np.testing.assert_array_equal(again.ts.positions[5], (1, 2, 3))
    for one in (reader, again):
        assert next(one, "end") == "end" if frame == -1 else one.next().frame == frame + 1 or one.frame == frame + 2
    assert again.frame == reader.frame
    assert again.ts == reader.ts


def test_pickled_readers_find_a_relative_file_from_elsewhere(xtc, monkeypatch):
    monkeypatch.chdir(xtc.parent)
    pickled = pickle.dumps(mdloom.XTCReader("traj.xtc"))
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(pickle.loads(pickled)[3].positions, mdloom.XTCReader(XTC)[3].positions)


def test_pickled_readers_are_opened_by_other_processes(tmp_path):
    universe = mda.Universe(GRO, XTC, format=mdloom.XTCReader)
    universe.trajectory[7]
    (tmp_path / "universe").write_bytes(pickle.dumps(universe))
    script = (
        "import pickle; u = pickle.load(open('universe', 'rb')); print(u.trajectory.frame, next(u.trajectory).frame)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "8"]


def test_a_replaced_file_is_not_taken_for_the_pickled_one(xtc):
    pickled = pickle.dumps(mdloom.XTCReader(xtc))
    mda.Universe(GRO, XTC).atoms.write(xtc, frames=[1, 2, 3])
    with pytest.raises(FileError, match=r"traj\.xtc: .*replaced"):
        pickle.loads(pickled)
    xtc.unlink()
    with pytest.raises(FileError, match=r"traj\.xtc"):
        pickle.loads(pickled)


@both
def test_copies_are_independent(kind, example):
    reader = kind(example)
    reader.add_transformations(translate([1, 1, 1]))
    reader[3].positions[0] = 7
    copy = reader.copy()
    assert copy.ts == reader.ts and copy.ts is not reader.ts and copy.transformations == reader.transformations
    copy[5].positions[:] = 0
    assert reader.frame == 3 and reader.ts.positions[0, 0] == 7
    assert reader.next().frame == 4
    assert copy.next().frame == 6


def test_a_copy_has_the_frames_of_the_original_though_the_file_has_grown(xtc):
    reader = mdloom.XTCReader(xtc)
    with xtc.open("ab") as file, open(XTC, "rb") as more:
        file.write(more.read())
    assert reader.copy().n_frames == 10
    assert pickle.loads(pickle.dumps(reader)).n_frames == 10
    assert mdloom.XTCReader(xtc).n_frames == 20


@both
def test_nothing_holds_a_reader_that_is_let_go(kind, example):
    reader = kind(example)
    gone = weakref.ref(reader)
    del reader
    gc.collect()
    assert gone() is None


@both
def test_edits_last_until_the_frame_is_read_again(kind, example):
    reader = kind(example)
    original = reader[2].positions.copy()
    reader.ts.positions += 5
    reader.ts.dimensions = [1, 2, 3, 90, 90, 90]
    again = reader[2]
    np.testing.assert_array_equal(again.positions, original)
    expected = kind(example)[2].dimensions
    np.testing.assert_array_equal(again.dimensions, expected)


# Closed, used with `with`, written


@both
def test_closed_readers_say_so_until_they_are_rewound(kind, example):
    with kind(example) as reader:
        n_frames = len([ts.frame for ts in reader])
    with pytest.raises(FileError, match="closed; rewind"):
        reader[1]
    with pytest.raises(FileError, match="closed; rewind"):
        reader.next()
    with pytest.raises(FileError, match="closed; rewind"):
        reader.timeseries()
    reader.rewind()
    assert reader.frame == 0 and len(list(reader)) == n_frames


@both
def test_writers_are_mdanalysis_own(kind, example, tmp_path):
    reader, path = kind(example), str(tmp_path / "out") + example[-4:]
    with reader.Writer(path) as writer:
        assert isinstance(writer, {"XTC": XTCWriter, "DCD": DCDWriter}[kind.format])
        assert writer.n_atoms == reader.n_atoms
    other = str(tmp_path / "other") + (".dcd" if kind.format == "XTC" else ".xtc")
    universe = mda.Universe(*((GRO, XTC) if kind.format == "XTC" else (PSF, DCD)), format=kind)
    with universe.trajectory.OtherWriter(other) as writer:
        for _ in universe.trajectory[:3]:
            writer.write(universe.atoms)
    written = mdloom.DCDReader(other) if other.endswith("dcd") else mdloom.XTCReader(other)
    assert written.n_frames == 3 and written.dt == pytest.approx(universe.trajectory.dt)
    np.testing.assert_allclose(written[2].positions, universe.trajectory[2].positions, rtol=0, atol=0.006)


# Files


def test_a_damaged_frame_is_an_error_also_while_iterating(xtc):
    start = damage(xtc, 4)
    reader, seen = mdloom.XTCReader(xtc), []
    message = rf"traj\.xtc: frame 4 at byte {start}: .*damaged at byte \d+"
    with pytest.raises(FormatError, match=message):
        for ts in reader:
            seen.append(ts.frame)
    assert seen == [0, 1, 2, 3]
    with pytest.raises(OSError, match=message):
        reader[4]
    with pytest.raises(FormatError, match=message):
        list(reader[::2])
    with pytest.raises(FormatError, match=message):
        reader.timeseries()
    assert reader[5].frame == 5


def test_a_damaged_frame_is_an_error_in_a_chain_too(xtc):
    damage(xtc, 4)
    universe, seen = mda.Universe(GRO, [XTC, xtc], format=mdloom.XTCReader), []
    with pytest.raises(FormatError, match="frame 4 at byte"):
        for ts in universe.trajectory:
            seen.append(ts.frame)
    assert seen == list(range(14))
    assert len(list(universe.trajectory[:14])) == 14
    universe.trajectory[13]
    with pytest.raises(FormatError):
        universe.trajectory.next()


def test_a_torn_last_frame_gives_the_whole_ones_and_one_warning(xtc):
    start = frame_starts(xtc)[9]
    os.truncate(xtc, start + 500)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader = mdloom.XTCReader(xtc)
        assert [ts.frame for ts in reader] == list(range(9))
        reader.copy(), pickle.loads(pickle.dumps(reader)), reader.timeseries()
    assert [w.category for w in caught] == [MdloomWarning]
    assert f"ends inside frame 9 (byte {start:,}" in str(caught[0].message)
    with pytest.raises(FormatError, match="strict=True refuses"):
        mda.Universe(GRO, xtc, format=mdloom.XTCReader, strict=True)


def test_another_format_is_named(tmp_path):
    with pytest.raises(FormatError, match="expected a GROMACS XTC file .*this is a CHARMM, NAMD or X-PLOR DCD file"):
        mdloom.XTCReader(DCD)
    with pytest.raises(FileError, match=r"nowhere\.dcd: No such file"):
        mdloom.DCDReader(tmp_path / "nowhere.dcd")
    with pytest.raises(ArgumentError, match="sub= does not choose among the 47681 atoms"):
        mdloom.XTCReader(XTC, sub=[3, 47681])


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="only Linux counts reads")
def test_opening_a_file_whose_index_is_kept_reads_a_bounded_part(tmp_path, monkeypatch):
    """A scan visits every frame."""
    path, n_frames = tmp_path / "long.xtc", 20_000
    head = struct.pack(">iiif9fi", 1995, 2, 0, 0.0, *[0.0] * 9, 2)
    path.write_bytes((head + struct.pack(">6f", *range(6))) * n_frames)
    monkeypatch.setenv("MDLOOM_INDEX", "off")
    mdloom.XTCReader(path)  # imports what it needs, which counts as reading
    monkeypatch.setenv("MDLOOM_INDEX", str(tmp_path / "index"))

    def read_while_opening():
        before = counters()
        assert mdloom.XTCReader(path).n_frames == n_frames
        return {what: number - before[what] for what, number in counters().items()}

    size = path.stat().st_size
    assert read_while_opening()["rchar"] > size
    kept = read_while_opening()
    assert kept["syscr"] < 500 and kept["rchar"] < 0.6 * size  # the index alone is a third of these short frames
    assert os.listdir(tmp_path / "index") and not [name for name in os.listdir(tmp_path) if "offsets" in name]


def counters():
    """Calls for reading and bytes read by this process."""
    with open("/proc/self/io") as file:
        return {what: int(number) for what, number in (line.split(": ") for line in file) if what in ("syscr", "rchar")}
