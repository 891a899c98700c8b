"""The recipe: every scheduler and every cut gives the same bits, and MDAnalysis agrees."""

import sys
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from distributed import Client, LocalCluster
from MDAnalysis.analysis import rms as peer
from MDAnalysisTests.datafiles import DCD, PSF

import mdloom
from mdloom import rms

sys.path.insert(0, str(Path(__file__).parent))
from fluctuation import Fluctuation


@pytest.fixture
def group():
    return mda.Universe(PSF, DCD).select_atoms("name CA")


@pytest.fixture
def serial(group):
    return Fluctuation(group).run(scheduler="synchronous").rmsf


def test_mdanalysis_agrees(group, serial):
    expected = peer.RMSF(group).run().results.rmsf
    assert serial.shape == (214,)
    np.testing.assert_allclose(serial, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
@pytest.mark.parametrize(("n_jobs", "n_blocks"), [(1, None), (2, 5), (5, None), (3, 98)])
def test_every_cut_on_every_local_scheduler_gives_the_same_bits(group, serial, scheduler, n_jobs, n_blocks):
    analysis = Fluctuation(group).run(n_jobs=n_jobs, n_blocks=n_blocks, scheduler=scheduler)
    assert analysis.rmsf.tobytes() == serial.tobytes()


def test_a_dask_cluster_gives_the_same_bits(group, serial):
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        assert Fluctuation(group).run(client=client).rmsf.tobytes() == serial.tobytes()


def test_it_shares_a_pass_with_a_native_analysis(group, serial):
    together = [Fluctuation(group), rms.RMSD(group)]
    mdloom.run(together, n_jobs=2)
    assert together[0].rmsf.tobytes() == serial.tobytes()
    assert together[1].rmsd.tobytes() == rms.RMSD(group).run(n_jobs=1).rmsd.tobytes()
