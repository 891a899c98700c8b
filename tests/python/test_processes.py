"""Processes and pools on this machine: warm, killed, interrupted, forked; and runs from several threads."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import dask
import numpy as np
import pytest

from cluster_helpers import process_ids, run_in_forked_child, run_script, thread_ids, wait_until
from conftest import LONG
from mdloom.errors import ArgumentError, BackendError

pytestmark = pytest.mark.usefixtures("no_ambient_client")


def is_alive(pid: int) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def lane_processes() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.name == "mdloom-lane"]


def once(action, n_done):
    """A progress function that acts once, as soon as `n_done` frames are done."""
    acted = []

    def progress(done, total):
        if done >= n_done and not acted:
            acted.append(True)
            action()

    return progress


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 5])
def test_processes_give_the_same_bits(make_rmsd, serial_rmsd, n_jobs):
    rmsd = make_rmsd().run(n_jobs=n_jobs, scheduler="processes")
    assert len(process_ids(rmsd.timing)) == n_jobs
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_processes_stay_warm_between_runs(make_rmsd):
    first = make_rmsd().run(n_jobs=3, scheduler="processes")
    second = make_rmsd().run(n_jobs=3, scheduler="processes")
    assert process_ids(first.timing) == process_ids(second.timing)


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_the_start_method_is_dasks(make_rmsd, serial_rmsd, method):
    with dask.config.set({"multiprocessing.context": method}):
        rmsd = make_rmsd().run(n_jobs=2, scheduler="processes")
    assert len(process_ids(rmsd.timing) - {os.getpid()}) == 2
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_an_unknown_start_method_is_refused(make_rmsd):
    with dask.config.set({"multiprocessing.context": "magic"}), pytest.raises(ArgumentError, match="magic"):
        make_rmsd().run(n_jobs=2, scheduler="processes")


def test_a_killed_process_costs_nothing_but_time(make_rmsd, long_serial_rmsd):
    rmsd, killed = make_rmsd("all"), []
    make_rmsd().run(n_jobs=3, scheduler="processes")  # start them, so that they can be killed by their ids

    def kill_one():
        killed.append(lane_processes()[0])
        os.kill(killed[0], signal.SIGKILL)

    rmsd.run(frames=LONG, n_jobs=3, scheduler="processes", progress=once(kill_one, 1000))
    assert killed and not is_alive(killed[0])
    assert np.array_equal(rmsd.rmsd, long_serial_rmsd)
    after = make_rmsd().run(n_jobs=3, scheduler="processes")
    assert len(process_ids(after.timing)) == 3
    assert killed[0] not in process_ids(after.timing)


def test_when_all_processes_die_the_error_says_so(make_rmsd, serial_rmsd):
    rmsd = make_rmsd("all")

    def kill_all():
        for pid in lane_processes():
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(BackendError, match=r"frames were lost.*was killed \(SIGKILL\).*adk_dims"):
        rmsd.run(frames=LONG, n_jobs=2, scheduler="processes", progress=once(kill_all, 100))
    again = make_rmsd().run(n_jobs=2, scheduler="processes")
    assert np.array_equal(again.rmsd, serial_rmsd)


def test_an_unguarded_script_runs_and_its_processes_end_with_it(tmp_path, adk_files):
    told = run_script(
        f"""
        print("top of the script")
        import dask, MDAnalysis as mda
        from mdloom import rms
        dask.config.set(scheduler="processes")
        u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
        a = rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(n_jobs=2)
        print(a.rmsd.shape)
        print(*{{w.pid for block in a.timing.workers for w in block}})
        """,
        tmp_path,
    ).splitlines()
    assert told[:2] == ["top of the script", "(98, 3)"]
    pids = [int(word) for word in told[2].split()]
    assert len(pids) == 2
    wait_until(lambda: not any(map(is_alive, pids)), "the processes to end", 5)


def test_processes_end_with_a_parent_that_is_killed(tmp_path, adk_files):
    script = f"""
