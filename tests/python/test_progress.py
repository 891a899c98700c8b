"""What a person sees while a run lasts."""

import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest
from dask.callbacks import Callback
from dask.diagnostics import ProgressBar

from mdloom import progress as progress_module
from mdloom.scheduler import resolve

LOCAL = [
    pytest.param({"n_jobs": 1}, id="serial"),
    pytest.param({"n_jobs": 2}, id="threads"),
    pytest.param({"n_jobs": 2, "scheduler": "processes"}, id="processes"),
]


@pytest.mark.parametrize("how", LOCAL)
def test_runs_are_silent_by_default(make_rmsd, capfd, how):
    make_rmsd().run(**how)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("how", LOCAL)
def test_in_a_log_file_there_is_at_most_a_line_for_each_tenth(make_rmsd, capfd, how):
    make_rmsd().run(verbose=True, **how)
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert 1 <= len(lines) <= 10
    assert all(re.fullmatch(r"RMSD \d+% \d+/98 frames, \d (thread|threads|processes)", line) for line in lines)
    assert lines[-1].startswith("RMSD 100% 98/98 frames, ")


def test_on_a_cluster_the_lines_name_its_workers(make_rmsd, guide_client, capfd):
    make_rmsd().run(verbose=True)
    assert capfd.readouterr().err.splitlines()[-1] == "RMSD 100% 98/98 frames, 8 workers"


def test_on_a_terminal_there_is_one_bar_that_reaches_its_end(tmp_path, adk_files):
    script = f"""
import MDAnalysis as mda
from mdloom import rms
u, ref = mda.Universe{adk_files}, mda.Universe{adk_files}
rms.RMSD(u.select_atoms("name CA"), ref.select_atoms("name CA")).run(n_jobs=2, verbose=True)
"""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the other end is closed
            pass
        assert process.stdout.read() == ""
        assert process.wait(30) == 0
    os.close(ours)
    text = seen.decode()
    assert re.search(r"\rRMSD 100%\|[^|]+\| 98/98 frames, 2 threads", text)
    assert len([line for line in text.split("\n") if "RMSD" in line]) == 1


def test_in_a_notebook_the_bar_is_tqdms_own_for_notebooks(make_rmsd, monkeypatch):
    import tqdm.auto
    import tqdm.std

    class NotebookBar(tqdm.std.tqdm):
        last = None

        def close(self):
            NotebookBar.last = self.n
            super().close()

    NotebookBar.__module__ = "tqdm.notebook"
    monkeypatch.setattr(tqdm.auto, "tqdm", NotebookBar)
    make_rmsd().run(n_jobs=2, verbose=True)
    assert NotebookBar.last == 98


def test_without_tqdm_there_is_one_warning_and_no_bar(make_rmsd, serial_rmsd, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    rmsd = make_rmsd()
    with pytest.warns(UserWarning, match="tqdm") as caught:
        rmsd.run(n_jobs=2, verbose=True)
    assert len([warning for warning in caught if "tqdm" in str(warning.message)]) == 1
    assert capfd.readouterr().err == ""
    assert np.array_equal(rmsd.rmsd, serial_rmsd)


@pytest.mark.parametrize("how", LOCAL)
def test_a_function_is_called_with_what_is_done_and_what_there_is(make_rmsd, how):
    seen = []
    make_rmsd().run(progress=lambda done, total: seen.append((done, total)), **how)
    assert seen[-1] == (98, 98)
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {98}


@pytest.mark.parametrize("how", LOCAL)
def test_what_the_function_raises_ends_the_run_and_the_object_stays_usable(make_rmsd, serial_rmsd, how):
    class EnoughError(Exception):
        pass

    def progress(done, total):
        raise EnoughError

    rmsd = make_rmsd()
    with pytest.raises(EnoughError):
        rmsd.run(progress=progress, **how)
    assert "rmsd" not in rmsd.results
    assert len(rmsd.partial().frames) == len(rmsd.partial().rmsd)
    assert np.array_equal(rmsd.run(**how).rmsd, serial_rmsd)


@pytest.mark.parametrize("how", LOCAL)
@pytest.mark.parametrize("n_blocks", [1, 4, 98])
def test_dasks_progress_bar_reaches_its_end_on_every_local_scheduler(make_rmsd, how, n_blocks):
    out = io.StringIO()
    with ProgressBar(out=out, dt=0.001):
        make_rmsd().run(n_blocks=n_blocks, **how)
    assert "100% Completed" in out.getvalue()
    percents = [int(percent) for percent in re.findall(r"(\d+)% Completed", out.getvalue())]
    assert percents == sorted(percents)


def test_a_registered_progress_bar_works_and_stays_registered(make_rmsd):
    bar = ProgressBar(out=io.StringIO())
    bar.register()
    try:
        make_rmsd().run(n_jobs=2)
        assert bar._callback in Callback.active
    finally:
        bar.unregister()
    assert bar._file.getvalue().count("100% Completed") == 1


def test_under_a_client_dasks_callbacks_are_silent_as_dasks_own(make_rmsd, guide_client):
    out = io.StringIO()
    with ProgressBar(out=out):
        make_rmsd().run()
    assert out.getvalue() == ""


def test_callbacks_see_one_task_for_each_block_and_a_sound_state():
    events = []

    class Recorder(Callback):
        def _start(self, dsk):
            events.append(("start", len(dsk)))

        def _start_state(self, dsk, state):
            assert set(state["ready"]) == set(dsk)

        def _pretask(self, key, dsk, state):
            assert key in dsk and key in state["running"] and key not in state["ready"]
            events.append(("pretask", key[1]))

        def _posttask(self, key, result, dsk, state, worker_id):
            assert key in state["finished"] and key not in state["running"]
            events.append(("posttask", key[1], result))

        def _finish(self, dsk, state, failed):
            events.append(("finish", failed, len(state["finished"])))

    schedule = resolve(1, 2, 5)
    with Recorder(), progress_module.watching("RMSD", 5, schedule) as watch:
        watch(2, 5)
        watch(4, 5)
        watch(5, 5)
    assert events == [
        ("start", 2),
        ("pretask", 0),
        ("posttask", 0, range(3)),
        ("pretask", 1),
        ("posttask", 1, range(3, 5)),
        ("finish", False, 2),
    ]
    events.clear()
    with pytest.raises(KeyError), Recorder(), progress_module.watching("RMSD", 5, schedule):
        raise KeyError
    assert events[-1] == ("finish", True, 0)


def test_dasks_profiler_works_too(make_rmsd):
    from dask.diagnostics import Profiler, ResourceProfiler

    with Profiler() as profiler, ResourceProfiler(dt=0.01):
        make_rmsd().run(n_jobs=2, n_blocks=4)
    assert len(profiler.results) == 4


def test_a_run_of_no_frames_is_complete(make_rmsd):
    out = io.StringIO()
    rmsd = make_rmsd()
    with ProgressBar(out=out), pytest.warns(UserWarning, match="no frames"):
        rmsd.run(stop=0, verbose=True)
    assert "100% Completed" in out.getvalue()
    assert rmsd.rmsd.shape == (0, 3)
