"""Every instruction set reads the XTC files that MDAnalysis brings as MDAnalysis does, bit for bit."""

from __future__ import annotations

import MDAnalysisTests.datafiles
import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import XTCFile

import mdloom

FILES = sorted({str(path) for path in vars(MDAnalysisTests.datafiles).values() if str(path).endswith(".xtc")})


def positions_by_mdanalysis(path):
    with XTCFile(path) as file:
        return [frame.x * np.float32(10) for frame in file]


def test_there_are_files_to_read():
    assert len(FILES) >= 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.rsplit("/", 1)[-1])
def test_each_level_gives_the_same_bits(path, monkeypatch):
    expected = positions_by_mdanalysis(path)
    for level in ("portable", "avx2", "avx512"):
        monkeypatch.setenv("MDLOOM_SIMD", level)
        trajectory = mdloom.open(path)
        assert len(trajectory) == len(expected)
        for frame, positions in zip(trajectory, expected, strict=True):
            assert np.array_equal(frame.positions, positions), level
        some = np.arange(0, trajectory.n_atoms // 3, 2)
        assert np.array_equal(trajectory.read(some), np.stack(expected)[:, some]), level
