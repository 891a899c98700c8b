"""Root mean square deviations and fluctuations: :class:`RMSD`, :class:`RMSF`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, frame_tables, tables
from .analysis import NativeAnalysis
from .errors import ArgumentError, MdloomWarning
from .first_frame import FirstFrame
from .fitting import settled_fit
from .references import both_selections, reference_positions
from .results import Results
from .universe import trajectory_of


class RMSD(NativeAnalysis):
    r"""RMSD of each frame from a reference, after the best superposition or as it stands.

    :math:`\sqrt{\sum_i w_i |x'_i - r_i|^2 / \sum_i w_i}`, x' the frame moved on the reference (Theobald 2005).

    Parameters: `mobile`, AtomGroup or Universe. `ref`, the same atoms in the same order; None: `mobile` itself; its
    positions are copied now, from the current frame or from `ref_frame`. `superposition`: False compares frames as they
    stand, without even centring. `select`: a selection for both, ``(mobile, ref)``, or ``{"mobile": ..., "reference":
    ...}``; each may be a list of selections, whose order is kept; "all" or None: the groups as they are.
    `groupselections`: further selections, taken from the whole universes, moved with the superposition of `select` and
    not fitted again. `weights`: None, "mass" or an array for the atoms of `select`. `weights_groupselections`: one such
    entry for each group selection; False: "mass" and None of `weights` hold for them too, an array does not.
    `tol_mass`: masses that differ by more (amu) are warned about. `verbose`: run() shows a progress bar.

    Result: ``results.rmsd`` (also ``.rmsd``), float64 [n_frames, 3 + n_groups]: frame, time (ps), RMSD (Å), and that of
    each group selection (Å).

    Errors: ArgumentError (a ValueError) for groups that do not fit, TopologyError for masses that are not there.
    """

    name = "rmsd"

    def __init__(
        self,
        mobile: Any,
        ref: Any = None,
        superposition: bool = True,
        *,
        select: Any = "all",
        groupselections: Sequence[Any] | None = None,
        weights: Any = None,
        weights_groupselections: Any = False,
        ref_frame: int | None = None,
        tol_mass: float = 0.1,
        verbose: bool = False,
    ) -> None:
        if not isinstance(superposition, (bool, np.bool_)):
            raise ArgumentError(
                f"superposition is True or False, not {superposition!r}; selections are given by name, select=..."
            )
        self._superposition, self._verbose = bool(superposition), verbose
        self._asked = {
            "select": select,
            "groupselections": groupselections if groupselections is None else _as_list(groupselections),
            "weights": atoms.weights_text(weights),
            "ref_frame": ref_frame,
        }
        mobile = atoms.as_group("mobile", mobile)
        ref = mobile if ref is None else atoms.as_group("ref", ref)
        super().__init__(mobile.universe)
        trajectory_of(self.universe)

        for_mobile, for_ref = both_selections(select)
        self._atoms = atoms.select("mobile", mobile, for_mobile)
        ref_atoms = atoms.select("ref", ref, for_ref)
        atoms.require_same_size(self._atoms, ref_atoms)
        groups = []
        for i, group in enumerate(self._asked["groupselections"] or ()):
            in_mobile, in_ref = both_selections(group)
            pair = (
                atoms.select("mobile", self.universe.atoms, in_mobile),
                atoms.select("ref", ref.universe.atoms, in_ref),
            )
            atoms.require_same_size(*pair, which=f"group selection {i}: ")
            groups.append(pair)
        self._group_names = tuple(
            group if isinstance(group, str) else f"group {i}"
            for i, group in enumerate(self._asked["groupselections"] or (), start=1)
        )

        self._warnings = [atoms.different_masses(self._atoms, ref_atoms, tol_mass)]
        self._weights = self._checked_weights("weights", self._atoms, weights)
        group_weights = _group_weights(weights, weights_groupselections, len(groups))
        all_ref = [ref_atoms, *(in_ref for _, in_ref in groups)]
        positions, box = reference_positions(ref.universe, all_ref, ref_frame)
        self._reference = positions[0]
        self._groups = [
            (atoms.indices(in_mobile), at, self._checked_weights(f"weights_groupselections[{i}]", in_mobile, w))
            for i, ((in_mobile, _), at, w) in enumerate(zip(groups, positions[1:], group_weights, strict=True))
        ]
        self._doubt = atoms.broken_across_box(ref_atoms, self._reference, box, "the reference")
        for message in filter(None, self._warnings):
            warnings.warn(message, MdloomWarning, stacklevel=2)

    @property
    def rmsd(self) -> np.ndarray:
        """``results.rmsd``."""
        return self.results.rmsd

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, ps, float64 [n_frames]."""
        return self.results.rmsd[:, 1]

    def _checked_weights(self, what: str, group: Any, weights: Any) -> np.ndarray | None:
        values, warning = atoms.weights_of(what, group, weights)
        self._warnings.append(warning)
        return values

    def _make_analysis(self) -> Any:
        return _core.rmsd(atoms.indices(self._atoms), self._reference, self._weights, self._superposition, self._groups)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = frame_tables.RMSDResults(rmsd=columns["rmsd"])
        found._superposition, found._group_names = self._superposition, self._group_names
        return found

    def _settings(self) -> dict[str, Any]:
        sizes = {"group_atoms": [len(group) for group, *_ in self._groups]} if self._groups else {}
        return {**self._asked, "superposition": self._superposition, "atoms": len(self._atoms), **sizes}

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        doubt = self._doubt
        if doubt is None and first_frame is not None:
            doubt = first_frame.broken_across_box(self._atoms)
        return [] if doubt is None else [doubt]

    def _size_text(self) -> str:
        return f"{len(self._atoms)} atoms"


