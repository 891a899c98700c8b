"""On-the-fly transformations of a Universe: what they remember, and whose atoms they hold."""

from __future__ import annotations

import types
from typing import Any

from .errors import ArgumentError


def refuse_memories(trajectory: Any) -> None:
    """Raises ArgumentError for transformations that need the frames in order."""
    for transformation in trajectory.transformations:
        if getattr(transformation, "parallelizable", True) is False:
            raise ArgumentError(
                f"transformation {type(transformation).__name__} remembers earlier frames, so that frames cannot be "
                "read on their own: write the transformed trajectory first, u.atoms.write('new.xtc', frames='all')"
            )


def require_own_groups(copy: Any, universe: Any) -> None:
    """A transformation that still holds the user's groups would look at the user's frame."""
    for transformation in copy.transformations:
        for held in _held_by(transformation):
            if getattr(held, "universe", None) is universe:
                name = getattr(transformation, "__name__", type(transformation).__name__)
                raise ArgumentError(
                    f"transformation {name} holds atoms of your Universe and cannot be copied with it: make it a class "
                    "that can be pickled, or u.transfer_to_memory()"
                )


def _held_by(transformation: Any) -> list[Any]:
    function = getattr(transformation, "__func__", transformation)
    held = list(getattr(transformation, "__dict__", {}).values())
    held += [getattr(transformation, "__self__", None), *getattr(transformation, "args", ())]
    if isinstance(function, types.FunctionType):
        held += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        held += [function.__globals__.get(name) for name in function.__code__.co_names]
        held += list(function.__defaults__ or ())
    return held


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
