"""Frames superposed on a reference before a native analysis sees them: :class:`Fit`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, kernels
from .errors import ArgumentError, MdloomWarning, depth_outside_package
from .first_frame import FirstFrame
from .references import both_selections, fit_reference
from .universe import positions_at


class Fit:
    """How frames are superposed before an analysis sees them: least squares over some atoms (Theobald 2005).

    Parameters: `select`, the atoms that are fitted: a selection of the analysed Universe, or an AtomGroup of it; with a
    `reference` also ``(mobile, reference)`` or ``{"mobile": ..., "reference": ...}``. `reference`: AtomGroup or
    Universe with the same atoms in the same order, whose positions are copied when the analysis is made, from the
    current frame or from `ref_frame`; None: the first frame that is analysed, or `ref_frame` of the analysed
    trajectory. `weights`: None, "mass" or an array for the atoms of `select`. `tol_mass`: masses that differ by more
    (amu) are warned about.

    An analysis that takes ``fit=`` takes a selection or an AtomGroup, too, which is the fit on its first frame. Its
    results have ``fit_rmsd``, float64 [n_frames], Å: how far the fitted atoms are from the reference. Your Universe is
    never moved. Moved positions are float32; the bits are the same for any cut of the frames.

    Errors: ArgumentError (a ValueError) for groups that do not fit, TopologyError for masses that are not there.
    """

    def __init__(
        self,
        select: Any = "all",
        reference: Any = None,
        *,
        ref_frame: int | None = None,
        weights: Any = None,
        tol_mass: float = 0.1,
    ) -> None:
        self.select, self.reference, self.ref_frame = select, reference, ref_frame
        self.weights, self.tol_mass = weights, tol_mass

    def __repr__(self) -> str:
        return f"<Fit {self._text()}>"

    def _text(self) -> str:
        of = f"{len(self.select)} atoms" if hasattr(self.select, "ix") else str(self.select)
        on = "the first frame" if self.reference is None and self.ref_frame is None else "a reference"
        return f"{of} on {on}"


class SettledFit:
    """A Fit of one Universe, with everything looked up and checked."""

    def __init__(self, fit: Fit, universe: Any) -> None:
        own, other = _groups(fit, universe)
        self.mobile, self.text = own, fit._text()
        self._reference, self._doubt = None, None
        if other is None and fit.ref_frame is None:
            self._weights, doubt = atoms.weights_of("weights", own, fit.weights)
            doubts = [doubt]
        else:
            matched = fit_reference(own, own if other is None else other, fit.weights, fit.ref_frame, fit.tol_mass)
            self._reference, self._weights, doubts = matched.positions, matched.weights, matched.doubts
            self._doubt = matched.broken("the fit")
        for message in filter(None, doubts):
            warnings.warn(message, MdloomWarning, stacklevel=depth_outside_package())

    @classmethod
    def on(cls, mobile: Any, reference: np.ndarray) -> SettledFit:
        """Of an AtomGroup on positions, float64 [n, 3] Å, without weights."""
        fit = cls(Fit(mobile), mobile.universe)
        fit._reference, fit.text = np.ascontiguousarray(reference), f"{len(mobile)} atoms on a reference"
        return fit

    def around(self, analysis: Any) -> Any:
        """The engine's analysis, which then sees moved frames."""
        return _core.fitted(analysis, atoms.indices(self.mobile), self._reference, self._weights)

    def doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        """As an analysis' `_doubts`."""
        doubt = self._doubt
        if doubt is None and first_frame is not None:
            doubt = first_frame.broken_across_box(self.mobile, "the fit")
        return [] if doubt is None else [doubt]

    def moved(self, positions: np.ndarray, frames: Any) -> np.ndarray:
        """float32 [n, 3] Å that belong to the frame where the Universe stands, as a run over `frames` moves it."""
        reference = self._reference
        if reference is None:
            if not len(frames):
                return positions
            reference = positions_at(self.mobile.universe, self.mobile.ix, int(frames[0]))[0]
        here = atoms.current_positions("fit", self.mobile)
        best = kernels.superpose(here, reference, self._weights)
        centres = (np.average(at, axis=0, weights=self._weights) for at in (here, reference))
        return _moved(positions, best.rotation, *centres)


def settled_fit(fit: Any, universe: Any) -> SettledFit | None:
    """What `fit=` of an analysis stands for. Raises ArgumentError and TopologyError."""
    if fit is None:
        return None
    if isinstance(fit, str) or hasattr(fit, "ix"):
        fit = Fit(fit)
    if not isinstance(fit, Fit):
        raise ArgumentError(f"fit takes a selection, an AtomGroup or mdloom.align.Fit, not {type(fit).__name__}")
    return SettledFit(fit, universe)


def _groups(fit: Fit, universe: Any) -> tuple[Any, Any]:
    """(fitted atoms, those of the reference or None)"""
    if hasattr(fit.select, "ix"):
        own = atoms.static_group("fit", fit.select)
        atoms.require_same_universe("fit", own, universe)
        return own, None if fit.reference is None else atoms.static_group("reference", fit.reference)
    for_mobile, for_reference = both_selections(fit.select)
    own = atoms.select("fit", universe.atoms, for_mobile)
    if fit.reference is None:
        return own, None
    return own, atoms.select("reference", atoms.as_group("reference", fit.reference), for_reference)


def _moved(positions: np.ndarray, rotation: np.ndarray, from_centre: np.ndarray, to_centre: np.ndarray) -> np.ndarray:
    return ((positions - from_centre) @ rotation.T + to_centre).astype(np.float32)
