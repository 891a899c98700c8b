"""The recipe from Python: every scheduler gives the same bits, and MDAnalysis agrees."""

import os
from pathlib import Path

import dask
import MDAnalysis as mda
import numpy as np
import pytest
from distributed import Client, LocalCluster
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from mdloom import plugins, rms
from mdloom.errors import ArgumentError, TopologyError

LIBRARY = os.environ.get("GYRATION_PLUGIN", Path(__file__).parent / "build" / "libgyration.so")


@pytest.fixture(scope="module")
def gyration():
    return plugins.load(LIBRARY).gyration


@pytest.fixture
def universe():
    return mda.Universe(PSF, DCD)


@pytest.fixture
def serial(gyration, universe):
    return gyration(universe, universe.select_atoms("protein")).run(scheduler="synchronous").results.gyration


def test_mdanalysis_agrees(serial, universe):
    protein = universe.select_atoms("protein")
    expected = [(ts.frame, ts.time, protein.radius_of_gyration()) for ts in universe.trajectory]
    np.testing.assert_allclose(serial, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_every_local_scheduler_gives_the_same_bits(gyration, universe, serial, scheduler, n_jobs):
    analysis = gyration(universe, group=universe.select_atoms("protein"))
    with dask.config.set(scheduler=scheduler):
        analysis.run(n_jobs=n_jobs)
    assert analysis.results.gyration.tobytes() == serial.tobytes()
    processes = {worker.pid for block in analysis.timing.workers for worker in block}
    assert (os.getpid() in processes) == (scheduler != "processes")


def test_dask_workers_load_it_too_and_give_the_same_bits(gyration, universe, serial):
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        analysis = gyration(universe, universe.select_atoms("protein")).run(client=client, n_blocks=7)
    assert analysis.results.gyration.tobytes() == serial.tobytes()
    processes = {worker.pid for block in analysis.timing.workers for worker in block}
    assert processes and os.getpid() not in processes


def test_it_shares_a_pass_with_a_native_analysis(gyration, universe, serial):
    together = [rms.RMSD(universe.select_atoms("name CA")), gyration(universe, universe.select_atoms("protein"))]
    mdloom.run(together, n_jobs=2)
    assert together[1].results.gyration.tobytes() == serial.tobytes()
    alone = rms.RMSD(universe.select_atoms("name CA")).run(n_jobs=1)
    assert together[0].rmsd.tobytes() == alone.rmsd.tobytes()


def test_other_frames_other_formats_and_partial_results(gyration):
    universe = mda.Universe(GRO, XTC)
    analysis = gyration(universe, universe.select_atoms("protein")).run(frames=[7, 2, 2], n_jobs=2)
    np.testing.assert_array_equal(analysis.results.gyration[:, 0], [7, 2, 2])
    np.testing.assert_array_equal(analysis.partial()["frames"], [7, 2, 2])
    np.testing.assert_array_equal(analysis.partial().gyration, analysis.results.gyration)
    assert "3 frames, 3341 atoms" in repr(analysis)


def test_what_it_cannot_do_it_refuses_by_name(gyration, universe):
    without = mda.Universe.empty(4, trajectory=True)
    with pytest.raises(TopologyError, match="gyration: the topology holds no masses: set u.atoms.masses"):
        gyration(without, [0, 1]).run()
    with pytest.raises(ArgumentError, match="holds no atom"):
        gyration(universe, []).run()
    with pytest.raises(ArgumentError, match=r'gyration: "group" is missing'):
        gyration(universe)
