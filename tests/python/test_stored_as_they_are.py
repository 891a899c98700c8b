"""TRR files, whose positions are stored as they are: the bits of MDAnalysis' readers, wherever the work is done."""

import os
import struct
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.coordinates.TRR import TRRReader
from MDAnalysisTests import datafiles
from MDAnalysisTests.datafiles import GRO, TRR, XTC

import mdloom
from mdloom import custom, rms
from mdloom.errors import FormatError, MdloomWarning
from mdloom.universe import trajectory_source

THEIRS = {".trr": TRRReader}


def trajectory_files(endings):
    """{path: name} of all that MDAnalysisTests has."""
    values = {name: getattr(datafiles, name) for name in vars(datafiles)}
    paths = {str(path): name for name, path in values.items() if isinstance(path, (str, os.PathLike))}
    return {path: name for path, name in paths.items() if Path(path).suffix in endings and os.path.isfile(path)}


FILES = trajectory_files(THEIRS)


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
        np.testing.assert_allclose(frame.box, box, rtol=1e-6, atol=1e-4)


def test_all_files_of_mdanalysis_are_tried():
    assert len(FILES) >= 5


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
