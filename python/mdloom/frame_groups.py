"""Groups of atoms in each frame, made when they are looked at: :class:`FrameGroups`, :class:`Leaflets`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from .frame_tables import LeafletResults


class FrameGroups(Sequence):
    """For each frame a list of AtomGroups, as `choose` takes them from its components.

    Reads like a list of lists, also ``==`` and ``+``; each look makes new AtomGroups, since a long trajectory has
    millions of them. `atoms`: an AtomGroup in ascending order; `labels`: int [n_frames, n_atoms], the component of each
    of its atoms, numbered in order of their lowest atoms. `choose`: a module's function, so that it pickles.
    """

    def __init__(self, atoms: Any, labels: np.ndarray, choose: Callable[[list[Any]], list[Any]]) -> None:
        self._atoms, self._choose = atoms, choose
        self._labels = np.array(labels, dtype=np.int32)  # a copy: whoever edits the labels does not edit the groups

    def __len__(self) -> int:
        return len(self._labels)

    @overload
    def __getitem__(self, at: int) -> list[Any]: ...
    @overload
    def __getitem__(self, at: slice) -> FrameGroups: ...
    def __getitem__(self, at: int | slice) -> list[Any] | FrameGroups:
        if isinstance(at, slice):
            return FrameGroups(self._atoms, self._labels[at], self._choose)
        return self._choose(self._components(self._labels[range(len(self))[at]]))

    def __iter__(self) -> Iterator[list[Any]]:
        return (self[i] for i in range(len(self)))

    def _components(self, labels: np.ndarray) -> list[Any]:
        """In order of their lowest atoms."""
        order = np.argsort(labels, kind="stable")
        borders = np.cumsum(np.bincount(labels))[:-1]
        return [self._atoms[places] for places in np.split(order, borders)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, FrameGroups)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as lists

    def __add__(self, other: Any) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Any) -> list[Any]:
        return [*other, *self]

    def __repr__(self) -> str:
        if len(self) <= 3:
            return repr(list(self))
        return f"[{self[0]!r}, {self[1]!r}, ... of {len(self)} frames]"


class Leaflets(FrameGroups):
    """PMDA's list of LeafletFinder, two groups for each frame, which can be drawn."""

    found: LeafletResults

    def plot(self, ax: Any = None, **kwargs: Any) -> Any:
        """Sizes of the components over time, as :meth:`mdloom.results.Results.plot`."""
        return self.found.plot(ax, **kwargs)

    def _repr_html_(self) -> str:
        return self.found._repr_html_()


def two(groups: list[Any]) -> list[Any]:
    """The first two; an empty group where there is only one."""
    return [*groups[:2], groups[0][:0]][:2]


def largest_first(groups: list[Any]) -> list[Any]:
    """All, of equally large ones in the order they have."""
    return sorted(groups, key=len, reverse=True)
