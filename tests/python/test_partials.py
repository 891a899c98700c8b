"""Exact sums for analyses written in Python."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdloom.errors import ArgumentError, StateError
from mdloom.parallel import ParallelAnalysisBase
from mdloom.partials import ExactMoments, ExactSum


class Fluctuation(ParallelAnalysisBase):
    """Means and squares of positions; what PMDA's RMSF does with floating-point sums."""

    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return atomgroups[0].positions

    @staticmethod
    def _reduce(res, result_single_frame):
        return (res or ExactMoments(result_single_frame.shape)).add_frame(result_single_frame)

    @staticmethod
    def _merge(earlier, later):
        return earlier.merge(later)

    def _conclude(self):
        self.moments = self._results[0]


def test_an_analysis_of_exact_partials_gives_the_same_bits_for_any_cut(adk, place):
    ca = adk.select_atoms("name CA")
    serial = Fluctuation(ca).run(n_jobs=1).moments
    positions = np.array([ca.positions for _ in adk.trajectory], dtype=np.float64)
    assert serial.n_frames == 98
    assert np.abs(serial.mean - positions.mean(axis=0)).max() < 1e-11
    squares = ((positions - positions.mean(axis=0)) ** 2).sum(axis=0)
    assert np.abs(serial.sum_of_squares - squares).max() < 1.5e-11 * squares.max()
    for n_jobs, n_blocks in ((2, None), (5, 7), (3, 98)):
        again = Fluctuation(ca).run(n_jobs=n_jobs, n_blocks=n_blocks, **place).moments
        assert again == serial
        assert np.array_equal(again.sum_of_squares, serial.sum_of_squares)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-4e6, 4e6, width=32), min_size=1, max_size=40),
    order=st.randoms(use_true_random=False),
)
def test_a_sum_is_the_same_in_any_order_and_for_any_cut(values, order):
    in_order = ExactSum()
    for value in values:
        in_order.add(value)
    shuffled = list(values)
    order.shuffle(shuffled)
    cut = order.randrange(len(values) + 1)
    parts = [ExactSum(), ExactSum()]
    for i, value in enumerate(shuffled):
        parts[i >= cut].add(value)
    assert parts[1].merge(parts[0]) == in_order
    assert abs(float(in_order.sum) - sum(values)) <= 1e-9 * max(1.0, sum(map(abs, values)))


def test_moments_can_be_checked_by_hand():
    moments = ExactMoments((2,))
    for frame in ([1, 10], [2, 10], [6, 10]):
        moments.add_frame(frame)
    assert moments.n_frames == 3
    assert moments.mean.tolist() == [3, 10]
    assert moments.sum_of_squares.tolist() == [14, 0]


def test_exact_partials_travel():
    moments = ExactMoments((2, 3)).add_frame(np.arange(6).reshape(2, 3))
    again = pickle.loads(pickle.dumps(moments))
    assert again == moments and again.mean.shape == (2, 3)
    assert again != ExactMoments((2, 3))


def test_what_does_not_fit_is_refused_and_changes_nothing():
    total = ExactSum((2,)).add([1, 2])
    for wrong in ([3, np.nan], [3, np.inf], [3, 5e6]):
        with pytest.raises(StateError, match="grid"):
            total.add(wrong)
        with pytest.raises(StateError, match="grid"):
            ExactMoments((2,)).add_frame(wrong)
    assert total.sum.tolist() == [1, 2]
    with pytest.raises(ValueError):
        total.add([1, 2, 3])
    with pytest.raises(StateError, match="shapes"):
        total.merge(ExactSum((3,)))
    with pytest.raises(StateError, match="grids"):
        total.merge(ExactSum((2,), exponent=-20))


def test_damaged_bytes_are_refused():
    shape, packed = ExactSum((2,)).__getstate__()
    for damaged in (packed[:-1], packed + b"x"):
        with pytest.raises(StateError):
            ExactSum.__new__(ExactSum).__setstate__((shape, damaged))
    with pytest.raises((ArgumentError, ValueError)):
        ExactSum((-1,))
