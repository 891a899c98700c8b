"""convert: what MDAnalysis' writers write of the same frames, from every place and cut."""

import os
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    GRO_MEMPROT,
    NCDF,
    PSF,
    PSF_TRICLINIC,
    TRR,
    XTC,
    XTC_MEMPROT,
    PDB_multiframe,
    PRMncdf,
)

import mdloom
from mdloom import align
from mdloom.conversion import Conversion
from mdloom.errors import ArgumentError, FileError, FormatError, MdloomWarning, TopologyError

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis.*"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
]

SYSTEMS = {
    "adk xtc": (GRO, XTC),
    "adk dcd": (PSF, DCD),
    "membrane": (GRO_MEMPROT, XTC_MEMPROT),
    "triclinic": (PSF_TRICLINIC, DCD_TRICLINIC),
    "trr": (GRO, TRR),
    "amber": (PRMncdf, NCDF),
    "pdb": (PDB_multiframe,),
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def by_mdanalysis(path, universe, group, frames=slice(None), **options):
    with mda.Writer(path, len(group), **options) as writer:
        for _ in universe.trajectory[frames]:
            writer.write(group)
    return Path(path).read_bytes()


_XTC_BOX, _DCD_HEADER, _DCD_CELL = slice(16, 52), 356, slice(4, 52)


def assert_same_xtc(found, expected, n_bytes, same_steps=True):
    """All the same but for the last bits of boxes, which MDAnalysis makes lengths and angles of in between."""
    assert len(found) == len(expected) == sum(n_bytes)
    at = 0
    for n in map(int, n_bytes):
        mine, theirs = bytearray(found[at : at + n]), bytearray(expected[at : at + n])
        boxes = [np.frombuffer(bytes(frame[_XTC_BOX]), ">f4") for frame in (mine, theirs)]
        np.testing.assert_allclose(*boxes, rtol=0, atol=2e-6)  # nm
        mine[_XTC_BOX] = theirs[_XTC_BOX]
        if not same_steps:
            mine[8:12] = theirs[8:12]
        assert mine == theirs
        at += n


def assert_same_dcd(found, expected, n_atoms):
    """The same, but also for remarks, and the last step in the header."""
    assert len(found) == len(expected)
    assert (
        found[:20] + found[24:100] + found[344:_DCD_HEADER]
        == expected[:20] + expected[24:100] + expected[344:_DCD_HEADER]
    )
    for at in range(_DCD_HEADER, len(found), 56 + 3 * (8 + 4 * n_atoms)):
        stop = at + 56 + 3 * (8 + 4 * n_atoms)
        cells = [np.frombuffer(dcd[at:stop][_DCD_CELL], "<f8") for dcd in (found, expected)]
        np.testing.assert_allclose(*cells, rtol=1e-7, atol=1e-6)
        assert found[at + 52 : stop] == expected[at + 52 : stop]


class TestAsMdanalysis:
    @pytest.mark.parametrize("system", SYSTEMS)
    def test_xtc_has_its_bytes(self, system):
        universe = mda.Universe(*SYSTEMS[system])
        conversion = Conversion(universe, "mine.xtc").run()
        expected = by_mdanalysis("theirs.xtc", universe, universe.atoms)
        same_steps = system not in ("adk dcd", "triclinic")  # of the simulation, where MDAnalysis counts frames
        assert_same_xtc(Path("mine.xtc").read_bytes(), expected, conversion.results.n_bytes, same_steps)

    @pytest.mark.parametrize("system", SYSTEMS)
    def test_dcd_has_its_bytes(self, system):
        universe = mda.Universe(*SYSTEMS[system])
        mdloom.convert(universe, "mine.dcd", dt=2.5)
        expected = by_mdanalysis("theirs.dcd", universe, universe.atoms, dt=2.5)
        found = Path("mine.dcd").read_bytes()
        assert b"mdloom" in found[:340]
        assert_same_dcd(found, expected, len(universe.atoms))

    @pytest.mark.parametrize("ending", ["xtc", "dcd"])
    def test_strides_and_selections(self, ending):
        universe = mda.Universe(GRO, XTC)
        group = universe.select_atoms("protein")
        given = {"dt": 100.0} if ending == "dcd" else {}
        conversion = Conversion(universe, f"mine.{ending}", select="protein", **given).run(start=1, step=3)
        expected = by_mdanalysis(f"theirs.{ending}", universe, group, slice(1, None, 3), **given)
        found = Path(f"mine.{ending}").read_bytes()
        if ending == "dcd":
            assert_same_dcd(found, expected, len(group))
        else:
            assert_same_xtc(found, expected, conversion.results.n_bytes)

    @pytest.mark.parametrize("precision", [0, 1, 2, 4, 5])
    def test_precision(self, precision):
        universe = mda.Universe(GRO, XTC)
        conversion = Conversion(universe, "mine.xtc", select="protein", precision=precision).run()
        expected = by_mdanalysis("theirs.xtc", universe, universe.select_atoms("protein"), precision=precision)
        assert_same_xtc(Path("mine.xtc").read_bytes(), expected, conversion.results.n_bytes)

    def test_transformations_are_applied(self):
        universe = mda.Universe(GRO, XTC)
        universe.trajectory.add_transformations(transformations.translate([10, 20, -30]))
        n_bytes = Conversion(universe, "mine.xtc").run().results.n_bytes
        assert_same_xtc(Path("mine.xtc").read_bytes(), by_mdanalysis("theirs.xtc", universe, universe.atoms), n_bytes)


class TestSources:
    def test_a_file_needs_no_topology(self, forbid_mdanalysis_frames):
        forbid_mdanalysis_frames()
        there = mdloom.convert(XTC, "there.dcd")
        back = mdloom.convert(there, "back.xtc")  # what it gives is a path
        assert there[:3] == ("there.dcd", 10, 47681) and there.n_bytes == os.path.getsize("there.dcd")
        assert back.n_frames == 10
        trajectory, original = mdloom.open("back.xtc"), mdloom.open(XTC)
        for mine, theirs in zip(trajectory, original, strict=True):
            np.testing.assert_allclose(mine.positions, theirs.positions, rtol=0, atol=1e-4)
            np.testing.assert_allclose(mine.box, theirs.box, rtol=0, atol=1e-4)
            assert mine.time == pytest.approx(theirs.time, abs=1e-2)

    def test_a_file_and_a_universe_give_the_same_bytes(self):
        mdloom.convert(XTC, "file.xtc", step=2)
        mdloom.convert(mda.Universe(GRO, XTC), "universe.xtc", step=2)
        mdloom.convert(XTC, "topology.xtc", topology=GRO, step=2)
        assert len({Path(f"{name}.xtc").read_bytes() for name in ("file", "universe", "topology")}) == 1

    def test_xtc_to_xtc_keeps_positions_to_the_bit(self):
        mdloom.convert(XTC, "again.xtc")
        np.testing.assert_array_equal(mdloom.open("again.xtc").read(), mdloom.open(XTC).read())

    def test_dcd_to_dcd_keeps_positions_and_times(self):
        mdloom.convert(DCD, "again.dcd", start=10, step=4)
        mine, theirs = mdloom.open("again.dcd"), mdloom.open(DCD)[10::4]
        np.testing.assert_array_equal(mine.read(), theirs.read())
        np.testing.assert_allclose([f.time for f in mine], [f.time for f in theirs], rtol=0, atol=1e-4)

    def test_several_files_are_chained(self):
        done = mdloom.convert([DCD, Path(DCD2)], "all.dcd")
        assert done.n_frames == 98 + 102
        expected = np.concatenate([mdloom.open(DCD).read(), mdloom.open(DCD2).read()])
        np.testing.assert_array_equal(mdloom.open("all.dcd").read(), expected)
        mdloom.convert([DCD, DCD2], "ca.dcd", topology=PSF, select="name CA")
        ca = mda.Universe(PSF).select_atoms("name CA").ix
        np.testing.assert_array_equal(mdloom.open("ca.dcd").read(), expected[:, ca])

    def test_atoms_by_index_in_their_order(self):
        mdloom.convert(XTC, "some.dcd", atoms=[7, 3, 3, 40000])
        np.testing.assert_array_equal(mdloom.open("some.dcd").read(), mdloom.open(XTC).read([7, 3, 3, 40000]))
        group = mda.Universe(GRO, XTC).atoms[[9, 7, 3]]
        mdloom.convert(group, "other.dcd", atoms=[1, 2])
        np.testing.assert_array_equal(mdloom.open("other.dcd").read(), mdloom.open(XTC).read([7, 3]))
        mdloom.convert(group, "group.dcd", frames=[4, 0, 4], dt=1)
        np.testing.assert_array_equal(mdloom.open("group.dcd").read(), mdloom.open(XTC).read([9, 7, 3])[[4, 0, 4]])

    def test_in_memory_and_other_formats(self):
        memory = mda.Universe(PSF, DCD, in_memory=True)
        mdloom.convert(memory, "memory.dcd")
        np.testing.assert_array_equal(mdloom.open("memory.dcd").read(), mdloom.open(DCD).read())
        assert mdloom.convert(TRR, "trr.xtc").n_frames == mdloom.convert(TRR, "gro.xtc", topology=GRO).n_frames == 10
        assert Path("trr.xtc").read_bytes() == Path("gro.xtc").read_bytes()
        assert mdloom.convert([TRR, TRR], "twice.xtc").n_frames == 20
        assert mdloom.convert(PDB_multiframe, "pdb.xtc").n_frames == 24

    def test_superposed_on_the_first_frame_or_another(self):
        universe = mda.Universe(PSF, DCD)
        mdloom.convert(universe, "fit.dcd", fit="name CA", start=10)
        universe.trajectory[10]
        align.AlignTraj(universe, universe, "name CA", "aligned.dcd").run(start=10)
        assert Path("fit.dcd").read_bytes() == Path("aligned.dcd").read_bytes()
        conversion = Conversion(universe, "half.xtc", select="resid 1-50", fit=align.Fit("name CA", ref_frame=3)).run()
        assert conversion.results.fit_rmsd[3] < 1e-6 and conversion.results.frame[-1] == 97


class TestSameBytes:
    @pytest.mark.parametrize("destination", ["out.xtc", "out.dcd"])
    def test_from_every_place(self, place, destination):
        expected = Path(mdloom.convert(XTC, "one-" + destination, n_jobs=1)).read_bytes()
        for cut in ({"n_jobs": 2}, {"n_jobs": 3, "n_blocks": 5}):
            done = mdloom.convert(XTC, destination, overwrite=True, **cut, **place)
            assert Path(done).read_bytes() == expected

    def test_from_an_open_client(self, guide_client):
        expected = Path(mdloom.convert(DCD, "one.xtc", scheduler="synchronous")).read_bytes()
        assert Path(mdloom.convert(DCD, "out.xtc")).read_bytes() == expected


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "options", "error", "message"),
        [
            (
                (XTC, "out.trr"),
                {},
                ArgumentError,
                r"out\.trr: trajectories are written to \.dcd and \.xtc, not to \.trr",
            ),
            ((XTC, "out"), {}, ArgumentError, "not to a file without an ending"),
            ((XTC, "none/out.xtc"), {}, FileError, "there is no folder .*none; make it first"),
            ((XTC, "out.dcd"), {"precision": 4}, ArgumentError, "DCD holds positions as they are"),
            ((XTC, "out.xtc"), {"precision": 10}, ArgumentError, "10"),
            ((XTC, "out.xtc"), {"precision": 2.5}, ArgumentError, "whole number of decimals, not 2.5"),
            ((XTC, "out.xtc"), {"dt": 1}, ArgumentError, "leave out dt=1"),
            ((XTC, "out.dcd"), {"dt": 0}, ArgumentError, "above 0, not 0"),
            ((XTC, "out.dcd"), {"select": "name CA"}, ArgumentError, "needs to know the atoms: give topology="),
            ((XTC, "out.dcd"), {"fit": "name CA"}, ArgumentError, "fit needs to know the atoms: give topology="),
            ((XTC, "out.dcd"), {"atoms": [47681]}, ArgumentError, "atom index 47681 is outside the source"),
            ((XTC, "out.dcd"), {"atoms": []}, ArgumentError, "at least one"),
            ((XTC, "out.dcd"), {"atoms": [1], "select": "all"}, ArgumentError, "give one of them"),
            ((XTC, "out.dcd"), {"stop": 0}, ArgumentError, "there is no frame to write to out.dcd"),
            ((XTC, "out.dcd"), {"topology": PSF}, (ArgumentError, TopologyError), "adk"),
            (("none.xtc", "out.dcd"), {}, FileError, "none.xtc: No such file"),
            (("none.trr", "out.dcd"), {"topology": GRO}, ArgumentError, "none.trr: there is no such file"),
            ((__file__, "out.dcd"), {}, ArgumentError, "cannot be opened .*give topology="),
            ((PSF, "out.dcd"), {}, ArgumentError, "holds a topology only"),
            (([GRO, GRO], "out.dcd"), {}, ArgumentError, "give topology="),
            (([], "out.dcd"), {}, ArgumentError, "source names no file"),
            ((3, "out.dcd"), {}, ArgumentError, "not int"),
        ],
    )
    def test_bad_input(self, arguments, options, error, message):
        with pytest.raises(error, match=message):
            mdloom.convert(*arguments, **options)
        assert os.listdir() == []

    def test_groups_and_universes_that_cannot_be_written(self):
        universe = mda.Universe(PSF, DCD)
        for source, options, message in (
            (universe, {"select": "name XX"}, "matches no atom"),
            (universe.atoms[:0], {}, "holds no atom"),
            (universe.select_atoms("around 5 resid 3", updating=True), {}, "updating group"),
            (universe, {"topology": PSF}, "has its own"),
            (mda.Universe(PSF), {}, "holds a topology only"),
        ):
            with pytest.raises(ArgumentError, match=message):
                mdloom.convert(source, "out.dcd", **options)
        assert os.listdir() == []

    def test_a_damaged_file_is_told_with_its_frame_and_leaves_nothing(self, place):
        data = bytearray(Path(XTC).read_bytes())
        data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
        Path("bad.xtc").write_bytes(data)
        with pytest.raises(FormatError, match=r"bad\.xtc: frame 5 at byte"):
            mdloom.convert("bad.xtc", "out.dcd", n_jobs=2, **place)
        assert not [name for name in os.listdir() if "out.dcd" in name]


class TestTimesOfDcd:
    """XTC holds float32 times: late frames are evenly spaced as far as those can tell."""

    @pytest.mark.parametrize("dt, start", [(0.2, 1e5 + 0.3), (0.1, 1e6), (0.002, 1e6)])
    def test_late_frames_keep_their_start_and_spacing(self, tmp_path, dt, start):
        u = mda.Universe(PSF, DCD)
        positions = np.array([ts.positions.copy() for ts in u.trajectory[:6]])
        u.load_new(positions, order="fac", dt=dt, time_offset=start)
        source = u if dt < 0.01 else mdloom.convert(u, tmp_path / "late.xtc")
        with warnings.catch_warnings():
            warnings.simplefilter("error", MdloomWarning)
            mdloom.convert(source, tmp_path / "late.dcd")
        found = mdloom.open(tmp_path / "late.dcd")
        rounding = 0 if dt < 0.01 else float(np.spacing(np.float32(start)))
        assert found[5].time - found[0].time == pytest.approx(5 * dt, abs=rounding + 1e-5)
        assert found[0].time == pytest.approx(start, abs=dt + rounding)
