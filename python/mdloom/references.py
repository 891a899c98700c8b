"""Structures that frames are compared with or superposed on: selections for both sides, positions copied once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import atoms
from .errors import ArgumentError
from .universe import name_of, positions_at, trajectory_of


def both_selections(select: Any) -> tuple[Any, Any]:
    """(for mobile, for the reference)"""
    if select is None or isinstance(select, str):
        return select, select
    if isinstance(select, dict) and set(select) == {"mobile", "reference"}:
        return select["mobile"], select["reference"]
    if isinstance(select, tuple) and len(select) == 2:
        return select
    raise ArgumentError(
        "a selection is a string, a tuple (mobile, reference), a dict with the keys mobile and reference, or None, "
        f"not {select!r}"
    )


def reference_positions(universe: Any, groups: list[Any], frame: int | None) -> tuple[list[np.ndarray], np.ndarray]:
    """float64 [n, 3] of each group and the box [3, 3], copied from the current frame or read from another."""
    try:
        trajectory_of(universe)
        current = universe.trajectory.ts.has_positions
    except ArgumentError:
        current = False
    if not current:
        raise ArgumentError(
            f"ref has no coordinates ({name_of(universe)} holds a topology only): open it with a trajectory, "
            "mda.Universe(top, traj)"
        )
    if frame is None:
        ts = universe.trajectory.ts
        box = np.zeros((3, 3)) if ts.dimensions is None else ts.triclinic_dimensions
        return [group.positions.astype(np.float64) for group in groups], box
    indices = np.concatenate([group.ix for group in groups])
    positions, box = positions_at(universe, indices, frame)
    borders = np.cumsum([len(group) for group in groups])[:-1]
    return [np.ascontiguousarray(part, dtype=np.float64) for part in np.split(positions, borders)], box


class FitReference(NamedTuple):
    """What frames are superposed on."""

    reference: Any  #: AtomGroup
    positions: np.ndarray  #: float64 [n, 3], Å
    box: np.ndarray
    weights: np.ndarray | None  #: float64 [n]
    doubts: list[str | None]  #: warnings

    def broken(self, quantity: str) -> str | None:
        """A warning when the reference is split over its periodic box."""
        return atoms.broken_across_box(self.reference, self.positions, self.box, "the reference", quantity)


def fit_reference(mobile: Any, reference: Any, weights: Any, ref_frame: int | None, tol_mass: float) -> FitReference:
    """The reference's positions, copied now, and weights for both. Raises ArgumentError and TopologyError."""
    atoms.require_same_size(mobile, reference)
    values, doubt = atoms.weights_of("weights", reference, weights)
    (positions,), box = reference_positions(reference.universe, [reference], ref_frame)
    return FitReference(reference, positions, box, values, [atoms.different_masses(mobile, reference, tol_mass), doubt])
