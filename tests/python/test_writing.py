"""Trajectory files that the engine writes have the bytes of those that MDAnalysis writes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

mda = pytest.importorskip("MDAnalysis")
datafiles = pytest.importorskip("MDAnalysisTests.datafiles")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from MDAnalysis.lib.formats.libmdaxdr import XTCFile  # noqa: E402
from MDAnalysis.lib.mdamath import triclinic_vectors  # noqa: E402

from mdloom import _core  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

SYSTEMS = {
    "dodecahedron": (datafiles.GRO, datafiles.XTC),
    "membrane": (datafiles.GRO_MEMPROT, datafiles.XTC_MEMPROT),
    "cuboid": (datafiles.waterPSF, datafiles.waterDCD),
    "no box": (datafiles.PSF, datafiles.DCD),
    "triclinic": (datafiles.PSF_TRICLINIC, datafiles.DCD_TRICLINIC),
}


def frames_of(system: str, select: str = "all", n_frames: int = 4) -> list[tuple]:
    """(step, time, box, positions), Å."""
    atoms = mda.Universe(*SYSTEMS[system]).select_atoms(select)
    return [(ts.frame * 5, ts.time, vectors(ts), atoms.positions) for ts in atoms.universe.trajectory[:n_frames]]


def vectors(ts) -> np.ndarray:
    return np.zeros((3, 3), np.float32) if ts.dimensions is None else triclinic_vectors(ts.dimensions)


def encoded(form: str, frames: list[tuple], **settings) -> bytes:
    encoder = _core.TrajectoryEncoder(form, len(frames[0][3]), **settings)
    parts = [encoder.frame(number, *frame) for number, frame in enumerate(frames)]
    return encoder.start(len(frames)) + b"".join(parts)


def by_libxdrfile(folder: Path, frames: list[tuple], decimals: int = 3) -> bytes:
    with XTCFile(str(folder / "theirs.xtc"), "w") as file:
        for step, time, box, positions in frames:
            file.write(np.float32(0.1) * positions, np.float32(0.1) * box, step, time, 10.0**decimals)
    return (folder / "theirs.xtc").read_bytes()


def by_mdanalysis(folder: Path, system: str, form: str, n_frames: int = 4, **settings) -> tuple[bytes, list[tuple]]:
    """What MDAnalysis makes of a trajectory, and the frames that it was given."""
    u = mda.Universe(*SYSTEMS[system])
    path, frames = folder / f"theirs.{form}", []
    with mda.Writer(str(path), u.atoms.n_atoms, **settings) as writer:
        for ts in u.trajectory[:n_frames]:
            frames.append((ts.data.get("step", ts.frame), ts.time, vectors(ts), u.atoms.positions))
            writer.write(u.atoms)
    return path.read_bytes(), frames


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 4, 5])
def test_xtc_has_the_bytes_of_libxdrfile(system, decimals, tmp_path):
    frames = frames_of(system)
    assert encoded("xtc", frames, decimals=decimals) == by_libxdrfile(tmp_path, frames, decimals)


@pytest.mark.parametrize(
    "select", ["protein", "name OW", "name CA", "resname SOL", "bynum 1:9", "bynum 1:10", "bynum 1"]
)
def test_xtc_of_some_atoms_has_the_bytes_of_libxdrfile(select, tmp_path):
    frames = frames_of("dodecahedron", select)
    assert encoded("xtc", frames) == by_libxdrfile(tmp_path, frames)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 300),
    decimals=st.integers(0, 6),
    scale=st.integers(-3, 5),
    bond=st.sampled_from([0.0, 1e-5, 1e-3, 0.01, 0.03, 0.1, 1.0]),
)
def test_xtc_of_random_systems_has_the_bytes_of_libxdrfile(tmp_path_factory, seed, n, decimals, scale, bond):
    """Molecules of five atoms; at most 2^21 grid points wide, where sizes of libxdrfile's table are left to choose."""
    random = np.random.default_rng(seed)
    width = min(10.0**scale, 1e7 / 10**decimals)
    positions = width * random.uniform(-1, 1, (n, 3))
    for k in range(1, n):
        if k % 5:
            positions[k] = positions[k - 1] + bond * width * random.uniform(-1, 1, 3)
    frame = (seed % 1000, seed / 7, np.diag(random.uniform(1, 100, 3)), positions)
    frame = (*frame[:2], frame[2].astype(np.float32), positions.astype(np.float32))
    folder = tmp_path_factory.mktemp("xtc", numbered=True)
    assert encoded("xtc", [frame], decimals=decimals) == by_libxdrfile(folder, [frame], decimals)


@pytest.mark.parametrize("width", [1e5, 1e6, 1e7])
def test_xtc_of_huge_chains_has_the_bytes_of_libxdrfile(width, tmp_path):
    """Coordinates whose axes have bit fields of their own, and sums of squares that do not fit into 32 bits."""
    random = np.random.default_rng(5)
    positions = np.cumsum(random.normal(size=(500, 3)), axis=0)
    positions *= width / abs(positions).max() / 10
    positions[::50] = random.uniform(-width, width, (10, 3))
    frames = [(0, 0.0, np.eye(3, dtype=np.float32), positions.astype(np.float32))]
    assert encoded("xtc", frames) == by_libxdrfile(tmp_path, frames)


