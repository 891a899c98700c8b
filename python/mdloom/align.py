"""Superposition: :class:`AlignTraj`, :class:`AverageStructure`, and :class:`Fit` for analyses that take ``fit=``."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, tables
from .aligned import AlignTraj
from .analysis import NativeAnalysis
from .errors import ArgumentError, FileError, MdloomWarning
from .first_frame import FirstFrame
from .fitting import Fit
from .matching import matching_atoms
from .references import both_selections, fit_reference
from .results import Results
from .universe import trajectory_of
from .writers import require_place, whole_or_not_at_all

__all__ = ["AlignTraj", "AverageStructure", "Fit"]


class AverageStructure(NativeAnalysis):
    r"""Mean position of each atom after every frame was superposed on a reference.

    :math:`\langle R (x_i - c) + r_c \rangle` over frames: rotation R and centre c are those that make the RMSD of the
    selected atoms least (Theobald 2005, doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald 2010,
    doi:10.1002/jcc.21439).

    Parameters: `mobile`, AtomGroup or Universe. `reference`, the same atoms in the same order; None: `mobile` itself;
    its positions are copied now, from the frame `ref_frame` (0: the first; None: the current one). `select`: the atoms
    that are fitted, a selection for both, ``(mobile, reference)``, or ``{"mobile": ..., "reference": ...}``; each may
    be a list of selections, whose order is kept; "all" or None: the groups as they are. `average`: the atoms of
    `mobile` that are averaged, a selection; None: those that are fitted, as in MDAnalysis; "all": all of `mobile`.
    `filename`: the averaged atoms are written to it after run(), in any format MDAnalysis writes; `force`: replace one
    that is there. `weights` of the fit: None, "mass" (of the reference) or an array for the atoms of `select`.
    `match_atoms`, `tol_mass`, `strict`: as in :class:`AlignTraj`. `in_memory` is MDAnalysis', and changes nothing here.
    `verbose`: run() shows a progress bar.

    Results, also as attributes of the object: ``results.positions``, float64 [n_atoms, 3], Å; ``results.rmsd``, float,
    the mean over frames of the fitted atoms' RMSD, Å; ``results.universe``, a new Universe of the averaged atoms with
    these positions. Without frames they are NaN. Moved positions are summed exactly: the bits are the same for any cut
    of the frames. The Universes of `mobile` and `reference` are never moved.

    Errors: ArgumentError (a ValueError) for groups that do not fit, TopologyError for masses that are not there.
    """

    name = "average_structure"

    def __init__(
        self,
        mobile: Any,
        reference: Any = None,
        select: Any = "all",
        filename: str | os.PathLike[str] | None = None,
        weights: Any = None,
        tol_mass: float = 0.1,
        match_atoms: bool = True,
        strict: bool = False,
        force: bool = True,
        in_memory: bool = False,
        ref_frame: int | None = 0,
        *,
        average: Any = None,
        verbose: bool = False,
    ) -> None:
        self._asked = {
            "select": select,
            "average": average,
            "weights": atoms.weights_text(weights),
            "ref_frame": ref_frame,
        }
        self._verbose, self._force = verbose, force
        self.filename = None if filename is None else _writable(filename, force)
        mobile = atoms.as_group("mobile", mobile)
        reference = mobile if reference is None else atoms.as_group("reference", reference)
        super().__init__(mobile.universe)
        trajectory_of(self.universe)
        for_mobile, for_reference = both_selections(select)
        self.mobile_atoms, self.ref_atoms, doubt = matching_atoms(
            atoms.select("mobile", mobile, for_mobile),
            atoms.select("reference", reference, for_reference),
            tol_mass,
            strict,
            match_atoms,
        )
        self.averaged_atoms = self.mobile_atoms if average is None else atoms.select("mobile", mobile, average)
        matched = fit_reference(self.mobile_atoms, self.ref_atoms, weights, ref_frame, np.inf)
        self._reference, self._weights = matched.positions, matched.weights
        self._doubt = matched.broken("the average structure")
        for message in filter(None, [doubt, *matched.doubts]):
            warnings.warn(message, MdloomWarning, stacklevel=2)

    @property
    def positions(self) -> np.ndarray:
        """``results.positions``; ``universe``, which is ``results.universe`` in MDAnalysis, stays the mobile's."""
        return self.results.positions

    @property
    def rmsd(self) -> float:
        """``results.rmsd``."""
        return self.results.rmsd

    def _make_analysis(self) -> Any:
        return _core.average_structure(
            atoms.indices(self.mobile_atoms), self._reference, self._weights, atoms.indices(self.averaged_atoms)
        )

    def _commit(self) -> None:
        if self.filename is None or not self.n_frames:
            return
        with whole_or_not_at_all(self.filename, os.path.splitext(self.filename)[1], self._force) as temporary:
            self.results.universe.atoms.write(temporary)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = _AverageResults(positions=columns["positions"], rmsd=float(columns["rmsd"][0]))
        found._atoms = atoms.indices(self.averaged_atoms)
        found.averages(self.averaged_atoms)
        return found

    def _settings(self) -> dict[str, Any]:
        return {**self._asked, "fitted": len(self.mobile_atoms), "averaged": len(self.averaged_atoms)}

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        doubt = self._doubt
        for group in (self.mobile_atoms, self.averaged_atoms):
            if doubt is None and first_frame is not None:
                doubt = first_frame.broken_across_box(group, "the average structure")
        return [] if doubt is None else [doubt]

    def _size_text(self) -> str:
        return f"{len(self.averaged_atoms)} atoms"


def _writable(filename: str | os.PathLike[str], force: bool) -> str:
    from MDAnalysis import _SINGLEFRAME_WRITERS

    path = os.fspath(filename)
    ending = os.path.splitext(path)[1].lstrip(".")
    if ending.upper() not in _SINGLEFRAME_WRITERS:
        known = ", ".join(f".{name.lower()}" for name in sorted(_SINGLEFRAME_WRITERS))
        raise ArgumentError(f"{path}: a structure is written to {known}, not to {ending or 'a file without an ending'}")
    if os.path.exists(require_place(path)) and not force:
        raise FileError(f"{path} exists already: give another name, or force=True to replace it")
    return os.path.abspath(path)


class _AverageResults(tables.StructureResults):
    """`universe` is made when it is asked for: it takes longer than many a run."""

    def averages(self, group: Any) -> None:
        self.__dict__["_group"] = group

    def __missing__(self, name: str) -> Any:
        if name != "universe" or "positions" not in self:
            raise KeyError(name)
        from MDAnalysis import Merge

        self["universe"] = Merge(self.__dict__["_group"])
        self["universe"].load_new(self["positions"].reshape(1, -1, 3).astype(np.float32))
        return self["universe"]
