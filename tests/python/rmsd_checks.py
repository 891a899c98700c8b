"""RMSDs to compare with, and how near is near enough."""

import numpy as np
from MDAnalysis.analysis import rms as mda_rms


def assert_same_rmsd(found, expected, time_column=True):
    """1e-6 Å where the RMSD is above 1e-3 Å; below, both are rounding, under 1e-5 Å."""
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found[:, 0], expected[:, 0])
    if time_column:
        np.testing.assert_allclose(found[:, 1], expected[:, 1], rtol=0, atol=1e-4)
    large = expected[:, 2:] > 1e-3
    np.testing.assert_allclose(found[:, 2:][large], expected[:, 2:][large], rtol=0, atol=1e-6)
    assert (np.abs(found[:, 2:][~large]) < 1e-5).all()


def mda_rmsd(*groups, run=None, **kwargs):
    return mda_rms.RMSD(*groups, **kwargs).run(**(run or {})).results.rmsd
