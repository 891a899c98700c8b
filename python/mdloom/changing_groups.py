"""Groups of a native analysis whose atoms are selected anew in every frame."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .errors import ArgumentError

_LOOKS_AT_COORDINATES = re.compile(
    r"""\b(around|box|cyzone|cylayer|isolayer|point|sphlayer|sphzone)\b
    | \bsame\s+[xyz]\b
    | \bprop\b (?! \s+ (abs\s+)? (mass|charge)\b)""",
    re.VERBOSE,
)


def changes_with_frames(selection: str, **groups: Any) -> bool:
    """Whether a selection may give other atoms in another frame: it looks at coordinates, at a group that does, or with
    a keyword that somebody added to MDAnalysis. `groups`: what `group NAME` stands for, as select_atoms() takes them.

    In doubt True, which costs time, while a wrong False would give wrong numbers.
    """
    if _LOOKS_AT_COORDINATES.search(selection):
        return True
    words = selection.replace("(", " ").replace(")", " ").split()
    named = [groups[word] for word in words if word in groups]
    return any(map(is_updating, named)) or bool(_added_keywords().intersection(words))


def _added_keywords() -> set[str]:
    from MDAnalysis.core import selection

    keywords = selection._SELECTIONDICT.items()
    return {word for word, kind in keywords if word and not kind.__module__.startswith("MDAnalysis.")}


def is_updating(group: Any) -> bool:
    """Whether it is MDAnalysis' UpdatingAtomGroup."""
    return type(group).__name__ == "UpdatingAtomGroup"


class ChangingGroups:
    """What a worker's private Universe holds of them: see bindings/changing_groups.hpp. groups: UpdatingAtomGroups."""

    def __init__(self, groups: tuple[Any, ...]) -> None:
        for group in groups:
            if not is_updating(group):
                raise ArgumentError(f"a group that changes is an UpdatingAtomGroup, not {type(group).__name__}")
        self._groups = groups

    def atoms(self) -> list[np.ndarray]:
        """Atom indices of each group in the frame where the Universe stands, int64 [n]."""
        return [np.ascontiguousarray(group.ix, dtype=np.int64) for group in self._groups]