class RMSF(NativeAnalysis):
    r"""RMSF of each atom about its mean position.

    :math:`\sqrt{\langle |x_i - \langle x_i \rangle|^2 \rangle}` over frames, as they stand, or after `fit`: a system
    that turns or drifts fluctuates by nothing else.

    Parameters: `atomgroup`, AtomGroup or Universe; its order and duplicates are kept. `fit`: atoms to superpose every
    frame by, a selection or an AtomGroup (on the first analysed frame), or :class:`mdloom.align.Fit`. `verbose`: run()
    shows a progress bar.

    Results, float64, also as attributes of the object: ``results.rmsf`` [n_atoms], Å; ``results.mean`` [n_atoms, 3],
    the mean positions, Å; ``results.sumsquares`` [n_atoms, 3], the sums over frames of (x - mean)², Å². Without frames
    `rmsf` and `mean` are NaN. Positions are summed exactly: the bits are the same for any cut of the frames.

    Errors: ArgumentError (a ValueError) for empty and updating groups, and those of the fit.
    """

    name = "rmsf"

    def __init__(self, atomgroup: Any, *, fit: Any = None, verbose: bool = False) -> None:
        self.atomgroup = atoms.static_group("atomgroup", atomgroup)
        super().__init__(self.atomgroup.universe)
        trajectory_of(self.universe)
        self._fit, self._verbose = settled_fit(fit, self.universe), verbose

    @property
    def rmsf(self) -> np.ndarray:
        """``results.rmsf``."""
        return self.results.rmsf

    @property
    def mean(self) -> np.ndarray:
        """``results.mean``."""
        return self.results.mean

    @property
    def sumsquares(self) -> np.ndarray:
        """``results.sumsquares``."""
        return self.results.sumsquares

    @staticmethod
    def _negative_rmsf(rmsf: Any) -> None:
        """PMDA's check, for those who call it: ArgumentError unless all values are at least 0."""
        values = np.asarray(rmsf)
        if not (values >= 0).all():
            raise ArgumentError(f"RMSF is never negative or NaN, but here is {values[~(values >= 0)][0]}")

    def _make_analysis(self) -> Any:
        return _core.rmsf(atoms.indices(self.atomgroup))

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = tables.RMSFResults(columns)
        found._atoms = np.array(self.atomgroup.ix, dtype=np.int64)
        found._residues = _residue_numbers(self.atomgroup)
        return found

    def _settings(self) -> dict[str, Any]:
        return {"atoms": len(self.atomgroup)}

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        if first_frame is None:
            return []
        doubt = first_frame.broken_across_box(self.atomgroup, "RMSF")
        return super()._doubts(first_frame) if doubt is None else [doubt]

    def _size_text(self) -> str:
        return f"{len(self.atomgroup)} atoms"


def _residue_numbers(group: Any) -> np.ndarray | None:
    """resids, when they tell the atoms apart, in ascending order."""
    numbers = getattr(group, "resids", None)  # NoDataError is an AttributeError
    return numbers if numbers is not None and (np.diff(numbers) > 0).all() else None


def _as_list(groupselections: Any) -> list[Any]:
    if isinstance(groupselections, (str, dict)):
        raise ArgumentError(f"groupselections takes a list of selections, not {groupselections!r}")
    return list(groupselections)


def _group_weights(weights: Any, for_groups: Any, n_groups: int) -> list[Any]:
    if for_groups is False or for_groups is None:
        same = weights is None or isinstance(weights, str)
        return [weights if same else None] * n_groups
    given = [for_groups] if isinstance(for_groups, str) else list(for_groups)
    if len(given) != n_groups:
        raise ArgumentError(
            f"weights_groupselections has {len(given)} entries, groupselections {n_groups}: one for each"
        )
    return given
