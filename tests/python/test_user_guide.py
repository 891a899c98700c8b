"""The user guide's page on parallel runs, row by row. Where work ran is read from `timing.workers`, not the plan."""

import os
import threading
import urllib.request

import dask
import numpy as np
import pytest

from cluster_helpers import (
    process_ids,
    run_script,
    separate_scheduler,
    separate_worker,
    thread_ids,
    wait_for_workers,
)
from mdloom import _core
from mdloom.util import make_balanced_slices


def native_threads() -> set[str]:
    return set(os.listdir("/proc/self/task"))


def child_processes() -> set[str]:
    return set(open(f"/proc/self/task/{threading.get_native_id()}/children").read().split())


def as_ranges(slices, n_frames):
    return [range(*piece.indices(n_frames)) for piece in slices]


def test_all_cores_work_by_default(make_rmsd, serial_rmsd, no_ambient_client):
    rmsd = make_rmsd().run()
    n_cores = _core.usable_cores()
    assert len(thread_ids(rmsd.timing)) == len(rmsd._blocks) == min(98, n_cores)
    assert process_ids(rmsd.timing) == {os.getpid()}
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_under_taskset_one_core_means_one_thread(tmp_path, adk_files):
    told = run_script(
        f"""
        import MDAnalysis as mda
        from mdloom import rms
        u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
        a = rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run()
        print(len({{w.thread for block in a.timing.workers for w in block}}), len(a._blocks))
        """,
        tmp_path,
        prefix=("taskset", "-c", str(min(os.sched_getaffinity(0)))),
    )
    assert told.split() == ["1", "1"]


def test_four_jobs_make_four_blocks(make_rmsd, serial_rmsd, no_ambient_client):
    rmsd = make_rmsd().run(n_jobs=4)
    assert rmsd._blocks == as_ranges(make_balanced_slices(98, 4), 98)
    assert len(thread_ids(rmsd.timing)) == 4
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_the_processes_scheduler_starts_one_process_per_job(make_rmsd, serial_rmsd, no_ambient_client):
    with dask.config.set(scheduler="processes"):
        rmsd = make_rmsd().run(n_jobs=4)
    assert len(process_ids(rmsd.timing) - {os.getpid()}) == 4
    assert os.getpid() not in process_ids(rmsd.timing)
    assert len(rmsd._blocks) == 4
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_without_the_processes_scheduler_no_process_starts(make_rmsd, serial_rmsd, no_ambient_client):
    before = child_processes()
    rmsd = make_rmsd().run(n_jobs=4)
    assert child_processes() <= before
    assert process_ids(rmsd.timing) == {os.getpid()}
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_one_job_is_the_calling_thread_alone(make_rmsd, serial_rmsd, no_ambient_client):
    rmsd, seen = make_rmsd(), []
    before = native_threads(), child_processes()
    rmsd.run(n_jobs=1, progress=lambda done, total: seen.append((native_threads(), child_processes())))
    assert seen and all(now <= then for during in seen for now, then in zip(during, before, strict=True))
    assert thread_ids(rmsd.timing) == {(os.getpid(), threading.get_native_id())}
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_one_job_works_under_pdb(tmp_path, adk_files):
    told = run_script(
        f"""
        import pdb, io, sys
        import MDAnalysis as mda
        from mdloom import rms
        u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
        def watch(done, total):
            debugger = pdb.Pdb(stdin=io.StringIO("p 'debugged', done\\ncontinue\\n"), stdout=sys.stdout)
            debugger.set_trace(sys._getframe())
        a = rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(n_jobs=1, progress=watch)
        print("shape", a.rmsd.shape)
        """,
        tmp_path,
    )
    assert "('debugged', 98)" in told
    assert "shape (98, 3)" in told


def test_a_local_cluster_and_a_client_are_sufficient(make_rmsd, serial_rmsd, guide_client):
    rmsd = make_rmsd().run()
    assert len(rmsd._blocks) == 8
    assert len(process_ids(rmsd.timing)) == 8
    assert os.getpid() not in process_ids(rmsd.timing)
    assert np.array_equal(rmsd.rmsd, serial_rmsd)

    one_job = make_rmsd().run(n_jobs=1)
    assert len(one_job._blocks) == len(process_ids(one_job.timing)) == 8

    guide_client.close()
    local = make_rmsd().run()
    assert process_ids(local.timing) == {os.getpid()}
    assert np.array_equal(local.rmsd, serial_rmsd)


