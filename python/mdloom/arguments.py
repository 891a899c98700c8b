"""Checks on plain numbers that users give; each message names the argument, the value and what is needed."""

from __future__ import annotations

import math
from typing import Any

from .errors import ArgumentError


def number(what: str, value: Any, hint: str = "") -> float:
    """Any number, infinite ones and NaN too. Raises ArgumentError."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{what} is a number, not {value!r}{hint}") from None


def finite(what: str, value: Any, least: float | None = None) -> float:
    """At least `least`, which is 0 or None. Raises ArgumentError."""
    found = number(what, value)
    if not math.isfinite(found) or (least is not None and found < least):
        raise ArgumentError(f"{what} is {found:g}: it must be finite{'' if least is None else ' and not negative'}")
    return found
