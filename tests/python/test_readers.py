"""mdloom.XTCReader and mdloom.DCDReader: MDAnalysis' own contract tests, and the same bits as MDAnalysis' readers."""

import os
import pickle
import shutil
import struct
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.coordinates.DCD import DCDReader
from MDAnalysis.coordinates.XTC import XTCReader
from MDAnalysis.lib.formats.libdcd import DCDFile
from MDAnalysis.lib.formats.libmdaxdr import XTCFile
from MDAnalysis.transformations import translate
from MDAnalysisTests import datafiles
from MDAnalysisTests.coordinates import test_chainreader, test_dcd, test_xdr
from MDAnalysisTests.coordinates.base import MultiframeReaderTest
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, XTC

import mdloom
from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning
from mdloom.universe import trajectory_source

THEIRS = {".xtc": XTCReader, ".dcd": DCDReader}
OURS = {".xtc": mdloom.XTCReader, ".dcd": mdloom.DCDReader}
ENDINGS = sorted(OURS)
EXAMPLE = {".xtc": (GRO, XTC), ".dcd": (PSF, DCD)}


def ending(path):
    return Path(path).suffix.lower()


def open_ours(path, **arguments):
    return OURS[ending(path)](path, **arguments)


def open_theirs(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # DCDReader announces a change
        return THEIRS[ending(path)](path, **arguments)


def shown(reader):
    """Everything that a Timestep shows, so that equal means the same bits."""
    ts = reader.ts
    return {
        "positions": ts.positions.tobytes(),
        "dimensions": ts.dimensions if ts.dimensions is None else (ts.dimensions.dtype, ts.dimensions.tobytes()),
        "numbers": repr((ts.frame, ts.time, ts.dt, sorted(ts.data.items()), reader.time, reader.dt, reader.totaltime)),
        "has": (ts.has_positions, ts.has_velocities, ts.has_forces),
        "sizes": (ts.n_atoms, reader.n_atoms, reader.n_frames, len(reader)),
    }


def assert_shows_the_same(path, **arguments):
    ours, theirs = open_ours(path, **arguments), open_theirs(path, **arguments)
    assert shown(ours) == shown(theirs)
    n = theirs.n_frames
    for frame in [*range(n), *range(n - 1, -1, -1), -1, n // 2]:
        ours[frame], theirs[frame]
        assert shown(ours) == shown(theirs), f"frame {frame}"
    for _ in zip(ours, theirs, strict=True):
        assert shown(ours) == shown(theirs)
    assert shown(ours) == shown(theirs)


# MDAnalysis' contract, its tests unchanged


class EveryReaderTest(MultiframeReaderTest):
    @pytest.fixture
    def ref(self):
        ref = self.reference()
        ref.reader = self.ours
        return ref

    @pytest.mark.parametrize("slice", ([0, 2, 1], [0, 5, 2], [1, 5, 3]))  # MDAnalysis skips what is beyond 5 frames
    def test_timeseries_values(self, reader, slice):
        super().test_timeseries_values(reader, slice)


class TestContractOfXTC(EveryReaderTest):
    reference, ours = test_xdr.XTCReference, mdloom.XTCReader


class TestContractOfDCD(EveryReaderTest):
    reference, ours = test_dcd.DCDReference, mdloom.DCDReader


@pytest.fixture(scope="class")
def in_place_of_mdanalysis():
    """As if they were registered, so that tests which name no reader get them."""
    with pytest.MonkeyPatch.context() as patch:
        for one in ENDINGS:
            patch.setitem(mda._READERS, one[1:].upper(), OURS[one])
        yield


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestXTCInMDAnalysis(test_xdr._GromacsReader):
    filename = XTC

    def test_rewind_xdrtrj(self, universe):  # MDAnalysis' looks at its own file handle
        assert type(universe.trajectory) is mdloom.XTCReader
        universe.trajectory[3]
        universe.trajectory.rewind()
        assert universe.coord.frame == 0


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestXTCWithoutConversionInMDAnalysis(test_xdr._XDRNoConversion):
    filename = XTC


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestPartOfXTCInMDAnalysis(test_xdr._XDRReader_Sub):
    XDR_SUB_SOL = datafiles.XTC_sub_sol


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestChainsInMDAnalysis(test_chainreader.TestChainReader):
    pass


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestTimesOfChainsInMDAnalysis(test_chainreader.TestChainReaderCommonDt):
    pass


@pytest.mark.usefixtures("in_place_of_mdanalysis")
class TestContinuousChainsInMDAnalysis(test_chainreader.TestChainReaderContinuous):
    pass


# The same bits


def trajectory_files():
    """{name: path}, each XTC and DCD file of MDAnalysisTests that MDAnalysis itself reads."""
    files, known = {}, set()
    for name, path in sorted(vars(datafiles).items()):
        if isinstance(path, (str, os.PathLike)) and ending(path) in THEIRS and str(path) not in known:
            known.add(str(path))
            if os.path.getsize(path):
                files[name] = str(path)
    return files


def test_there_are_files_of_all_kinds():
    files = trajectory_files()
    assert len(files) >= 15
    assert {"DCD_TRICLINIC", "DCD_NAMD_TRICLINIC", "XTC_sub_sol", "XTC_multi_frame", "COORDINATES_XTC"} <= set(files)


@pytest.mark.parametrize("name", trajectory_files())
@pytest.mark.parametrize("arguments", [{}, {"convert_units": False}, {"dt": 3.7}, {"time_offset": 2.5}], ids=str)
def test_bits_are_those_of_mdanalysis(name, arguments):
    assert_shows_the_same(trajectory_files()[name], **arguments)


BOXES = {
    "no box": np.zeros((3, 3)),
    "rectangular": np.diag([3.1, 4.2, 5.3]),
    "triclinic": np.array([[3.1, 0, 0], [0.7, 4.2, 0], [-1.1, 0.3, 5.3]]),
    "turned": np.array([[3.1, 0.2, 0.1], [0.7, 4.2, -0.5], [-1.1, 0.3, 5.3]]),
    "flat": np.array([[3.1, 0, 0], [3.1, 0, 0], [0, 0, 5.3]]),
    "negative": np.diag([3.1, -4.2, 5.3]),
}


@pytest.mark.parametrize("n_atoms", [1, 9, 10, 77])
def test_bits_of_xtc_with_any_box_and_few_atoms(tmp_path, n_atoms):
    path, random = str(tmp_path / "some.xtc"), np.random.default_rng(n_atoms)
    with XTCFile(path, "w") as file:
        for step, box in enumerate(BOXES.values()):
            positions = random.normal(0, 30, (n_atoms, 3)).astype(np.float32)
            file.write(positions, box.astype(np.float32), 7 * step - 10, 0.1 * step, 1000.0)
    assert_shows_the_same(path)
    assert_shows_the_same(path, convert_units=False)


CELLS = [
    [30, 90, 31, 90, 90, 32],  # degrees: A, gamma, B, beta, alpha, C
    [30, 44.4, 31, 61.7, 91.3, 32],
    [30, 0, 31, 0, 0, 32],  # cosines
    [30, 0.5, 31, -0.25, 0.1, 32],
    [30, -3, 31, 1, 2, 32],  # the box matrix
    [30, 200, 31, 1, 2, 32],
    [0, 90, 0, 90, 90, 0],  # none
    [0, 0, 0, 0, 0, 0],
    [30, 90, 0, 90, 90, 32],
    [np.nan, 90, 31, 90, 90, 32],
]


def test_bits_of_dcd_with_any_cell(tmp_path):
    path, random = str(tmp_path / "some.dcd"), np.random.default_rng(1)
    with DCDFile(path, "w") as file:
        file.write_header("test", 7, istart=300, nsavc=50, delta=0.04, is_periodic=1)
        for cell in CELLS:
            file.write(random.normal(0, 30, (7, 3)).astype(np.float32), box=np.array(cell, np.float64))
    assert_shows_the_same(path)
    assert_shows_the_same(path, dt=0.3)


def dcd_with_fixed_atoms(n_frames=4, n_atoms=6, free=(2, 3, 5)):
    def record(content):
        return struct.pack("<i", len(content)) + content + struct.pack("<i", len(content))

    numbers = [n_frames, 10, 5, 5 * n_frames, 0, 0, 0, 0, n_atoms - len(free)]
    header = b"CORD" + struct.pack("<9if10i", *numbers, 0.02, *[0] * 9, 24)
    data = record(header) + record(struct.pack("<i80s", 1, b"fixed atoms")) + record(struct.pack("<i", n_atoms))
    data += record(struct.pack(f"<{len(free)}i", *free))
    random = np.random.default_rng(5)
    for k in range(n_frames):
        for _ in range(3):
            data += record(random.normal(0, 9, len(free) if k else n_atoms).astype("<f4").tobytes())
    return data


def test_bits_of_dcd_with_fixed_atoms_and_no_cell(tmp_path):
    path = tmp_path / "fixed.dcd"
    path.write_bytes(dcd_with_fixed_atoms())
    assert_shows_the_same(str(path))


@pytest.mark.parametrize("one", ENDINGS)
def test_timeseries_have_the_bits_and_the_axes_of_mdanalysis(one):
    path = EXAMPLE[one][1]
    ours, theirs = open_ours(path), open_theirs(path)
    ours[3]
    np.testing.assert_array_equal(ours.timeseries(start=1, step=3), theirs.timeseries(start=1, step=3))
    np.testing.assert_array_equal(ours.timeseries(order="caf", stop=2), theirs.timeseries(order="caf", stop=2))
    assert ours.frame == 3
    universe, order = mda.Universe(*EXAMPLE[one]), [900, 7, 7, 30]
    group, axes = universe.atoms[order], {"order": "fac"}
    np.testing.assert_array_equal(ours.timeseries(group, **axes), theirs.timeseries(group, **axes))
    backwards = ours.timeseries(atomgroup=group, start=5, stop=1, step=-2, **axes)
    np.testing.assert_array_equal(backwards, ours.timeseries(atomgroup=group, **axes)[5:1:-2])
    assert ours.timeseries(stop=0, **axes).shape == (0, ours.n_atoms, 3)
    with pytest.raises(ArgumentError, match="order is 'ffc'"):
        ours.timeseries(order="ffc")


def test_timeseries_show_transformed_positions():
    moved, plain = mdloom.DCDReader(DCD), mdloom.DCDReader(DCD)
    moved.add_transformations(translate([1, 2, 3]))
    expected = plain.timeseries(stop=5, order="fac") + np.array([1, 2, 3], np.float32)
    np.testing.assert_array_equal(moved.timeseries(stop=5, order="fac"), expected)


# What only a Universe shows


def how(universe):
    return trajectory_source(universe)[1:3]


def rmsd_of(universe, **arguments):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*broken across", category=MdloomWarning)
        return rms.RMSD(universe, mda.Universe(*EXAMPLE[".dcd" if universe.atoms.n_atoms == 3341 else ".xtc"])).run(
            **arguments
        )


def test_asking_for_them_registers_nothing():
    assert mda._READERS["XTC"] is XTCReader and mda._READERS["DCD"] is DCDReader
    assert (mdloom.XTCReader.format, mdloom.DCDReader.format) == ("XTC", "DCD")
    assert mda._READERS["CHAIN"] is mda.coordinates.chain.ChainReader


@pytest.mark.parametrize("one", ENDINGS)
def test_rmsd_runs_natively_with_the_same_bits(one):
    topology, path = EXAMPLE[one]
    universe = mda.Universe(topology, path, format=OURS[one])
    assert how(universe) == ("native", f"{one[1:].upper()} read natively")
    np.testing.assert_array_equal(rmsd_of(universe).rmsd, rmsd_of(mda.Universe(topology, path)).rmsd)


def test_several_files_are_a_chain_that_is_read_natively():
    universe, theirs = mda.Universe(PSF, [DCD, DCD2], format=mdloom.DCDReader), mda.Universe(PSF, [DCD, DCD2])
    assert [type(reader) for reader in universe.trajectory.readers] == [mdloom.DCDReader] * 2
    assert how(universe) == ("native", "2 DCD files read natively")
    np.testing.assert_array_equal(rmsd_of(universe).rmsd, rmsd_of(theirs).rmsd)
    for frame in (0, 97, 98, 150, -1):
        assert shown_in_chain(universe.trajectory[frame]) == shown_in_chain(theirs.trajectory[frame])
    assert [ts.frame for ts in universe.trajectory[95:101]] == [95, 96, 97, 98, 99, 100]
    for again in (universe.copy(), pickle.loads(pickle.dumps(universe))):
        assert how(again)[0] == "native"
        assert again.trajectory.frame == universe.trajectory.frame


def shown_in_chain(ts):
    return ts.frame, ts.time, ts.positions.tobytes(), ts.dimensions


def test_a_continuous_chain_is_one_of_mdanalysis(tmp_path):
    whole = mda.Universe(GRO, XTC)
    paths = [str(tmp_path / name) for name in ("a.xtc", "b.xtc")]
    for path, frames in zip(paths, (slice(0, 6), slice(4, 10)), strict=True):
        whole.atoms.write(path, frames=whole.trajectory[frames])
    universe = mda.Universe(GRO, paths, format=mdloom.XTCReader, continuous=True)
    assert len(universe.trajectory) == 10 and how(universe)[0] == "python"


def test_transformations_of_our_readers_are_done_as_those_of_mdanalysis():
    moved = mda.Universe(GRO, XTC, format=mdloom.XTCReader, transformations=translate([1, 2, 3]))
    assert how(moved) == ("native", "XTC read natively with its transformations")
    by_mdanalysis = mda.Universe(GRO, XTC, transformations=translate([1, 2, 3]))
    np.testing.assert_array_equal(rmsd_of(moved, stop=3).rmsd, rmsd_of(by_mdanalysis, stop=3).rmsd)


@pytest.mark.parametrize("choose", [np.sort, np.flip, lambda atoms: np.repeat(atoms, 2)[:500]], ids=range(3))
def test_a_part_of_a_file_is_read_in_any_order(choose):
    chosen = choose(np.arange(100, 400))
    part, whole = mdloom.XTCReader(XTC, sub=chosen), mdloom.XTCReader(XTC)
    assert part.n_atoms == len(chosen)
    for ts, expected in zip(part, whole, strict=True):
        np.testing.assert_array_equal(ts.positions, expected.positions[chosen])
    universe = mda.Universe.empty(len(chosen))
    universe.load_new(XTC, format=mdloom.XTCReader, sub=chosen)
    assert how(universe)[0] == "python"
    assert rms.RMSD(universe).run(stop=2).rmsd[1, 2] > 0


def test_the_number_of_atoms_must_be_the_topologys():
    with pytest.raises(ValueError, match="don't have the same number of atoms"):
        mda.Universe(PSF, XTC, format=mdloom.XTCReader)
    assert mdloom.XTCReader.parse_n_atoms(XTC) == 47681


def test_any_file_name_will_do(tmp_path):
    path = tmp_path / "run.part0001"
    shutil.copy(DCD, path)
    universe = mda.Universe(PSF, path, format=mdloom.DCDReader)
    assert how(universe)[0] == "native" and rmsd_of(universe).rmsd.shape == (98, 3)
