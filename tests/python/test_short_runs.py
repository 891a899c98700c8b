"""Analyses written in Python whose n_jobs was left alone: short runs start no process, long ones do."""

import os
import time

import dask
import numpy as np
import pytest

from cluster_helpers import process_ids
from mdloom.backends import here
from mdloom.custom import AnalysisFromFunction
from mdloom.parallel import ParallelAnalysisBase

pytestmark = pytest.mark.usefixtures("no_ambient_client")


def frame_number(group):
    return group.universe.trajectory.frame


def slow_frame_number(group):
    time.sleep(0.04)
    return group.universe.trajectory.frame


class SlowBlocks(ParallelAnalysisBase):
    """A block is one chunk: what was begun here has to be done again elsewhere."""

    def _single_frame(self, ts, atomgroups):
        time.sleep(0.04)
        return ts.frame

    @staticmethod
    def _reduce(res, result_single_frame):
        return [*res, result_single_frame]


def own(timing):
    return [worker.pid == os.getpid() for block in timing.workers for worker in block]


def test_a_short_run_stays_in_this_process(adk):
    run = AnalysisFromFunction(frame_number, adk, adk.atoms).run()
    assert process_ids(run.timing) == {os.getpid()}
    assert run.results.tolist() == list(range(98))
    assert "in this process" in repr(run)


def test_a_long_run_goes_to_processes_and_loses_nothing(adk):
    frames = np.tile(np.arange(98), 2)  # 8 s for one
    run = AnalysisFromFunction(slow_frame_number, adk, adk.atoms).run(frames=frames, n_blocks=4)
    assert run.results.tolist() == frames.tolist()
    assert len(process_ids(run.timing) - {os.getpid()}) >= 1
    assert own(run.timing)[0] and not own(run.timing)[-1], "the first frames were worked on here"
    assert "processes" in repr(run)


def test_a_long_run_of_blocks_begins_them_again(adk):
    frames = np.tile(np.arange(98), 2)
    run = SlowBlocks(adk, []).run(frames=frames, n_blocks=3)
    assert [number for block in run._results for number in block] == frames.tolist()
    assert len(run._results) == 3
    assert os.getpid() not in process_ids(run.timing)


@pytest.mark.parametrize("asked", [{"n_jobs": -1}, {"n_jobs": 2}, {"scheduler": "processes"}])
def test_what_was_asked_for_is_done_to_the_letter(adk, asked):
    run = AnalysisFromFunction(frame_number, adk, adk.atoms).run(**asked)
    assert os.getpid() not in process_ids(run.timing)


def test_a_configured_scheduler_is_asked_for(adk):
    with dask.config.set(scheduler="processes"):
        run = AnalysisFromFunction(frame_number, adk, adk.atoms).run()
    assert os.getpid() not in process_ids(run.timing)
    with dask.config.set(scheduler="synchronous"):
        run = AnalysisFromFunction(frame_number, adk, adk.atoms).run(n_jobs=3)
    assert process_ids(run.timing) == {os.getpid()} and len(run._blocks) == 3


def test_one_slow_first_frame_does_not_start_processes(adk):
    def slow_at_first(group):
        if group.universe.trajectory.frame == 0:
            time.sleep(0.3)
        return 0

    run = AnalysisFromFunction(slow_at_first, adk, adk.atoms).run()
    assert process_ids(run.timing) == {os.getpid()}


class Clock:
    """A time.perf_counter that goes on as it is told."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(here.time, "perf_counter", lambda: self.now)


@pytest.mark.parametrize(
    ("n_frames", "first", "later", "stays"),
    [(100, 1.0, 0.001, True), (100, 0.01, 0.019, True), (100, 0.01, 0.025, False), (2, 2.5, 0.0, False)],
)
def test_the_estimate_leaves_out_the_first_frame(monkeypatch, n_frames, first, later, stays):
    clock = Clock(monkeypatch)
    estimate = here._Estimate(n_frames)
    with pytest.raises(here._LeavingError) if not stays else np.errstate():
        for frame in range(n_frames):
            estimate.between_frames()
            clock.now += later if frame else first
        estimate.between_frames()
    assert estimate.is_long != stays
