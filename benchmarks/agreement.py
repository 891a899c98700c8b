"""Do two programs say the same? One number for how far they are apart; NaN and other shapes are never near."""

from __future__ import annotations

from typing import Any

import numpy as np


def largest_difference(found: Any, expected: Any) -> float:
    """Of any two values, relative where the expected one is above 1; infinite when the shapes differ."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        return float("inf")
    return _largest(np.abs(found - expected) / np.maximum(1, np.abs(expected)))


def largest_part(found: Any, expected: Any) -> float:
    """Of any two values, as a part of the largest expected one: for histograms, whose bins may be nearly empty."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        return float("inf")
    scale = np.abs(expected).max(initial=0)
    return _largest(np.abs(found - expected) / (scale or 1))


def _largest(differences: np.ndarray) -> float:
    if np.isnan(differences).any():
        return float("inf")
    return float(differences.max(initial=0))


def agrees(difference: float, tolerance: float) -> bool:
    """NaN agrees with nothing."""
    return bool(difference <= tolerance)
