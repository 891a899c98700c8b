"""Dask clusters as they are: workers that die, come late, cannot read the file, or are not there yet."""

import os
import shutil
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster

from cluster_helpers import (
    process_ids,
    separate_scheduler,
    separate_worker,
    thread_ids,
    wait_for_workers,
    wait_until,
)
from conftest import LONG
from mdloom.backends import distributed as backend
from mdloom.backends import worker
from mdloom.errors import BackendError, FileError, FormatError

DASHBOARD = "127.0.0.1:0"


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=DASHBOARD) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        wait_for_workers(client, 3)
        yield client


def once(action, n_done):
    acted = []

    def progress(done, total):
        if done >= n_done and not acted:
            acted.append(True)
            action()

    return progress


@pytest.mark.parametrize("n_blocks", [None, 1, 7, 98])
def test_the_bits_are_the_same_for_any_number_of_blocks(make_rmsd, serial_rmsd, client, n_blocks):
    rmsd = make_rmsd().run(n_blocks=n_blocks)
    assert len(rmsd._blocks) == (n_blocks or 3)
    assert len(process_ids(rmsd.timing)) == 3
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.mark.parametrize("frames", [[5], [5, 3, 3], range(97, -1, -7)], ids=["one frame", "repeated", "backwards"])
def test_fewer_frames_than_a_chunk_and_odd_orders_work(make_rmsd, serial_rmsd, client, frames):
    assert np.array_equal(make_rmsd().run(frames=list(frames)).rmsd, serial_rmsd[list(frames)])


def test_the_client_may_sit_in_dasks_configuration(make_rmsd, serial_rmsd, cluster):
    client = Client(cluster, set_as_default=False)
    try:
        for scheduler in (client, client.get):
            with dask.config.set(scheduler=scheduler):
                rmsd = make_rmsd().run(n_jobs=1)
            assert len(process_ids(rmsd.timing) - {os.getpid()}) == 3
            assert np.array_equal(rmsd.rmsd, serial_rmsd)
    finally:
        client.close()


def test_a_cluster_object_is_enough(make_rmsd, cluster):
    rmsd = make_rmsd().run(client=cluster)
    assert len(process_ids(rmsd.timing) - {os.getpid()}) == 3


def test_a_clients_executor_works(make_rmsd, serial_rmsd, client):
    rmsd = make_rmsd().run(scheduler=client.get_executor(), n_jobs=2)
    assert os.getpid() not in process_ids(rmsd.timing)
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_a_run_inside_a_task_stays_in_that_task(adk_files, serial_rmsd, client):
    def task(files):
        import MDAnalysis as mda

        from mdloom import rms

        u, ref = mda.Universe(*files), mda.Universe(*files)
        a = rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(n_jobs=4)
        return a.rmsd, len(a._blocks), {w[:3] for block in a.timing.workers for w in block}, os.getpid()

    rmsd, n_blocks, workers, pid = client.submit(task, adk_files, pure=False).result()
    assert np.array_equal(rmsd, serial_rmsd)
    assert n_blocks == 4
    assert [worker[1] for worker in workers] == [pid]


def test_frames_that_are_only_in_memory_are_sent(adk_files, client):
    import MDAnalysis as mda

    from mdloom import rms

    u, ref = mda.Universe(*adk_files, in_memory=True), mda.Universe(*adk_files)

    def run(**kwargs):
        return rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(**kwargs)

    elsewhere = run()
    assert len(process_ids(elsewhere.timing) - {os.getpid()}) == 3
    assert np.array_equal(elsewhere.rmsd, run(scheduler="synchronous").rmsd)


def test_four_runs_at_once_share_a_cluster(make_rmsd, serial_rmsd, client):
    runs = [make_rmsd() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda rmsd: rmsd.run(), runs))
    assert all(np.array_equal(rmsd.rmsd, serial_rmsd) for rmsd in runs)


def test_nothing_is_left_on_the_cluster(make_rmsd, client):
    make_rmsd().run()
    wait_until(lambda: not client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks)), "no tasks", 10)


def test_a_killed_worker_costs_nothing_but_time(make_rmsd, long_serial_rmsd, client):
    pids, killed = list(client.run(os.getpid).values()), []

    def kill_one():
        killed.append(pids[0])
        os.kill(pids[0], signal.SIGKILL)

    rmsd = make_rmsd("all").run(frames=LONG, progress=once(kill_one, 1000))
    assert killed
    assert np.array_equal(rmsd.rmsd, long_serial_rmsd)


