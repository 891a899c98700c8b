"""Cutting frames into blocks, and the stopwatch."""

import time
from itertools import pairwise

import numpy as np
import pytest

from mdloom.timing import Timing, Worker, timing_of
from mdloom.util import block_borders, make_balanced_slices, timeit


def test_a_stopwatch_measures_wall_time():
    before = time.perf_counter()
    with timeit() as watch:
        time.sleep(0.2)
    assert 0.2 <= watch.elapsed <= time.perf_counter() - before


@pytest.mark.parametrize("start", [None, 0, 1, 10])
@pytest.mark.parametrize(
    ("n_frames", "n_blocks", "borders"),
    [
        (5, 1, [0, None]),
        (5, 2, [0, 3, None]),
        (5, 3, [0, 2, 4, None]),
        (5, 4, [0, 2, 3, 4, None]),
        (5, 5, [0, 1, 2, 3, 4, None]),
        (10, 2, [0, 5, None]),
        (10, 3, [0, 4, 7, None]),
        (10, 7, [0, 2, 4, 6, 7, 8, 9, None]),
    ],
)
def test_slices_are_the_known_ones(n_frames, n_blocks, borders, start):
    shifted = [border if border is None else border + (start or 0) for border in borders]
    expected = [slice(first, stop, 1) for first, stop in pairwise(shifted)]
    assert make_balanced_slices(n_frames, n_blocks, start=start) == expected


@pytest.mark.parametrize("n_blocks", range(1, 12))
@pytest.mark.parametrize("start", [0, 1, 10])
@pytest.mark.parametrize("stop", [11, 100, 256])
@pytest.mark.parametrize("step", [None, 1, 2, 3, 5, 7])
@pytest.mark.parametrize("scale", [1, 2])
def test_slices_hold_every_frame_once_and_differ_by_one_at_most(n_blocks, start, stop, step, scale):
    stop *= scale
    frames = np.arange(stop)[start:stop:step]
    if n_blocks > len(frames):
        with pytest.raises(ValueError, match="n_blocks must be smaller"):
            make_balanced_slices(len(frames), n_blocks, start, stop, step)
        return
    slices = make_balanced_slices(len(frames), n_blocks, start, stop, step)
    pieces = [np.arange(stop)[part] for part in slices]
    assert len(slices) == n_blocks
    assert np.array_equal(np.concatenate(pieces), frames)
    lengths = [len(piece) for piece in pieces]
    assert min(lengths) > 0
    assert max(lengths) - min(lengths) <= 1
    assert slices[-1].stop <= stop


def test_a_step_longer_than_the_range_gives_its_first_frame():
    assert make_balanced_slices(1, 1, start=3, stop=5, step=7) == [slice(3, 5, 7)]


@pytest.mark.parametrize("n_blocks", [1, 2, 7])
def test_no_frames_give_no_slices(n_blocks):
    assert make_balanced_slices(0, n_blocks) == []
    assert block_borders(0, n_blocks) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_frames": -1, "n_blocks": 5},
        {"n_frames": 5, "n_blocks": 0},
        {"n_frames": 5, "n_blocks": -1},
        {"n_frames": 0, "n_blocks": 0},
        {"n_frames": 5, "n_blocks": 6},
        {"n_frames": 1, "n_blocks": 2},
        {"n_frames": 5, "n_blocks": 2, "start": -1},
        {"n_frames": 5, "n_blocks": 2, "start": -5, "stop": 8},
        {"n_frames": 5, "n_blocks": 2, "start": 5, "stop": 4},
        {"n_frames": 5, "n_blocks": 2, "stop": -1},
        {"n_frames": 5, "n_blocks": 2, "step": 0},
        {"n_frames": 5, "n_blocks": 2, "step": -1},
        {"n_frames": 5, "n_blocks": 2, "start": 0, "stop": 5, "step": -2},
    ],
)
def test_slices_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError):
        make_balanced_slices(**arguments)


def test_timing_keeps_what_it_is_given_and_cannot_be_changed():
    timing = Timing(np.ones(3), np.full(3, 2.0), 10.0, np.array([0.5]), 0.1, 0.2, 0.3, 0.4, 0.5)
    assert (timing.total, timing.prepare, timing.conclude, timing.cumulate_time) == (10.0, 0.1, 0.2, 9.0)
    assert (timing.wait, timing.io_block, timing.compute_block, timing.universe[0]) == (0.3, 0.4, 0.5, 0.5)
    with pytest.raises(AttributeError):
        timing.total = 1.0


def _record(first, stop, pid, started):
    n_frames = stop - first
    return {
        "first": first,
        "stop": stop,
        "host": "here",
        "pid": pid,
        "thread": pid,
        "simd": "avx2",
        "started": started,
        "open_seconds": 0.5,
        "read_seconds": np.full(n_frames, 1.0, np.float32),
        "compute_seconds": np.full(n_frames, 2.0, np.float32),
    }


def test_timing_counts_a_chunk_for_each_block_it_touches():
    records = [_record(0, 2, 1, 101.0), _record(2, 5, 2, 102.0), _record(5, 6, 1, 103.0)]
    timing = timing_of(records, [(0, 3), (3, 6)], started=100.0, prepare=0.0, conclude=0.0, total=5.0)
    assert timing.io.tolist() == [1.0] * 6
    assert timing.compute.tolist() == [2.0] * 6
    assert timing.io_block.tolist() == [3.0, 3.0]
    assert timing.compute_block.tolist() == [6.0, 6.0]
    assert timing.universe.tolist() == [1.0, 0.5]
    assert timing.wait.tolist() == [1.0, 2.0]
    one, two = Worker("here", 1, 1, "avx2"), Worker("here", 2, 2, "avx2")
    assert timing.workers == [[one, two], [two, one]]


def test_timing_of_no_frames_is_one_block_of_nothing_as_in_pmda():
    timing = timing_of([], [], started=0.0, prepare=0.0, conclude=0.0, total=0.0)
    assert timing.io.shape == timing.compute.shape == (0,)
    for per_block in (timing.io_block, timing.compute_block, timing.wait, timing.universe):
        assert per_block.tolist() == [0.0]
    assert timing.workers == []


def test_frames_that_were_not_done_have_no_time():
    timing = timing_of([_record(0, 2, 1, 1.0)], [(0, 3)], started=1.0, prepare=0.0, conclude=0.0, total=1.0)
    assert np.isnan(timing.io[2])
    assert timing.io_block.tolist() == [2.0]
    assert timing.cumulate_time == 6.0