def test_a_client_on_one_machine_needs_no_cluster(make_rmsd, serial_rmsd):
    from distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"):
        rmsd = make_rmsd().run()
    assert len(process_ids(rmsd.timing)) == 2
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_a_client_without_processes_uses_all_its_threads(make_rmsd, serial_rmsd):
    from distributed import Client

    with Client(processes=False, n_workers=1, threads_per_worker=3, dashboard_address="127.0.0.1:0"):
        rmsd = make_rmsd().run()
    assert process_ids(rmsd.timing) == {os.getpid()}
    assert len(thread_ids(rmsd.timing)) == 3
    assert len(rmsd._blocks) == 1
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def state_file(other_folder):
    """A scheduler and two workers, started by hand in another folder than ours."""
    from distributed import Client

    with (
        separate_scheduler(other_folder) as path,
        separate_worker(path, other_folder),
        separate_worker(path, other_folder),
    ):
        with Client(scheduler_file=str(path), set_as_default=False) as client:
            wait_for_workers(client, 2)
        yield path


@pytest.fixture
def relative_trajectory(tmp_path, monkeypatch, adk_files):
    (tmp_path / "adk.dcd").symlink_to(adk_files[1])
    monkeypatch.chdir(tmp_path)
    return "adk.dcd"


@pytest.mark.parametrize("how", ["address", "scheduler_file"])
def test_a_cluster_started_elsewhere_is_used(make_rmsd, serial_rmsd, state_file, relative_trajectory, how):
    import json

    from distributed import Client

    address = json.loads(state_file.read_text())["address"]
    with Client(address) if how == "address" else Client(scheduler_file=str(state_file)):
        rmsd = make_rmsd(trajectory=relative_trajectory).run()
    assert len(rmsd._blocks) == len(process_ids(rmsd.timing)) == 2
    assert os.getpid() not in process_ids(rmsd.timing)
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.mark.parametrize("how", ["client", "scheduler_file"])
def test_a_cluster_can_be_named_in_run(make_rmsd, serial_rmsd, state_file, relative_trajectory, how, no_ambient_client):
    import json

    from distributed import Client

    address = json.loads(state_file.read_text())["address"]
    rmsd = make_rmsd(trajectory=relative_trajectory)
    rmsd.run(**({"client": address} if how == "client" else {"scheduler_file": str(state_file)}))
    assert len(process_ids(rmsd.timing) - {os.getpid()}) == 2
    assert np.array_equal(rmsd.rmsd, serial_rmsd)
    with pytest.raises(ValueError):
        Client.current()  # what run() opened is closed, and was never the default


def test_the_dashboard_answers_and_shows_our_tasks(make_rmsd, guide_client):
    make_rmsd().run()
    with urllib.request.urlopen(guide_client.dashboard_link, timeout=20) as page:
        assert page.status == 200
    names = guide_client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.task_prefixes))
    assert "mdloom-rmsd" in names


@pytest.mark.parametrize("n_jobs", [1, 4, -1])
@pytest.mark.parametrize("with_client", [False, True], ids=["no client", "with a client"])
def test_synchronous_in_a_context_is_forced_for_any_number_of_jobs(
    make_rmsd, serial_rmsd, request, with_client, n_jobs
):
    if with_client:
        request.getfixturevalue("guide_client")
    with dask.config.set(scheduler="synchronous"):
        rmsd = make_rmsd().run(n_jobs=n_jobs)
    assert thread_ids(rmsd.timing) == {(os.getpid(), threading.get_native_id())}
    assert len(rmsd._blocks) == (_core.usable_cores() if n_jobs == -1 else n_jobs)
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.mark.parametrize("with_client", [False, True], ids=["no client", "with a client"])
@pytest.mark.parametrize("name", ["synchronous", "single-threaded", "sync"])
def test_synchronous_as_a_plain_statement_is_forced(make_rmsd, request, with_client, name):
    if with_client:
        request.getfixturevalue("guide_client")
    before = dask.config.get("scheduler", None)
    dask.config.set(scheduler=name)
    try:
        rmsd = make_rmsd().run(n_jobs=4)
    finally:
        dask.config.set(scheduler=before)
    assert thread_ids(rmsd.timing) == {(os.getpid(), threading.get_native_id())}
