"""Size and place of a group in each frame: :class:`RadiusOfGyration`, :class:`CenterOfMass`,
:class:`CenterOfGeometry`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, frame_tables
from .analysis import NativeAnalysis
from .errors import MdloomWarning
from .first_frame import FirstFrame
from .results import Results
from .universe import trajectory_of


class _OfGroup(NativeAnalysis):
    """What the three have in common: one group, weights, rows of frame, time and values."""

    #: Of the engine's columns: frame, time, centre x y z, radius of gyration, about x, y, z.
    _columns: tuple[int, ...]
    _quantity: str
    _results_class: type[Results]

    def __init__(self, atomgroup: Any, weights: Any) -> None:
        self.atomgroup = atoms.select("atomgroup", atoms.as_group("atomgroup", atomgroup), None)
        super().__init__(self.atomgroup.universe)
        trajectory_of(self.universe)
        self._weights_text = atoms.weights_text(weights)
        self._weights, doubt = atoms.weights_of("weights", self.atomgroup, weights)
        if doubt is not None:
            warnings.warn(doubt, MdloomWarning, stacklevel=3)

    @property
    def timeseries(self) -> np.ndarray:
        """``results.timeseries``."""
        return self.results.timeseries

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, ps, float64 [n_frames]."""
        return self.results.timeseries[:, 1]

    def _make_analysis(self) -> Any:
        return _core.gyration(np.ascontiguousarray(self.atomgroup.ix, dtype=np.int64), self._weights)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        return self._results_class(timeseries=np.ascontiguousarray(columns["gyration"][:, list(self._columns)]))

    def _settings(self) -> dict[str, Any]:
        return {"weights": self._weights_text, "atoms": len(self.atomgroup)}

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        if first_frame is None:
            return []
        doubt = first_frame.broken_across_box(self.atomgroup, self._quantity)
        return [] if doubt is None else [doubt]

    def _size_text(self) -> str:
        return f"{len(self.atomgroup)} atoms"


class RadiusOfGyration(_OfGroup):
    r"""Radius of gyration of a group in each frame, and its components about the axes, as it stands.

    :math:`r_g = \sqrt{\sum_i w_i |x_i - c|^2 / \sum_i w_i}` about the centre :math:`c = \sum_i w_i x_i / \sum_i w_i`.
    The components are those of ``gmx gyrate``: about x only y and z count, and so on, so that the sum of their squares
    is :math:`2 r_g^2`. Molecules are not made whole.

    Parameters: `atomgroup`, AtomGroup or Universe; duplicates count twice. `weights`: "mass", None (all atoms count the
    same) or an array.

    Result: ``results.timeseries`` (also ``.timeseries``), float64 [n_frames, 6]: frame, time (ps), radius of gyration
    (Å), and about the axes x, y, z (Å).

    Errors: ArgumentError (a ValueError) for empty and updating groups and unusable weights, TopologyError for masses
    that are not there.
    """

    name = "radius_of_gyration"
    _columns = (0, 1, 5, 6, 7, 8)
    _quantity = "the radius of gyration"
    _results_class = frame_tables.GyrationResults

    def __init__(self, atomgroup: Any, weights: Any = "mass") -> None:
        super().__init__(atomgroup, weights)


class CenterOfMass(_OfGroup):
    r"""Centre of mass of a group in each frame, as it stands.

    :math:`\sum_i m_i x_i / \sum_i m_i`. Molecules are not made whole.

    Parameter: `atomgroup`, AtomGroup or Universe; duplicates count twice.

    Result: ``results.timeseries`` (also ``.timeseries``), float64 [n_frames, 5]: frame, time (ps), x, y, z (Å).

    Errors: ArgumentError (a ValueError) for empty and updating groups, TopologyError for masses that are not there.
    """

    name = "center_of_mass"
    _columns = (0, 1, 2, 3, 4)
    _quantity = "the centre of mass"
    _results_class = frame_tables.CentreResults

    def __init__(self, atomgroup: Any) -> None:
        super().__init__(atomgroup, "mass")


class CenterOfGeometry(_OfGroup):
    r"""Centre of geometry of a group in each frame, as it stands: the mean position of its atoms.

    Parameter: `atomgroup`, AtomGroup or Universe; duplicates count twice. Molecules are not made whole.

    Result: ``results.timeseries`` (also ``.timeseries``), float64 [n_frames, 5]: frame, time (ps), x, y, z (Å).

    Errors: ArgumentError (a ValueError) for empty and updating groups.
    """

    name = "center_of_geometry"
    _columns = (0, 1, 2, 3, 4)
    _quantity = "the centre of geometry"
    _results_class = frame_tables.CentreResults

    def __init__(self, atomgroup: Any) -> None:
        super().__init__(atomgroup, None)