@pytest.mark.parametrize("system", ["cuboid", "no box"])
def test_xtc_has_the_bytes_of_mdanalysis_writer(system, tmp_path):
    theirs, frames = by_mdanalysis(tmp_path, system, "xtc")
    assert encoded("xtc", frames) == theirs
    theirs, frames = by_mdanalysis(tmp_path, system, "xtc", precision=2)
    assert encoded("xtc", frames, decimals=2) == theirs


@pytest.mark.parametrize("system", ["dodecahedron", "triclinic", "membrane"])
def test_xtc_of_a_triclinic_cell_differs_from_mdanalysis_writer_in_the_last_bits_of_the_cell_alone(system, tmp_path):
    """MDAnalysis writes cell vectors by way of lengths and angles; here they are written as they are."""
    theirs, frames = by_mdanalysis(tmp_path, system, "xtc")
    at = 0
    for number, frame in enumerate(frames):
        ours = encoded("xtc", [frame])
        their = theirs[at : at + len(ours)]
        assert ours[:16] == their[:16], number
        assert ours[52:] == their[52:], number
        np.testing.assert_allclose(
            np.frombuffer(ours[16:52], ">f4"), np.frombuffer(their[16:52], ">f4"), rtol=3e-7, atol=3e-6
        )
        at += len(ours)
    assert at == len(theirs)


@pytest.mark.parametrize("system", ["cuboid", "no box"])
@pytest.mark.parametrize("options", [{}, {"dt": 2.5, "nsavc": 50, "istart": 100, "remarks": "a trajectory"}])
def test_dcd_has_the_bytes_of_mdanalysis_writer(system, options, tmp_path):
    theirs, frames = by_mdanalysis(tmp_path, system, "dcd", **options)
    names = {"dt": "dt", "nsavc": "steps_between", "istart": "first_step", "remarks": "remarks"}
    assert encoded("dcd", frames, **{names[key]: value for key, value in options.items()}) == theirs


@pytest.mark.parametrize("system", ["dodecahedron", "triclinic", "membrane"])
def test_dcd_of_a_triclinic_cell_differs_from_mdanalysis_writer_in_the_last_bits_of_the_cell_alone(system, tmp_path):
    theirs, frames = by_mdanalysis(tmp_path, system, "dcd")
    ours = encoded("dcd", frames)
    assert len(ours) == len(theirs)
    frame_bytes = (len(ours) - 356) // len(frames)
    assert ours[:356] == theirs[:356]
    for at in range(356, len(ours), frame_bytes):
        cell, rest = slice(at + 4, at + 52), slice(at + 52, at + frame_bytes)
        assert ours[rest] == theirs[rest]
        np.testing.assert_allclose(np.frombuffer(ours[cell]), np.frombuffer(theirs[cell]), rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize("form", ["xtc", "dcd"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_mdanalysis_reads_what_was_written(form, system, tmp_path):
    frames = frames_of(system)
    path = tmp_path / f"ours.{form}"
    path.write_bytes(encoded(form, frames, dt=1.5, steps_between=5))
    u = mda.Universe(SYSTEMS[system][0], str(path))
    assert len(u.trajectory) == len(frames)
    for ts, (step, time, box, positions) in zip(u.trajectory, frames, strict=True):
        np.testing.assert_allclose(ts.positions, positions, rtol=0, atol=0.00501 if form == "xtc" else 0)
        np.testing.assert_allclose(vectors(ts), box, rtol=0, atol=1e-4)
        assert ts.time == pytest.approx(time if form == "xtc" else 1.5 * ts.frame, rel=1e-6)
        assert form == "dcd" or ts.data["step"] == step


def test_dcd_without_frames_is_a_header():
    encoder = _core.TrajectoryEncoder("dcd", 5)
    assert struct.unpack("<5i", encoder.start(0)[8:28]) == (0, 0, 1, 0, 0)


def test_what_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match='"trr" cannot be written: the formats are dcd, xtc'):
        _core.TrajectoryEncoder("trr", 5)
    with pytest.raises(ValueError, match="10 decimals"):
        _core.TrajectoryEncoder("xtc", 5, decimals=10)
    encoder, box = _core.TrajectoryEncoder("xtc", 20), np.zeros((3, 3), np.float32)
    positions = np.zeros((20, 3), np.float32)
    positions[3, 1] = 1e9
    with pytest.raises(ValueError, match=r"atom 3 is at \(0, 1e\+09, 0\) Å, .* lower the precision, or write DCD"):
        encoder.frame(0, 0, 0.0, box, positions)
    with pytest.raises(ValueError, match="frame 2 has 19 atoms, but the file is written for 20"):
        encoder.frame(2, 0, 0.0, box, positions[:19])