def test_a_worker_that_joins_gets_work(make_rmsd, no_ambient_client):
    class JoinedError(Exception):
        pass

    rmsd, looked = make_rmsd("all"), []

    def progress(done, total):
        if not looked:
            cluster.scale(2)
        if not looked or time.monotonic() - looked[-1] > 0.5:
            looked.append(time.monotonic())
            if len({record["pid"] for record in rmsd._run.records}) == 2:
                raise JoinedError

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=DASHBOARD) as cluster,
        Client(cluster) as client,
    ):
        wait_for_workers(client, 1)
        with pytest.raises(JoinedError):
            rmsd.run(frames=np.tile(np.arange(98), 20000), progress=progress)
    assert len(rmsd._blocks) == 1


def test_an_adaptive_cluster_starts_workers_for_a_run(make_rmsd, serial_rmsd, no_ambient_client):
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=DASHBOARD) as cluster,
        Client(cluster),
    ):
        cluster.adapt(minimum=0, maximum=2, interval="100ms")
        rmsd = make_rmsd().run()
    assert len(rmsd._blocks) == 1
    assert os.getpid() not in process_ids(rmsd.timing)
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_a_cluster_without_workers_says_once_what_is_waited_for(make_rmsd, serial_rmsd, monkeypatch, no_ambient_client):
    monkeypatch.setattr(backend, "_SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(backend, "_LOOK_SECONDS", 0.2)
    rmsd = make_rmsd()
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=DASHBOARD) as cluster,
        Client(cluster),
        pytest.warns(UserWarning, match="waiting for a worker") as caught,
    ):
        timer = threading.Timer(2.0, cluster.scale, [1])
        timer.start()
        rmsd.run()
        timer.join()
    texts = [str(warning.message) for warning in caught if "waiting for a worker" in str(warning.message)]
    assert len(texts) == 1
    assert cluster.scheduler_address in texts[0]
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a worker that may not read a file of ours")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_worker_that_cannot_read_the_file_ends_the_run_with_one_error(adk_files, make_rmsd, no_ambient_client):
    """The worker has none of root's privileges, and the trajectory's folder belongs to somebody else."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
        trajectory = Path(folder) / "adk.dcd"
        shutil.copy(adk_files[1], trajectory)
        os.chown(folder, 65534, 65534)
        os.chmod(folder, 0o700)
        prefix = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
        with (
            separate_scheduler(Path(elsewhere)) as state_file,
            separate_worker(state_file, Path(elsewhere)),
            separate_worker(state_file, Path(elsewhere)),
            separate_worker(state_file, Path(elsewhere), prefix=prefix),
            Client(scheduler_file=str(state_file)) as client,
        ):
            wait_for_workers(client, 3)
            rmsd = make_rmsd(trajectory=str(trajectory))
            started = time.monotonic()
            with pytest.raises(BackendError) as raised:
                rmsd.run()
            assert time.monotonic() - started < 10
            text = str(raised.value)
            assert text.startswith(f"1 of 3 workers cannot read {trajectory} ({os.uname().nodename}: ")
            assert "ermission denied" in text
            assert "move it to a shared file system. Nothing was computed." in text
            assert len(rmsd.partial().frames) == 0
            assert "rmsd" not in rmsd.results
            # The object is usable: on the workers that can.
            assert rmsd.run(scheduler="threads").rmsd.shape == (98, 3)


def test_a_file_that_no_worker_sees_is_told_of_all_workers(adk_files, make_rmsd, client, tmp_path, monkeypatch):
    trajectory = tmp_path / "gone.dcd"
    shutil.copy(adk_files[1], trajectory)
    rmsd = make_rmsd(trajectory=str(trajectory))
    make_job = worker.make_job

    def make_job_and_remove(*args, **kwargs):
        trajectory.unlink()
        return make_job(*args, **kwargs)

    monkeypatch.setattr(worker, "make_job", make_job_and_remove)
    with pytest.raises(BackendError, match=r"^3 of 3 workers cannot read .*gone\.dcd"):
        rmsd.run()


def test_a_file_that_differs_over_there_is_refused(adk_files, make_rmsd, client, tmp_path, monkeypatch):
    trajectory = tmp_path / "other.dcd"
    shutil.copy(adk_files[1], trajectory)
    rmsd = make_rmsd(trajectory=str(trajectory))
    make_job = worker.make_job

    def make_job_and_change(*args, **kwargs):
        content = bytearray(trajectory.read_bytes())
        content[-2000] ^= 1
        trajectory.write_bytes(content)
        return make_job(*args, **kwargs)

    monkeypatch.setattr(worker, "make_job", make_job_and_change)
    with pytest.raises((BackendError, FileError), match=r"other\.dcd"):
        rmsd.run()
    assert "rmsd" not in rmsd.results


def test_workers_with_another_version_are_refused(make_rmsd, client, monkeypatch):
    version = worker.own_version()
    monkeypatch.setattr(worker, "own_version", lambda runs_python=False: "0.0.1")
    with pytest.raises(BackendError, match=rf"3 of 3 workers cannot work on .*mdloom {version} there, 0\.0\.1 here"):
        make_rmsd().run()


def test_a_bad_frame_gives_the_error_it_gives_on_one_core(adk_files, make_rmsd, client, tmp_path):
    trajectory = tmp_path / "bad.dcd"
    content = bytearray(Path(adk_files[1]).read_bytes())
    frame_bytes = 3 * (4 * 3341 + 8)
    frame_50 = len(content) - (98 - 50) * frame_bytes
    content[frame_50 + 4 : frame_50 + 4 + 4 * 3341] = np.full(3341, np.nan, "<f4").tobytes()
    trajectory.write_bytes(content)
    texts = []
    for scheduler in ("synchronous", None):
        rmsd = make_rmsd(trajectory=str(trajectory))
        with pytest.raises(FormatError, match="50") as raised:
            rmsd.run(scheduler=scheduler)
        texts.append(str(raised.value))
        assert "rmsd" not in rmsd.results
    assert texts[0] == texts[1]


def test_a_chunk_that_kills_its_workers_is_one_error_with_file_and_frames(
    make_rmsd, tmp_path, monkeypatch, no_ambient_client
):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with (
        separate_scheduler(tmp_path) as state_file,
        separate_worker(state_file, tmp_path) as process,
        Client(scheduler_file=str(state_file)) as client,
    ):
        wait_for_workers(client, 1)
        rmsd = make_rmsd("all")
        with pytest.raises(BackendError, match=r"frames \d+ to \d+ of the selection, .*adk_dims\.dcd: several workers"):
            rmsd.run(frames=LONG, progress=once(process.kill, 100))
        assert 0 < len(rmsd.partial().frames) < len(LONG)


def test_a_scheduler_that_goes_away_is_one_clear_error(make_rmsd, tmp_path, no_ambient_client):
    with separate_scheduler(tmp_path) as state_file, separate_worker(state_file, tmp_path):
        client = Client(scheduler_file=str(state_file), timeout="5s")
        wait_for_workers(client, 1)
        scheduler_pid = client.run_on_scheduler(os.getpid)
        rmsd = make_rmsd("all")
        impatient = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
        with impatient, pytest.raises(BackendError, match="was lost"):
            rmsd.run(frames=LONG, progress=once(lambda: os.kill(scheduler_pid, signal.SIGKILL), 100))
        client.close(timeout=1)


def test_transport_security_passes_through(make_rmsd, serial_rmsd, no_ambient_client):
    pytest.importorskip("cryptography")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, security=True, dashboard_address=DASHBOARD) as cluster,
        Client(cluster, security=cluster.security) as client,
    ):
        assert client.scheduler.address.startswith("tls://")
        rmsd = make_rmsd().run()
    assert len(process_ids(rmsd.timing)) == 2
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_every_thread_of_every_worker_gets_a_first_chunk(make_rmsd, serial_rmsd, no_ambient_client):
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=DASHBOARD) as cluster,
        Client(cluster) as client,
    ):
        wait_for_workers(client, 2)
        rmsd = make_rmsd().run()
    assert len(rmsd._blocks) == len(process_ids(rmsd.timing)) == 2
    assert len(thread_ids(rmsd.timing)) == 4
    assert np.array_equal(rmsd.rmsd, serial_rmsd)
