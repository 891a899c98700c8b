"""TRR and AMBER NetCDF files, whose positions are stored as they are: the bits of MDAnalysis' readers."""

import os
import struct
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.coordinates.TRJ import NCDFReader
from MDAnalysis.coordinates.TRR import TRRReader
from MDAnalysisTests import datafiles
from MDAnalysisTests.datafiles import GRO, NCDF, TRR, XTC, NCDFtruncoct, PRMncdf
from scipy.io import netcdf_file

import mdloom
from mdloom import custom, rms
from mdloom.errors import ArgumentError, FormatError, MdloomWarning
from mdloom.universe import trajectory_source

THEIRS = {".trr": TRRReader, ".nc": NCDFReader, ".ncdf": NCDFReader}


def trajectory_files(endings):
    """{path: name} of all that MDAnalysisTests has."""
    values = {name: getattr(datafiles, name) for name in vars(datafiles)}
    paths = {str(path): name for name, path in values.items() if isinstance(path, (str, os.PathLike))}
    return {path: name for path, name in paths.items() if Path(path).suffix in endings and os.path.isfile(path)}


FILES = trajectory_files(THEIRS)
TRR_FILES = trajectory_files([".trr"])


def without_warnings(make, *arguments, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*arguments, **named)


@pytest.mark.parametrize("path", FILES, ids=FILES.values())
def test_positions_times_and_boxes_are_those_of_mdanalysis(path):
    ours, theirs = mdloom.open(path), without_warnings(THEIRS[Path(path).suffix], path)
    assert (len(ours), ours.n_atoms) == (len(theirs), theirs.n_atoms)
    some = np.arange(ours.n_atoms)[1::3]
    for frame, ts in zip(ours, theirs, strict=True):
        assert (frame.index, frame.time) == (ts.frame, ts.time)
        assert frame.positions.tobytes() == ts.positions.tobytes()
        assert ours.read(some, ts.frame, ts.frame + 1).tobytes() == ts.positions[some].tobytes()
        box = np.zeros((3, 3)) if ts.dimensions is None else ts.triclinic_dimensions
        exact = path not in TRR_FILES  # whose cell vectors MDAnalysis turns into lengths and angles, and back
        np.testing.assert_allclose(frame.box, box, rtol=0 if exact else 1e-6, atol=0 if exact else 1e-4)


def test_all_files_of_mdanalysis_are_tried():
    assert len(TRR_FILES) >= 5 and len(FILES) >= 10


def read_elsewhere(universe):
    """RMSD of the same frames from an array in memory."""
    positions = np.array([ts.positions.copy() for ts in universe.trajectory])
    universe.trajectory[0]
    return rms.RMSD(mda.Universe(universe._topology, positions).atoms[:300]).run().rmsd[:, 2]


def test_runs_are_native_wherever_they_are_done(place, forbid_mdanalysis_frames):
    universe = mda.Universe(GRO, TRR)
    expected = read_elsewhere(universe)
    forbid_mdanalysis_frames()
    assert trajectory_source(universe)[1:3] == ("native", "TRR read natively")
    found = rms.RMSD(universe.atoms[:300]).run(n_jobs=2, **place)
    assert "TRR read natively" in repr(found)
    np.testing.assert_array_equal(found.rmsd[:, 2], expected)


def test_amber_files_run_natively_wherever_they_are_done(place, forbid_mdanalysis_frames):
    universe = mda.Universe(PRMncdf, NCDF)
    expected = read_elsewhere(universe)
    forbid_mdanalysis_frames()
    found = rms.RMSD(universe.atoms[:300]).run(n_jobs=2, **place)
    assert "NCDF read natively" in repr(found)
    np.testing.assert_array_equal(found.rmsd[:, 2], expected)


