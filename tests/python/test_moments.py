"""Means and sums of squared deviations of several lots of frames, joined as PMDA's RMSF joins its blocks."""

import numpy as np
import pytest

from mdloom.util import fold_second_order_moments, second_order_moments


def moments_of(frames):
    return len(frames), frames.mean(axis=0), ((frames - frames.mean(axis=0)) ** 2).sum(axis=0)


@pytest.mark.parametrize("n_frames", [3, 4, 10, 101, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_two_lots_are_as_good_as_one(n_frames, seed):
    dice = np.random.default_rng(seed)
    frames = dice.uniform(-100, 100, (n_frames, 7, 3))
    cut = int(dice.integers(1, n_frames))
    n, mean, squares = second_order_moments(moments_of(frames[:cut]), moments_of(frames[cut:]))
    expected = moments_of(frames)
    assert n == n_frames
    np.testing.assert_almost_equal(mean, expected[1], decimal=7)
    np.testing.assert_almost_equal(squares, expected[2], decimal=7)


@pytest.mark.parametrize(
    ("n_frames", "n_atoms", "n_blocks"),
    [(20, 100, 2), (100, 1000, 7), (1000, 100, 30), (5000, 20, 500), (500, 2, 499), (50_000, 10, 16)],
)
def test_many_lots_are_as_good_as_one(n_frames, n_atoms, n_blocks):
    frames = np.random.default_rng(n_blocks).uniform(-100, 100, (n_frames, n_atoms, 3))
    n, mean, squares = fold_second_order_moments([moments_of(part) for part in np.array_split(frames, n_blocks)])
    expected = moments_of(frames)
    assert n == n_frames
    np.testing.assert_almost_equal(mean, expected[1], decimal=7)
    np.testing.assert_almost_equal(squares, expected[2], decimal=5)


def test_moments_can_be_checked_by_hand():
    assert second_order_moments((2, 1.5, 0.5), (1, 3.0, 0.0)) == (3, 2.0, 2.0)
    assert fold_second_order_moments([(1, 1.0, 0.0), (1, 2.0, 0.0), (1, 3.0, 0.0)]) == (3, 2.0, 2.0)
    assert fold_second_order_moments([(4, 7.0, 1.0)]) == (4, 7.0, 1.0)


def test_nothing_to_fold_is_refused():
    with pytest.raises(ValueError, match="no moments"):
        fold_second_order_moments([])
