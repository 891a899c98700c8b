"""Which scheduler is chosen, and how workers and blocks are counted. Nothing is computed here."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import dask
import pytest
from distributed import Client, LocalCluster

from cluster_helpers import run_in_forked_child
from mdloom import _core
from mdloom.errors import ArgumentError
from mdloom.scheduler import resolve


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        yield client


def summary(schedule):
    return schedule.kind, schedule.n_workers, schedule.n_blocks


# ---- nothing is configured


def test_one_job_is_serial():
    assert summary(resolve(1, None, 98)) == ("serial", 1, 1)


def test_several_jobs_are_threads():
    assert summary(resolve(3, None, 98)) == ("threads", 3, 3)


def test_minus_one_is_all_usable_cores(monkeypatch):
    monkeypatch.setenv("MDLOOM_NUM_JOBS", "5")
    assert summary(resolve(-1, None, 98)) == ("threads", 5, 5)


def test_usable_cores_follow_the_affinity():
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert summary(resolve(-1, None, 98)) == ("serial", 1, 1)
    finally:
        os.sched_setaffinity(0, cores)


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "2", True])
def test_a_number_of_jobs_that_makes_no_sense_is_refused(n_jobs):
    with pytest.raises(ArgumentError, match="n_jobs"):
        resolve(n_jobs, None, 98)


# ---- blocks


def test_blocks_are_counted_as_asked_whatever_the_scheduler(client):
    assert resolve(2, 7, 98).n_blocks == 7
    with dask.config.set(scheduler="synchronous"):
        assert resolve(4, 7, 98).n_blocks == 7
        assert resolve(4, None, 98).n_blocks == 4


def test_automatic_blocks_and_workers_never_outnumber_the_frames():
    assert summary(resolve(8, None, 3)) == ("threads", 3, 3)


@pytest.mark.parametrize("n_blocks", [0, -1, 2.0, 99])
def test_a_number_of_blocks_that_makes_no_sense_is_refused(n_blocks):
    with pytest.raises(ValueError, match="n_blocks"):
        resolve(1, n_blocks, 98)


@pytest.mark.parametrize("n_blocks", [None, 4])
def test_no_frames_give_no_blocks_and_a_warning(n_blocks):
    with pytest.warns(UserWarning, match="no frames"):
        assert resolve(2, n_blocks, 0).n_blocks == 0


# ---- dask's configuration


@pytest.mark.parametrize("name", ["sync", "synchronous", "single-threaded", "Synchronous"])
@pytest.mark.parametrize("n_jobs", [1, 4])
def test_a_synchronous_scheduler_beats_client_and_jobs(client, name, n_jobs):
    with dask.config.set(scheduler=name):
        assert summary(resolve(n_jobs, None, 98)) == ("serial", 1, n_jobs)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("threads", "threads"), ("threading", "threads"), ("processes", "processes"), ("multiprocessing", "processes")],
)
def test_a_local_scheduler_in_the_configuration_beats_the_client(client, name, kind):
    with dask.config.set(scheduler=name):
        assert summary(resolve(3, None, 98)) == (kind, 3, 3)


def test_one_job_under_processes_is_one_process():
    with dask.config.set(scheduler="processes"):
        assert summary(resolve(1, None, 98)) == ("processes", 1, 1)


def test_dasks_own_functions_count_as_their_names():
    functions = {"serial": dask.get, "threads": dask.threaded.get, "processes": dask.multiprocessing.get}
    for kind, function in functions.items():
        with dask.config.set(scheduler=function):
            assert resolve(2, None, 98).kind == kind


def test_num_workers_is_what_all_cores_means():
    with dask.config.set(scheduler="processes", num_workers=3):
        assert summary(resolve(-1, None, 98)) == ("processes", 3, 3)
        assert summary(resolve(2, None, 98)) == ("processes", 2, 2)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_a_pool_in_the_configuration_is_used(scheduler):
    with ThreadPoolExecutor(3) as pool, dask.config.set(scheduler=scheduler, pool=pool):
        schedule = resolve(-1, None, 98)
        assert (schedule.kind, schedule.n_workers, schedule.resource) == ("executor", 3, pool)


def test_a_multiprocessing_pool_in_the_configuration_is_used():
    with multiprocessing.pool.ThreadPool(3) as pool, dask.config.set(scheduler="threads", pool=pool):
        assert summary(resolve(2, None, 98)) == ("executor", 3, 2)


def test_an_executor_in_the_configuration_is_used(client):
    with ThreadPoolExecutor(3) as pool, dask.config.set(scheduler=pool):
        assert resolve(2, None, 98).resource is pool


@pytest.mark.parametrize("form", [lambda client: client, lambda client: client.get], ids=["Client", "Client.get"])
def test_a_client_in_the_configuration_is_used(cluster, form):
    with Client(cluster, set_as_default=False) as client:
        pass
    with pytest.raises(ArgumentError, match="closed"), dask.config.set(scheduler=form(client)):
        resolve(1, None, 98)
    client = Client(cluster, set_as_default=False)
    try:
        assert resolve(2, None, 98).kind == "threads"
        with dask.config.set(scheduler=form(client)):
            schedule = resolve(1, None, 98)
        assert (summary(schedule), schedule.resource) == (("distributed", 2, 2), client)
    finally:
        client.close()


def test_an_unknown_name_is_answered_with_the_nearest():
    with dask.config.set(scheduler="proceses"), pytest.raises(ArgumentError, match='did you mean "processes"'):
        resolve(2, None, 98)


def test_distributed_without_a_client_is_refused():
    with dask.config.set(scheduler="distributed"), pytest.raises(ArgumentError, match="no dask Client is open"):
        resolve(2, None, 98)


def test_something_that_is_no_scheduler_is_refused():
    with dask.config.set(scheduler=42), pytest.raises(ArgumentError, match="42"):
        resolve(2, None, 98)


# ---- a Client


@pytest.mark.parametrize("n_jobs", [1, 5, -1])
def test_the_current_client_is_used_for_any_number_of_jobs(client, n_jobs):
    schedule = resolve(n_jobs, None, 98)
    assert (summary(schedule), schedule.resource) == (("distributed", 2, 2), client)


def test_a_client_that_is_not_the_default_is_used_only_where_it_is_current(cluster):
    with_default = Client(cluster, set_as_default=False)
    try:
        assert resolve(2, None, 98).kind == "threads"
        with with_default.as_current():
            assert resolve(2, None, 98).resource is with_default
        assert resolve(2, None, 98).kind == "threads"
    finally:
        with_default.close()


def test_after_the_client_is_closed_runs_are_local(cluster):
    client = Client(cluster)
    assert resolve(2, None, 98).kind == "distributed"
    client.close()
    assert resolve(2, None, 98).kind == "threads"


def test_an_asynchronous_client_is_refused_by_name():
    import asyncio

    async def ask():
        async with Client(
            asynchronous=True, processes=False, n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as client:
            with pytest.raises(ArgumentError, match="asynchronous"):
                resolve(2, None, 98, client=client)
            with pytest.raises(ArgumentError, match="asynchronous"):
                resolve(2, None, 98)

    asyncio.run(ask())


def test_inside_a_dask_task_the_work_is_done_in_place(client):
    def ask():
        return summary(resolve(4, None, 98))

    assert client.submit(ask, pure=False).result() == ("in_task", 1, 4)


# ---- arguments


def test_a_client_argument_beats_everything(client, cluster):
    other = Client(cluster, set_as_default=False)
    try:
        with dask.config.set(scheduler="synchronous"):
            assert resolve(1, None, 98, client=other).resource is other
    finally:
        other.close()


@pytest.mark.parametrize("form", [lambda c: c, lambda c: c.scheduler_address], ids=["cluster", "address"])
def test_a_connection_that_resolve_opens_is_closed_and_never_the_default(cluster, form):
    with resolve(1, None, 98, client=form(cluster)) as schedule:
        assert summary(schedule) == ("distributed", 2, 2)
        opened = schedule.resource
        assert opened.status == "running"
        with pytest.raises(ValueError):
            Client.current()
    assert opened.status == "closed"


def test_a_client_of_the_users_stays_open(client):
    with resolve(1, None, 98, client=client):
        pass
    assert client.status == "running"


def test_a_scheduler_argument_beats_the_client(client):
    assert summary(resolve(4, None, 98, scheduler="synchronous")) == ("serial", 1, 4)
    with ThreadPoolExecutor(2) as pool:
        assert summary(resolve(4, None, 98, scheduler=pool)) == ("executor", 2, 4)


def test_two_places_at_once_are_refused(client):
    with pytest.raises(ArgumentError, match="client= and scheduler="):
        resolve(1, None, 98, client=client, scheduler="threads")


def test_a_scheduler_that_does_not_answer_is_named():
    impatient = dask.config.set({"distributed.comm.timeouts.connect": "0.3s"})
    with impatient, pytest.raises(ArgumentError, match=r"tcp://127\.0\.0\.1:9"):
        resolve(1, None, 98, client="tcp://127.0.0.1:9")


def test_a_thing_that_is_no_client_is_refused():
    with pytest.raises(ArgumentError, match="client= is a int"):
        resolve(1, None, 98, client=3)


# ---- words, and what is not imported


def test_a_schedule_says_who_works(client):
    assert resolve(1, None, 9, scheduler="sync").text == "serial"
    assert resolve(1, None, 9, scheduler="sync").who == "1 thread"
    assert resolve(2, None, 9, scheduler="threads").text == "native threads"
    assert resolve(2, None, 9, scheduler="threads").who == "2 threads"
    assert resolve(2, None, 9, scheduler="processes").who == "2 processes"
    assert resolve(2, None, 9).who == "2 workers"
    assert client.scheduler.address in resolve(2, None, 9).text


def test_mdloom_imports_neither_dask_nor_mdanalysis():
    code = """
import sys, numpy as np, mdloom
from mdloom import scheduler
scheduler.resolve(2, None, 98)
print([name for name in ("dask", "distributed", "MDAnalysis", "tqdm") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_forked_child_does_not_use_its_parents_client(client):
    def in_child():
        assert resolve(2, None, 98).kind == "threads"
        with pytest.raises(ArgumentError, match="before a fork"):
            resolve(2, None, 98, client=client)

    run_in_forked_child(in_child)


def test_usable_cores_is_what_the_engine_says():
    assert resolve(-1, None, 10_000).n_workers == _core.usable_cores()