def test_files_of_several_formats_are_one_trajectory(forbid_mdanalysis_frames):
    universe = mda.Universe(GRO, [TRR, XTC, TRR])
    expected = read_elsewhere(universe)
    forbid_mdanalysis_frames()
    assert trajectory_source(universe)[1:3] == ("native", "3 TRR+XTC files read natively")
    np.testing.assert_array_equal(rms.RMSD(universe.atoms[:300]).run(n_jobs=2).rmsd[:, 2], expected)


def speed(group):
    return np.linalg.norm(group.velocities, axis=1).mean(), group.positions.mean()


def test_analyses_written_in_python_see_velocities(place):
    universe = mda.Universe(GRO, TRR)
    group = universe.atoms[::50]
    expected = [speed(group) for _ in universe.trajectory]
    found = custom.AnalysisFromFunction(speed, universe, group).run(n_jobs=2, **place)
    np.testing.assert_array_equal(found.results, expected)


def test_a_file_that_grows_is_read_as_far_as_the_universe_knows_it(tmp_path):
    path = tmp_path / "grows.trr"
    whole = Path(TRR).read_bytes()
    n = len(whole) // 10
    path.write_bytes(whole[: 4 * n])
    before, universe = mdloom.open(path), mda.Universe(GRO, path)
    path.write_bytes(whole[: 7 * n])
    assert len(mdloom.open(path)) == 7 and len(before) == 4
    np.testing.assert_array_equal(before[3].positions, mdloom.open(TRR)[3].positions)
    assert rms.RMSD(universe.atoms[:300]).run().rmsd.shape == (4, 3)
    assert rms.RMSD(mda.Universe(GRO, path).atoms[:300]).run().rmsd.shape == (7, 3)


def test_a_torn_last_frame_is_left_out_with_one_warning(tmp_path):
    path = tmp_path / "torn.trr"
    path.write_bytes(Path(TRR).read_bytes()[:-5])
    with pytest.warns(MdloomWarning, match="torn.trr ends inside frame 9") as caught:
        assert len(mdloom.open(path)) == 9
    assert len(caught) == 1
    with pytest.raises(FormatError, match="strict=True"):
        mdloom.open(path, strict=True)


def trr_bytes(positions, velocities, width):
    """One frame as GROMACS writes it; None: not in this frame."""
    kind, n_atoms = ("f", "d")[width == 8], 3
    sizes = [0, 0, 9 * width, 0, 0, 0, 0] + [0 if x is None else 9 * width for x in (positions, velocities, None)]
    head = struct.pack(">3i12s", 1993, 13, 12, b"GMX_trn_file") + struct.pack(">13i", *sizes, n_atoms, 700, 0)
    numbers = [0.1, 0.0, *np.diag([3.1, 4.2, 5.3]).flat]
    numbers += [value for x in (positions, velocities) if x is not None for value in x.flat]
    return head + struct.pack(f">{len(numbers)}{kind}", *numbers)


@pytest.mark.parametrize("width", [4, 8])
def test_both_precisions_and_frames_without_positions(tmp_path, width):
    path, random = tmp_path / "some.trr", np.random.default_rng(width)
    x, v = random.normal(0, 0.5, (2, 3, 3))
    path.write_bytes(trr_bytes(x, None, width) + trr_bytes(None, v, width) + trr_bytes(x, v, width))
    universe, ours = mda.Universe.empty(3), mdloom.open(path)
    universe.load_new(str(path))
    assert [ts.has_positions for ts in universe.trajectory] == [True, False, True]
    for k in (0, 2):
        ts = universe.trajectory[k]
        assert ours[k].positions.tobytes() == ts.positions.tobytes() and ours[k].time == ts.time
    with pytest.raises(FormatError, match=r"some.trr: frame 1 at byte \d+: holds no positions.*step= or frames="):
        ours[1]
    with pytest.raises(FormatError, match="frame 1"):
        rms.RMSD(universe).run()
    assert rms.RMSD(universe).run(step=2).rmsd.shape == (2, 3)