import os, MDAnalysis as mda
from mdloom import rms
u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
a = rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(n_jobs=2, scheduler="processes")
print(*{{w.pid for block in a.timing.workers for w in block}}, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    pids = [int(word) for word in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL and len(pids) == 2
    wait_until(lambda: not any(map(is_alive, pids)), "the processes to end", 5)


INTERRUPTED = """
import sys, threading, numpy as np, MDAnalysis as mda
from mdloom import rms
from mdloom.errors import MdloomError

def main():
    u, ref = mda.Universe{files}, mda.Universe{files}
    a = rms.RMSD(u.atoms, ref.atoms)
    told = []
    def progress(done, total):
        if done > 500 and not told:
            told.append(True)
            print("working", flush=True)
    frames = np.tile(np.arange(98), 30000)
    {before}
    try:
        a.run(frames=frames, progress=progress, {how})
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    partial = a.partial()
    print(len(partial.frames), len(partial.rmsd), "rmsd" in a.results, flush=True)
    print(a.run(stop=10, {how}).rmsd.shape, flush=True)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("how", "before"),
    [
        ("n_jobs=1", ""),
        ("n_jobs=2", ""),
        ("n_jobs=2, scheduler='processes'", ""),
        (
            "n_jobs=-1",
            "from distributed import Client; "
            "client = Client(n_workers=2, threads_per_worker=1, dashboard_address='127.0.0.1:0')",
        ),
    ],
    ids=["serial", "threads", "processes", "distributed"],
)
def test_ctrl_c_stops_within_a_second_and_leaves_what_is_done(tmp_path, adk_files, how, before):
    import time

    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED.format(files=adk_files, how=how, before=before))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    ) as process:
        try:
            assert process.stdout.readline() == "working\n"
            sent = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert time.monotonic() - sent < 1.0
            n_frames, n_rows, has_results = process.stdout.readline().split()
            assert 0 < int(n_frames) == int(n_rows) < 98 * 30000
            assert has_results == "False"
            assert process.stdout.readline() == "(10, 3)\n"
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("how", [{"n_jobs": 2}, {"n_jobs": 2, "scheduler": "processes"}], ids=["threads", "processes"])
def test_four_runs_at_once_from_threads(make_rmsd, serial_rmsd, how):
    runs = [make_rmsd() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda rmsd: rmsd.run(**how), runs))
    assert all(np.array_equal(rmsd.rmsd, serial_rmsd) for rmsd in runs)


@pytest.mark.parametrize("how", [{"n_jobs": 2}, {"n_jobs": 2, "scheduler": "processes"}], ids=["threads", "processes"])
def test_a_child_forked_after_a_run_can_run(make_rmsd, serial_rmsd, how):
    before = make_rmsd().run(**how)

    def in_child():
        rmsd = make_rmsd().run(**how)
        assert np.array_equal(rmsd.rmsd, serial_rmsd)
        if "scheduler" in how:
            assert not process_ids(rmsd.timing) & process_ids(before.timing)

    run_in_forked_child(in_child)
    after = make_rmsd().run(**how)
    assert process_ids(after.timing) == process_ids(before.timing)
    assert np.array_equal(after.rmsd, serial_rmsd)


def test_a_forked_child_that_ends_leaves_its_parents_processes_alone(make_rmsd):
    before = make_rmsd().run(n_jobs=2, scheduler="processes")
    child = multiprocessing.get_context("fork").Process(target=len, args=("",))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert all(is_alive(pid) for pid in process_ids(before.timing))


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_works(make_rmsd, serial_rmsd, pool):
    with pool(3) as executor:
        rmsd = make_rmsd().run(n_jobs=2, scheduler=executor)
        with dask.config.set(scheduler=executor):
            configured = make_rmsd().run()
    assert len(rmsd._blocks) == 2
    assert (os.getpid() in process_ids(rmsd.timing)) == (pool is ThreadPoolExecutor)
    if pool is ThreadPoolExecutor:
        assert len(thread_ids(rmsd.timing)) == 3
    assert np.array_equal(rmsd.rmsd, serial_rmsd)
    assert np.array_equal(configured.rmsd, serial_rmsd)


def test_a_closed_executor_is_one_clear_error(make_rmsd):
    with ThreadPoolExecutor(2) as executor:
        pass
    with pytest.raises(BackendError, match="ThreadPoolExecutor takes no tasks"):
        make_rmsd().run(scheduler=executor)


@pytest.mark.parametrize("how", ["processes", ProcessPoolExecutor], ids=["processes", "executor"])
def test_frames_that_are_only_in_memory_are_sent(adk_files, how):
    import MDAnalysis as mda

    from mdloom import rms

    u, ref = mda.Universe(*adk_files, in_memory=True), mda.Universe(*adk_files)

    frames = [*range(60, 98), *range(23), 5, 5, 3]  # in no order, with repeats

    def run(**kwargs):
        return rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(frames=frames, **kwargs)

    serial = run(n_jobs=1)
    if how == "processes":
        elsewhere = run(n_jobs=2, scheduler="processes")
    else:
        with how(2) as executor:
            elsewhere = run(scheduler=executor)
    assert os.getpid() not in process_ids(elsewhere.timing)
    assert np.array_equal(serial.rmsd, elsewhere.rmsd)


def test_a_process_that_cannot_read_the_file_ends_the_run_with_one_error(adk_files, tmp_path, make_rmsd, monkeypatch):
    from mdloom.backends import worker

    trajectory = tmp_path / "gone.dcd"
    shutil.copy(adk_files[1], trajectory)
    rmsd = make_rmsd(trajectory=str(trajectory))
    make_job = worker.make_job

    def make_job_and_remove(*args, **kwargs):
        trajectory.unlink()
        return make_job(*args, **kwargs)

    monkeypatch.setattr(worker, "make_job", make_job_and_remove)
    with pytest.raises(BackendError, match=r"2 of 2 workers cannot read .*gone\.dcd.*Nothing was computed"):
        rmsd.run(n_jobs=2, scheduler="processes")


def test_workers_with_fewer_instructions_give_the_same_bits(make_rmsd, serial_rmsd, monkeypatch):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        with monkeypatch.context() as poorer:
            poorer.setenv("MDLOOM_SIMD", "portable")
            executor.submit(os.getpid).result()
        rmsd = make_rmsd().run(scheduler=executor)
    assert {worker.simd for block in rmsd.timing.workers for worker in block} == {"portable"}
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


def test_a_transformation_of_a_module_beside_a_script_travels_as_it_is_here(tmp_path, adk_files):
    """Native analyses pack a Universe as those in Python do: what this process has loaded is what runs."""
    (tmp_path / "beside.py").write_text(
        "SHIFT = 0\n\ndef shifted(ts):\n    ts.positions[:50] += SHIFT\n    return ts\n"
    )
    told = run_script(
        f"""
        import numpy as np, MDAnalysis as mda, beside
        from mdloom import rms
        u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
        u.trajectory.add_transformations(beside.shifted)
        beside.SHIFT = 3
        here, there = rms.RMSD(u.atoms, ref.atoms).run(n_jobs=1), rms.RMSD(u.atoms, ref.atoms)
        there.run(n_jobs=2, scheduler="processes")
        assert here.rmsd[0, 2] > 0.1 and np.array_equal(here.rmsd, there.rmsd)
        print(len({{w.pid for block in there.timing.workers for w in block}}), "processes")
        """,
        tmp_path,
        seconds=110,
    )
    assert told.strip() == "2 processes"
