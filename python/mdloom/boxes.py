"""Periodic boxes as the engine takes them: float32 cell vectors, Å; zeros where there is no box."""

from __future__ import annotations

from typing import Any

import numpy as np


def boxes_of(dimensions: np.ndarray) -> np.ndarray:
    """float32 [n, 9] cell vectors of [n, 6] lengths and angles; zeros: no box."""
    from MDAnalysis.lib.mdamath import triclinic_vectors

    different, places = np.unique(dimensions, axis=0, return_inverse=True)
    vectors = [triclinic_vectors(row).reshape(9) if row.any() else np.zeros(9) for row in different]
    return np.array(vectors, dtype=np.float32).reshape(-1, 9)[places.reshape(-1)]


def box_of(ts: Any) -> np.ndarray:
    """Cell vectors float32 [9], Å; zeros: no box."""
    if ts.dimensions is None:
        return np.zeros(9, np.float32)
    return np.ascontiguousarray(ts.triclinic_dimensions, dtype=np.float32).reshape(9)