def write_amber(path, positions, version=2, **changes):
    """An AMBER file as changed: kind (of the coordinates), scale, times, cells, records."""
    kind, scale, records = changes.get("kind", "f4"), changes.get("scale"), changes.get("records", True)
    n_frames, n_atoms, _ = positions.shape
    with netcdf_file(path, "w", version=version) as file:
        file.Conventions, file.ConventionVersion, file.program, file.programVersion = "AMBER", "1.0", "tests", "1"
        for name, n in (("frame", None if records else n_frames), ("atom", n_atoms), ("spatial", 3), ("cell", 3)):
            file.createDimension(name, n)

        def variable(name, kind, dimensions, unit, values):
            new = file.createVariable(name, kind, dimensions)
            new.units = unit
            new[:n_frames] = values
            return new

        if changes.get("times") is not None:
            variable("time", "f4", ("frame",), "picosecond", changes["times"])
        stored = positions if scale is None else positions / scale
        coordinates = variable("coordinates", kind, ("frame", "atom", "spatial"), "angstrom", stored)
        if scale is not None:
            coordinates.scale_factor = scale
        if changes.get("cells") is not None:
            variable("cell_lengths", "f8", ("frame", "cell"), "angstrom", changes["cells"][:, :3])
            variable("cell_angles", "f8", ("frame", "cell"), "degree", changes["cells"][:, 3:])


CELLS = np.array([[30, 31, 32, 90, 90, 90], [30, 31, 32, 60.1, 70.2, 80.3], [30, 30, 30, *3 * [109.471219]]])
AMBER = [
    {},
    {"times": np.array([0.1, 0.2, 0.7])},
    {"cells": CELLS},
    {"kind": "f8", "times": np.array([0.1, 0.2, 0.7]), "cells": CELLS},
    {"scale": np.float32(0.1), "times": np.array([0.1, 0.2, 0.7])},
    {"scale": np.float64(0.1)},
    {"scale": np.float64(0.1), "kind": "f8"},
    {"records": False, "cells": CELLS, "times": np.array([0.1, 0.2, 0.7])},
]


@pytest.mark.parametrize("changes", AMBER, ids=map(str, range(len(AMBER))))
def test_all_kinds_of_amber_files_are_shown_as_mdanalysis_shows_them(tmp_path, changes):
    path, positions = str(tmp_path / "some.nc"), np.random.default_rng(3).normal(0, 30, (3, 50, 3))
    write_amber(path, positions, **changes)
    ours, theirs = mdloom.open(path), without_warnings(NCDFReader, path)
    for frame, ts in zip(ours, theirs, strict=True):
        assert frame.positions.tobytes() == ts.positions.tobytes() and frame.time == ts.time
        box = np.zeros((3, 3), np.float32) if ts.dimensions is None else ts.triclinic_dimensions
        assert frame.box.tobytes() == box.tobytes()
    with_short_offsets = str(tmp_path / "short.nc")  # which MDAnalysis refuses
    write_amber(with_short_offsets, positions, version=1, **changes)
    np.testing.assert_array_equal(mdloom.open(with_short_offsets).read(), ours.read())


def test_amber_files_of_integers_are_read_by_mdanalysis_with_a_warning(tmp_path):
    path, positions = str(tmp_path / "short.nc"), np.random.default_rng(4).normal(0, 5, (3, 20, 3))
    write_amber(path, positions, kind="i4", scale=np.float64(0.001))
    universe = mda.Universe.empty(20)
    without_warnings(universe.load_new, path)
    with pytest.warns(MdloomWarning, match="short.nc is read through MDAnalysis: .* holds numbers of type 4"):
        found = rms.RMSD(universe).run()
    assert "read through MDAnalysis" in repr(found)
    with pytest.raises(ArgumentError, match="not read natively"):
        mdloom.open(path)


def test_cells_of_truncated_octahedra_have_the_bits_of_mdanalysis():
    theirs = without_warnings(NCDFReader, NCDFtruncoct)
    for frame, ts in zip(mdloom.open(NCDFtruncoct), theirs, strict=True):
        assert frame.box.tobytes() == ts.triclinic_dimensions.tobytes()
