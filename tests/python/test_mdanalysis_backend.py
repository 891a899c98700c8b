"""mdloom.DaskBackend: MDAnalysis' own analyses on the workers of a Dask cluster, with the results of its serial run."""

import os
import textwrap
import time

import MDAnalysis as mda
import numpy as np
import pytest
from distributed import Client, LocalCluster
from MDAnalysis.analysis.base import AnalysisFromFunction
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysis.analysis.rms import RMSD
from MDAnalysisTests.datafiles import DCD, PSF, TPR, XTC

import mdloom
from cluster_helpers import run_script
from mdloom.errors import ArgumentError

ON_DASK = {"unsupported_backend": True}


@pytest.fixture(scope="module")
def two_workers():
    with LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.fixture
def client(two_workers):
    with Client(two_workers) as client:
        yield client


def worker_pids(client):
    return set(client.run(os.getpid).values())


def test_rmsd_is_that_of_the_serial_run(client, u):
    serial = RMSD(u, select="name CA", groupselections=["resid 1:50"]).run()
    backend = mdloom.DaskBackend()
    assert backend.n_workers == 2
    spread = RMSD(u, select="name CA", groupselections=["resid 1:50"]).run(backend=backend, **ON_DASK)
    np.testing.assert_array_equal(spread.results.rmsd, serial.results.rmsd)
    np.testing.assert_array_equal(spread.frames, serial.frames)
    np.testing.assert_array_equal(spread.times, serial.times)


@pytest.mark.parametrize("n_parts", [1, 3, 10])
def test_rdf_is_that_of_the_serial_run_for_any_number_of_parts(client, n_parts):
    """Tasks of one worker must not share the analysis: parts add up in it."""
    universe = mda.Universe(TPR, XTC)
    water = universe.select_atoms("resname SOL and name OW")[:200]
    serial = InterRDF(water, water, nbins=20, exclusion_block=(1, 1)).run()
    spread = InterRDF(water, water, nbins=20, exclusion_block=(1, 1))
    spread.run(backend=mdloom.DaskBackend(), n_parts=n_parts, **ON_DASK)
    np.testing.assert_array_equal(spread.results.count, serial.results.count)
    np.testing.assert_allclose(spread.results.rdf, serial.results.rdf, rtol=1e-12)


def test_lambdas_travel_and_the_workers_do_the_work(client, u):
    analysis = AnalysisFromFunction(lambda ag: (__import__("time").sleep(0.01), os.getpid())[1], u.atoms[:5])
    found = set(analysis.run(backend=mdloom.DaskBackend(), n_parts=8, **ON_DASK).results.timeseries)
    assert len(found) == 2 and found == worker_pids(client)


def test_results_come_in_the_order_of_the_parts(client):
    def slow_first(item):
        time.sleep(0.3 if item == 0 else 0)
        return item, os.getpid()

    results = mdloom.DaskBackend().apply(slow_first, range(6))
    assert [item for item, _ in results] == list(range(6))
    assert {pid for _, pid in results} <= worker_pids(client)
    assert mdloom.DaskBackend().apply(slow_first, []) == []


def test_native_readers_are_opened_by_the_workers(client):
    universe = mda.Universe(PSF, DCD, format=mdloom.DCDReader)
    spread = RMSD(universe, select="name CA").run(backend=mdloom.DaskBackend(), **ON_DASK)
    serial = RMSD(mda.Universe(PSF, DCD), select="name CA").run()
    np.testing.assert_array_equal(spread.results.rmsd, serial.results.rmsd)


def test_each_part_has_a_copy_of_its_own_of_what_travelled_once(client):
    class Counter:
        n = 0
        payload = bytes(20_000_000)

        def __init__(self):
            self.held = Counter.payload[:]

        def count(self, item):
            self.n += 1
            return self.n

    before = sum(client.run(bytes_received).values())
    assert mdloom.DaskBackend().apply(Counter().count, range(20)) == [1] * 20
    assert sum(client.run(bytes_received).values()) - before < 5 * 20_000_000


def bytes_received(dask_worker):
    return sum(comm["total"] for comm in dask_worker.transfer_incoming_log)


