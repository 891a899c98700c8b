"""Native contacts: :class:`Contacts`, :func:`q1q2`, and the functions that contacts are counted with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from . import _core, arguments, atoms, frame_tables, kernels
from .analysis import Analysis, NativeAnalysis
from .boxes import box_of
from .errors import ArgumentError
from .parallel import ParallelAnalysisBase
from .results import Results
from .universe import positions_at, trajectory_of

__all__ = ["Contacts", "contact_matrix", "hard_cut_q", "q1q2", "radius_cut_q", "soft_cut_q"]


def hard_cut_q(r: Any, cutoff: Any) -> float:
    """Fraction of distances `r` (Å, any shape) that are not above `cutoff` (Å: a number, or one for each)."""
    near = np.less_equal(r, cutoff)
    return float(near.sum()) / np.size(r) if np.size(r) else math.nan


def soft_cut_q(r: Any, r0: Any, beta: float = 5.0, lambda_constant: float = 1.8) -> float:
    """Mean of 1 / (1 + exp(beta (r - lambda r0))) over contacts; r, r0 [n] Å, beta 1/Å.

    Best, Hummer & Eaton 2013, doi:10.1073/pnas.1311599110; lambda is 1.8 for all atoms, 1.5 for coarse grains.
    """
    r, r0 = np.asarray(r, np.float64), np.asarray(r0, np.float64)
    with np.errstate(over="ignore"):  # 1 / infinity is what is meant
        there = 1 / (1 + np.exp(beta * (r - lambda_constant * r0)))
    return float(there.sum()) / len(r0) if len(r0) else math.nan


def radius_cut_q(r: Any, r0: Any, radius: float) -> float:
    """Fraction of distances `r` (Å) within `radius` (Å); `r0` is not looked at."""
    return hard_cut_q(r, radius)


def contact_matrix(d: Any, radius: float, out: np.ndarray | None = None) -> np.ndarray:
    """Which distances `d` (Å, any shape) are within `radius` (Å): bool, like `d`; in `out` if that is given."""
    return np.less_equal(d, radius, out=out) if out is not None else np.less_equal(d, radius)


#: What kwargs may hold.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "hard_cut": (),
    "soft_cut": ("beta", "lambda_constant"),
    "radius_cut": ("radius",),
}


class _Reference(NamedTuple):
    """Two groups as they stood: float32 [n, 3] and [m, 3] Å, and cell vectors [9] Å, zeros for none."""

    first: np.ndarray
    second: np.ndarray
    box: np.ndarray

    def usable_box(self, pbc: bool) -> np.ndarray | None:
        return self.box.reshape(3, 3) if pbc and self.box.any() else None


class Contacts(NativeAnalysis):
    """Which fraction Q of the contacts of a reference is there in each frame.

    A contact is a pair of atoms, one of either group, at most `radius` apart in the reference; only these pairs are
    measured in the frames.

    Parameters: `mobiles`, two AtomGroups. `refs`, two groups of the same sizes, in the same order, or several such
    pairs; their positions are copied now. `method`: "hard_cut", a contact is there when it is not longer than in the
    reference; "soft_cut", it fades out, kwargs `beta` (1/Å) and `lambda_constant` (:func:`soft_cut_q`); "radius_cut",
    it is at most `radius` long (kwargs `radius`: another one than that of the contacts); or a function
    ``method(r, r0, **kwargs)`` of the distances, float64 [n_contacts] Å, now and in the reference, that returns a
    number. `radius`: Å. `pbc`: distances of nearest images, where there is a box.

    Result: ``results.timeseries`` (also ``.timeseries``), float64 [n_frames, 1 + n_refs]: frame, Q of each reference,
    NaN where that has no contact; ``results.times``, ps. `r0` and `initial_contacts`: for each reference the distances
    (Å) and which of them are contacts, [n, m].

    Errors: ArgumentError (a ValueError) for groups that do not fit, methods that are none, and functions that return
    no number. Source: Best, Hummer & Eaton 2013, doi:10.1073/pnas.1311599110.
    """

    name = "contacts"

    def __init__(
        self,
        mobiles: Sequence[Any],
        refs: Sequence[Any],
        method: str | Callable[..., Any] = "hard_cut",
        radius: float = 4.5,
        kwargs: Mapping[str, Any] | None = None,
        *,
        pbc: bool = False,
    ) -> None:
        self._mobiles = _pair("mobiles", mobiles)
        first, second = self._mobiles
        if first.universe is not second.universe:
            raise ArgumentError("the two groups of mobiles belong to different universes: take both from one")
        super().__init__(first.universe)
        trajectory_of(self.universe)
        if not isinstance(pbc, (bool, np.bool_)):
            raise ArgumentError(f"pbc is True or False, not {pbc!r}")
        self._pbc, self._radius = bool(pbc), arguments.finite("radius", radius, least=0)
        self._method, self._kwargs = _checked_method(method, kwargs)
        self._references = [self._checked_reference(i, ref) for i, ref in enumerate(_as_pairs(refs))]
        self._sets = [
            kernels.pairs(ref.first, ref.second, cutoff=self._radius, box=ref.usable_box(self._pbc))
            for ref in self._references
        ]

    @property
    def timeseries(self) -> np.ndarray:
        """``results.timeseries``."""
        return self.results.timeseries

    @property
    def times(self) -> np.ndarray:
        """``results.times``."""
        return self.results.times

    @cached_property
    def r0(self) -> list[np.ndarray]:
        """Distances in each reference, Å, float64 [n, m]; made when it is asked for."""
        return [kernels.distance_matrix(ref.first, ref.second, ref.usable_box(self._pbc)) for ref in self._references]

    @property
    def initial_contacts(self) -> list[np.ndarray]:
        """Which pairs are contacts in each reference, bool [n, m]."""
        return [contact_matrix(r0, self._radius) for r0 in self.r0]

    @property
    def n_initial_contacts(self) -> int:
        """Of the first reference."""
        return len(self._sets[0][1])

    def partial(self) -> Results:
        """As :meth:`NativeAnalysis.partial`; not for a method written in Python."""
        if callable(self._method):
            raise ArgumentError("a method written in Python has no partial results: wait for run()")
        return super().partial()

    def _checked_reference(self, i: int, ref: Any) -> _Reference:
        sizes = tuple(map(len, self._mobiles))
        if not isinstance(ref, _Reference):
            ref = _standing(f"refs[{i}]", ref, self._pbc)
        if (len(ref.first), len(ref.second)) != sizes:
            raise ArgumentError(
                f"mobiles have {sizes[0]} and {sizes[1]} atoms, refs[{i}] {len(ref.first)} and {len(ref.second)}: "
                "contacts need the same atoms in the same order; select the same groups in both"
            )
        return ref

    def _member(self) -> Analysis:
        return _OwnMethod(self) if callable(self._method) else self

    def _make_analysis(self) -> Any:
        given = {"radius": self._radius, "beta": 5.0, "lambda_constant": 1.8, **self._kwargs}
        first, second = map(atoms.indices, self._mobiles)
        return _core.contacts(first, second, self._sets, self._method, **given, pbc=self._pbc)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        return frame_tables.ContactsResults(timeseries=columns["timeseries"], times=columns["times"])

    def _settings(self) -> dict[str, Any]:
        return {
            "method": self._method,
            "radius": self._radius,
            "kwargs": self._kwargs,
            "pbc": self._pbc,
            "atoms": [len(group) for group in self._mobiles],
            "contacts": [len(r0) for _, r0 in self._sets],
        }

    def _size_text(self) -> str:
        contacts = ", ".join(str(len(r0)) for _, r0 in self._sets)
        return f"{contacts} contacts of {len(self._mobiles[0])} and {len(self._mobiles[1])} atoms"


class _OwnMethod(ParallelAnalysisBase):
    """Takes part in a pass in the place of Contacts whose method is written in Python."""

    name = "contacts"

    def __init__(self, contacts: Contacts) -> None:
        super().__init__(contacts.universe, contacts._mobiles)
        self._contacts = contacts
        self._method, self._kwargs = contacts._method, contacts._kwargs
        self._sets, self._pbc = contacts._sets, contacts._pbc

    def _single_frame(self, ts: Any, atomgroups: list[Any]) -> Any:
        first, second = (group.positions for group in atomgroups)
        box = box_of(ts).reshape(3, 3) if self._pbc else np.zeros((3, 3))
        row = [float(ts.frame)]
        for pairs, r0 in self._sets:
            r = kernels.distances(first[pairs[:, 0]], second[pairs[:, 1]], box if box.any() else None)
            row.append(self._one_number(self._method(r, r0.copy(), **self._kwargs)))
        return np.array(row)

    def _one_number(self, value: Any) -> float:
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in "biuf":
            name = getattr(self._method, "__name__", type(self._method).__name__)
            raise ArgumentError(f"method {name} returned {value!r}: it must return a number for each frame")
        return float(array.reshape(()))

    def _begin(self, frames: Any, blocks: Any) -> None:
        super()._begin(frames, blocks)
        self._contacts._begin(frames, blocks)

    def _take(self, columns: dict[str, Any]) -> None:
        super()._take(columns)
        rows = [row for block in self._results for row in block]
        series = np.array(rows, dtype=np.float64).reshape(len(rows), 1 + len(self._sets))
        self._contacts._take({"timeseries": series, "times": self.times})

    def _forget(self) -> None:
        self._contacts._forget()

    def _tell(self, timing: Any, how: str) -> None:
        super()._tell(timing, how)
        self._contacts._tell(timing, how)

    def __getstate__(self) -> dict[str, Any]:
        """Workers need no results."""
        state = super().__getstate__()
        state.pop("_contacts", None)
        return state


def q1q2(atomgroup: Any, radius: float = 4.5, *, pbc: bool = False) -> Contacts:
    """Contacts of a group with itself, those of the first frame (q1) and those of the last (q2).

    `radius`: Å, of contacts and of the cut. After run(): ``timeseries``, float64 [n_frames, 3]: frame, q1, q2. The
    Universe stays where it is. Errors: ArgumentError, as :class:`Contacts`.
    Source: Franklin et al. 2007, doi:10.1093/nar/gkm342.
    """
    group = atoms.static_group("atomgroup", atomgroup)
    refs = []
    for frame in (0, -1):
        positions, box = positions_at(group.universe, group.ix, frame)
        refs.append(_Reference(positions, positions, np.asarray(box, np.float32).reshape(9)))
    return Contacts((group, group), refs, "radius_cut", radius, pbc=pbc)


def _pair(what: str, groups: Any) -> list[Any]:
    """Two AtomGroups that hold atoms."""
    if hasattr(groups, "ix") or isinstance(groups, (str, dict)) or not hasattr(groups, "__len__") or len(groups) != 2:
        raise ArgumentError(f"{what} takes a pair of AtomGroups, not {groups!r}")
    return [atoms.static_group(f"{what}[{i}]", group) for i, group in enumerate(groups)]


def _as_pairs(refs: Any) -> list[Any]:
    """One pair of groups, or several."""
    if isinstance(refs, (str, dict)) or not hasattr(refs, "__len__") or hasattr(refs, "ix"):
        raise ArgumentError(f"refs takes a pair of AtomGroups, or a list of such pairs, not {refs!r}")
    if not len(refs):
        raise ArgumentError("refs is empty: give a pair of AtomGroups, or several")
    return [refs] if hasattr(refs[0], "atoms") else list(refs)


def _standing(what: str, ref: Any, pbc: bool) -> _Reference:
    """Positions and box of a pair of groups, copied from the current frame."""
    groups = first, second = _pair(what, ref)
    if pbc and first.universe is not second.universe:
        raise ArgumentError(
            f"{what} holds groups of two universes, whose boxes may differ: with pbc, take both from one"
        )
    positions = [atoms.current_positions(what, group) for group in groups]
    return _Reference(positions[0], positions[1], box_of(first.universe.trajectory.ts))


def _checked_method(method: Any, kwargs: Any) -> tuple[Any, dict[str, Any]]:
    if not (kwargs is None or isinstance(kwargs, Mapping)):
        raise ArgumentError(f"kwargs takes a dict of arguments for the method, not {kwargs!r}")
    given = dict(kwargs or {})
    if callable(method):
        return method, given
    if not (isinstance(method, str) and method in _OPTIONS):
        raise ArgumentError(f"method has to be callable, or one of {', '.join(_OPTIONS)}; it is {method!r}")
    for name in given:
        if name not in _OPTIONS[method]:
            takes = ", ".join(_OPTIONS[method]) or "none"
            raise ArgumentError(f"kwargs: {method} takes {takes}, not {name!r}")
    return method, {
        name: arguments.finite(name, value, least=0 if name == "radius" else None) for name, value in given.items()
    }
