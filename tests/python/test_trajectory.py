"""mdloom.open: the same frames as MDAnalysis gives, and errors that say what is wrong."""

from concurrent.futures import ThreadPoolExecutor

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from mdloom.errors import ArgumentError, FileError, TopologyError


@pytest.mark.parametrize("topology, path", [(GRO, XTC), (PSF, DCD)])
def test_frames_are_bit_equal_to_mdanalysis(topology, path):
    trajectory, universe = mdloom.open(path), mda.Universe(topology, path)
    assert (len(trajectory), trajectory.n_atoms) == (len(universe.trajectory), len(universe.atoms))
    for frame, expected in zip(trajectory, universe.trajectory, strict=True):
        np.testing.assert_array_equal(frame.positions, expected.positions)
        assert (frame.index, frame.time) == (expected.frame, expected.time)


def test_box_rows_are_the_cell_vectors():
    expected = mda.Universe(GRO, XTC).trajectory[4].triclinic_dimensions
    np.testing.assert_allclose(mdloom.open(XTC)[4].box, expected, rtol=1e-6, atol=1e-4)


def test_positions_that_are_held_stay_as_they_are_while_others_are_read():
    trajectory = mdloom.open(XTC)
    expected = trajectory.read()
    held = [trajectory[0].positions, trajectory[1:][0].positions, trajectory[2].positions]
    trajectory[3].positions[:] = 0
    for frame in trajectory:
        assert np.array_equal(frame.positions, expected[frame.index])
        frame.positions[:] = -1
    del trajectory
    assert np.array_equal(held, expected[:3])


def test_positions_that_are_held_stay_as_they_are_while_other_trajectories_are_read():
    expected, others = mdloom.open(XTC).read(stop=2), mdloom.open(DCD).read(stop=3)
    held = []
    for i in range(2):
        held.append(mdloom.open(XTC)[i].positions)
        small = [frame.positions for frame in mdloom.open(DCD)[:3]]
        assert np.array_equal(small, others)
        for frame in mdloom.open(XTC)[5:8]:
            frame.positions[:] = -1
    assert np.array_equal(held, expected)


@pytest.mark.parametrize("path", [XTC, DCD])
@pytest.mark.parametrize("frames", [slice(None, None, -1), slice(1, None, 3), slice(0, 0)])
def test_loops_give_the_frames_of_any_slice_also_several_at_once(path, frames):
    trajectory = mdloom.open(path)
    expected = trajectory.read()

    def indices():
        seen = []
        for frame in trajectory[frames]:
            assert np.array_equal(frame.positions, expected[frame.index])
            seen.append(frame.index)
        return seen

    with ThreadPoolExecutor(3) as pool:
        loops = [pool.submit(indices) for _ in range(6)]
    assert all(loop.result() == list(range(len(trajectory)))[frames] for loop in loops)


def test_threads_may_share_a_trajectory():
    trajectory = mdloom.open(XTC)
    expected = trajectory.read()
    indices = [0, 7, 3, 9, 1, 5, 8, 2] * 4
    with ThreadPoolExecutor(4) as pool:
        for index, frame in zip(indices, pool.map(trajectory.__getitem__, indices), strict=True):
            assert np.array_equal(frame.positions, expected[index])


def test_indices_count_from_either_end():
    trajectory = mdloom.open(DCD)
    np.testing.assert_array_equal(trajectory[-1].positions, trajectory[97].positions)
    with pytest.raises(IndexError, match="frame 98 is outside adk_dims.dcd with its 98 frames"):
        trajectory[98]


def test_slices_are_shorter_trajectories():
    trajectory = mdloom.open(DCD)
    assert [frame.index for frame in trajectory[90:10:-30]] == [90, 60, 30]
    assert len(trajectory[10:50][5:10]) == 5
    assert trajectory[10:50][5].index == 15


def test_read_gives_atoms_in_the_order_asked_for():
    trajectory = mdloom.open(XTC)
    whole = trajectory.read()
    assert whole.shape == (10, 47681, 3) and whole.dtype == np.float32
    atoms = [40000, 7, 7, 0, 3340]
    np.testing.assert_array_equal(trajectory.read(atoms=atoms, start=1, step=4), whole[1::4][:, atoms])
    assert trajectory.read(atoms=[], stop=3).shape == (3, 0, 3)
    assert trajectory.read(start=4, stop=4).shape == (0, 47681, 3)


@pytest.mark.parametrize("atoms", [[-1], [47681], [[1, 2]], [0.5]])
def test_atoms_that_are_not_there_are_refused(atoms):
    with pytest.raises(ArgumentError, match="atom"):
        mdloom.open(XTC).read(atoms=atoms)


def test_several_files_are_one_trajectory():
    once, twice = mdloom.open(DCD), mdloom.open([DCD, DCD])
    assert len(twice) == 2 * len(once)
    np.testing.assert_array_equal(twice[98 + 5].positions, once[5].positions)


def test_files_of_different_systems_are_not_one_trajectory():
    with pytest.raises(TopologyError, match="adk_dims.dcd"):
        mdloom.open([DCD, XTC])


def test_topology_is_checked_against_the_trajectory():
    assert mdloom.open(XTC, topology=GRO).n_atoms == 47681
    with pytest.raises(TopologyError, match="adk_oplsaa.xtc has 47681 atoms, .*adk.psf has 3341: not the same system"):
        mdloom.open(XTC, topology=PSF)


def test_repr_says_what_it_is():
    assert repr(mdloom.open(XTC)) == "<Trajectory adk_oplsaa.xtc: 10 frames of 47681 atoms>"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="nowhere.xtc"):
        mdloom.open(tmp_path / "nowhere.xtc")


def test_unknown_ending_offers_the_known_ones(tmp_path):
    path = tmp_path / "traj.xct"
    path.write_bytes(b"x" * 200)
    with pytest.raises(ArgumentError, match=r"\.xtc"):
        mdloom.open(path)