def test_tasks_have_names_that_say_what_they_are(client, u):
    def own_key(item):
        from distributed import get_worker

        return get_worker().get_current_task()

    keys = mdloom.DaskBackend().apply(own_key, range(3))
    assert all(key.startswith("mdloom-own-key-") for key in keys) and len(set(keys)) == 3
    names = AnalysisFromFunction(own_key, u.atoms).run(stop=4, backend=mdloom.DaskBackend(), **ON_DASK)
    assert {key.rsplit("-", 2)[0] for key in names.results.timeseries} == {"mdloom-analysisfromfunction"}


def test_a_workers_exception_keeps_its_type_and_the_others_are_cancelled(client):
    def fail(item):
        if item == 1:
            raise KeyError("no such residue")
        time.sleep(0.2)

    with pytest.raises(KeyError, match="no such residue"):
        mdloom.DaskBackend().apply(fail, range(200))
    deadline = time.monotonic() + 20
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        assert time.monotonic() < deadline, "tasks are left on the cluster"
        time.sleep(0.05)


def test_clients_clusters_and_addresses_are_taken(two_workers, u):
    expected = RMSD(u, select="name CA").run().results.rmsd
    with Client(two_workers, set_as_default=False) as client:
        for given in (client, two_workers, two_workers.scheduler_address):
            n_connected = len(client.scheduler_info()["workers"])
            backend = mdloom.DaskBackend(given)
            assert backend.n_workers == n_connected == 2
            found = RMSD(u, select="name CA").run(backend=backend, **ON_DASK)
            np.testing.assert_array_equal(found.results.rmsd, expected)


def test_the_number_of_parts_can_be_given(client, u):
    backend = mdloom.DaskBackend(n_workers=7)
    calls = []
    real_apply = backend.apply
    backend.apply = lambda func, computations: calls.append(len(computations)) or real_apply(func, computations)
    RMSD(u, select="name CA").run(backend=backend, **ON_DASK)
    assert calls == [7]
    with pytest.raises(ValueError, match="n_workers should be positive"):
        mdloom.DaskBackend(n_workers=0)


@pytest.mark.usefixtures("no_ambient_client")
def test_without_a_client_it_says_what_to_do():
    with pytest.raises(ArgumentError, match="open a Client first .*or give client="):
        mdloom.DaskBackend()
    with pytest.raises(ArgumentError, match="must be a dask Client, a dask cluster or an address"):
        mdloom.DaskBackend(client=7)


def test_closed_and_asynchronous_clients_are_refused(two_workers):
    with Client(two_workers, set_as_default=False) as client:
        backend = mdloom.DaskBackend(client)
    with pytest.raises(ArgumentError, match="this dask Client is closed"):
        backend.apply(abs, [1])
    with pytest.raises(ArgumentError, match="this dask Client is closed"):
        mdloom.DaskBackend(client)


def test_inside_a_dask_task_it_is_refused(client):
    with pytest.raises(ArgumentError, match="inside a Dask task"):
        client.submit(lambda: mdloom.DaskBackend(), pure=False).result()


def test_what_a_script_defines_travels(two_workers, tmp_path):
    script = f"""
    import MDAnalysis as mda, mdloom, os
    from dask.distributed import Client
    from MDAnalysis.analysis.base import AnalysisBase
    from MDAnalysisTests.datafiles import DCD, PSF

    class Radius(AnalysisBase):
        _analysis_algorithm_is_parallelizable = True

        def __init__(self, group):
            super().__init__(group.universe.trajectory)
            self.group = group

        def _prepare(self):
            self.results.radii = []

        def _single_frame(self):
            self.results.radii.append(radius(self.group))

        def _get_aggregator(self):
            from MDAnalysis.analysis.results import ResultsGroup
            return ResultsGroup(lookup={{"radii": ResultsGroup.flatten_sequence}})

    def radius(group):
        return group.radius_of_gyration()

    group = mda.Universe(PSF, DCD).select_atoms("name CA")
    with Client({two_workers.scheduler_address!r}):
        spread = Radius(group).run(backend=mdloom.DaskBackend(), unsupported_backend=True)
    print(len(spread.results.radii), spread.results.radii == Radius(group).run().results.radii)
    """
    assert run_script(textwrap.dedent(script), tmp_path).split() == ["98", "True"]
