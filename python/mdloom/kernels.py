"""The kernels on arrays: distances, angles, pairs and fits of float32 positions, with the GIL released.

Positions are float32 [n, 3], Å; such arrays are read in place (others of float64 are rounded to float32 first, as
MDAnalysis keeps them). Differences and everything after them are double precision: the same bits on every CPU.

`box`: None; six numbers, lengths (Å) and angles (degrees), as MDAnalysis' ``dimensions``; or the cell vectors [3, 3],
Å, in rows. Distances are then those of nearest images, exactly, for any box, skewed or small, and at any distance.

Errors, all of them ArgumentError (a ValueError): arrays of another shape or kind, coordinates that are not finite,
boxes that span no volume.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _core
from .errors import ArgumentError

__all__ = ["Superposed", "angles", "dihedrals", "distance_matrix", "distances", "pairs", "rmsd", "superpose", "wrap"]

#: Fits multiply eight of them: beyond, products are no numbers any more. float32 ends here too.
_MOST = 3.4e38
#: Below, the products of weights and squares vanish.
_LEAST_WEIGHT = 1e-30


def pairs(a: Any, b: Any = None, *, cutoff: float, box: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of atoms within a cut-off.

    a [n, 3], b [m, 3] Å, or None: pairs i < j within a. cutoff: Å, the distance itself included (also beyond half the
    box: a pair is listed once, at its least distance). Returns (int64 [n_pairs, 2] sorted by i and j, float64
    [n_pairs] Å).
    Linked cells: Allen & Tildesley, Computer Simulation of Liquids, 5.3.2.
    """
    other = None if b is None else _positions("b", b)
    return _core.kernel_pairs(_positions("a", a), other, float(_numbers("cutoff", cutoff, ())), _box(box))


def distances(a: Any, b: Any, box: Any = None) -> np.ndarray:
    """Distance of each row of a from the same row of b. a, b [n, 3] Å. Returns float64 [n], Å."""
    return np.asarray(_core.kernel_distances(_positions("a", a), _positions("b", b), _box(box)))


def distance_matrix(a: Any, b: Any, box: Any = None) -> np.ndarray:
    """Distance of each row of a from each row of b. a [n, 3], b [m, 3] Å. Returns float64 [n, m], Å."""
    return np.asarray(_core.kernel_distance_matrix(_positions("a", a), _positions("b", b), _box(box)))


def angles(a: Any, b: Any, c: Any, box: Any = None) -> np.ndarray:
    """The angle at b between a and c, row by row. a, b, c [n, 3] Å. Returns float64 [n], degrees in [0, 180].

    NaN where b coincides with a or c.
    """
    return np.asarray(_core.kernel_angles(_positions("a", a), _positions("b", b), _positions("c", c), _box(box)))


def dihedrals(a: Any, b: Any, c: Any, d: Any, box: Any = None) -> np.ndarray:
    """The dihedral angle a-b-c-d, row by row. a, b, c, d [n, 3] Å. Returns float64 [n], degrees in (-180, 180].

    NaN where three atoms in a row are collinear. Sign: IUPAC-IUB 1970, doi:10.1021/bi00820a001.
    """
    return np.asarray(
        _core.kernel_dihedrals(
            _positions("a", a), _positions("b", b), _positions("c", c), _positions("d", d), _box(box)
        )
    )


def wrap(positions: Any, box: Any) -> np.ndarray:
    """Positions moved into the cell by whole cell vectors. positions [n, 3] Å. Returns float32 [n, 3], Å.

    Their fractions of the cell vectors are then in [0, 1).
    """
    if box is None:
        raise ArgumentError("wrap needs a box: positions without one are where they are")
    return np.asarray(_core.kernel_wrap(_positions("positions", positions), _box(box)))


def rmsd(positions: Any, reference: Any, weights: Any = None, superposition: bool = True) -> float:
    """Root mean square deviation from a reference, superposed on it or as it stands.

    positions, reference [n, 3] Å, weights [n] or None. Returns Å. Theobald 2005, doi:10.1107/S0108767305015266.
    """
    if not isinstance(superposition, (bool, np.bool_)):
        raise ArgumentError(f"superposition is True or False, not {superposition!r}")
    return _core.kernel_rmsd(*_fitted(positions, reference, weights), superposition=bool(superposition))


class Superposed(NamedTuple):
    """`positions` float32 [n, 3] Å on the reference; `rotation` [3, 3], to be multiplied from the left; `rmsd` Å."""

    positions: np.ndarray
    rotation: np.ndarray
    rmsd: float


def superpose(positions: Any, reference: Any, weights: Any = None) -> Superposed:
    """Positions rotated and moved on a reference, so that their RMSD is least.

    positions, reference [n, 3] Å, weights [n] or None. Mirror images are not fitted.
    Theobald 2005, doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald 2010, doi:10.1002/jcc.21439.
    """
    return Superposed(*_core.kernel_superpose(*_fitted(positions, reference, weights)))


def _numbers(name: str, given: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """As float64: boxes, weights, a cut-off."""
    _refuse_mask(name, given)
    try:
        array = np.asarray(given)
        numbers = array.astype(np.float64, casting="same_kind" if array.dtype.kind in "iuf" else "no")
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} takes numbers, not {given!r}") from None
    if shape is not None and numbers.shape != shape:
        raise ArgumentError(f"{name} has the shape {numbers.shape}: {shape} is needed")
    return numbers


def _refuse_mask(name: str, given: Any) -> None:
    if isinstance(given, np.ma.MaskedArray):
        raise ArgumentError(f"{name} is a masked array, whose mask would not be seen: give the rows that count")


def _positions(name: str, given: Any, dtype: Any = np.float32) -> np.ndarray:
    _refuse_mask(name, given)
    array = np.asarray(given)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ArgumentError(f"{name} has the shape {array.shape}: positions are [n, 3]")
    if array.dtype not in (np.float32, np.float64):
        raise ArgumentError(f"{name} is of {array.dtype}: positions are float32 (or float64, which is rounded), in Å")
    with np.errstate(over="ignore"):  # what does not fit is infinite, and refused as such
        return np.ascontiguousarray(array, dtype=dtype)


def _fitted(positions: Any, reference: Any, weights: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mobile, fixed = _positions("positions", positions), _positions("reference", reference, np.float64)
    if len(mobile) != len(fixed) or not len(mobile):
        raise ArgumentError(
            f"positions has {len(mobile)} atoms, reference {len(fixed)}: the same atoms in the same order are needed"
        )
    w = np.empty(0) if weights is None else np.ascontiguousarray(_numbers("weights", weights))
    with np.errstate(over="ignore"):
        total = w.sum()
    if weights is not None and (w.shape != (len(mobile),) or not (w >= 0).all() or not _LEAST_WEIGHT < total < _MOST):
        raise ArgumentError(
            f"weights must be {len(mobile)} finite numbers, not negative, their sum above {_LEAST_WEIGHT}"
        )
    for name, array in (("positions", mobile), ("reference", fixed)):
        if not (np.abs(array) < _MOST).all():
            raise ArgumentError(f"{name} has coordinates that are not finite, or as good as: leave such atoms out")
    return mobile, fixed, w


def _box(given: Any) -> np.ndarray:
    if given is None:
        return np.empty(0, np.float32)
    with np.errstate(over="ignore"):
        box = np.ascontiguousarray(_numbers("box", given), dtype=np.float32)
    if box.shape == (3, 3):
        return box.reshape(9)
    if box.shape != (6,):
        raise ArgumentError(
            f"box has the shape {box.shape}: it is None, three lengths and three angles, or cell vectors [3, 3]"
        )
    vectors = np.asarray(_core.box_vectors(box))
    if not vectors.any():
        raise ArgumentError(f"box {box.tolist()} spans no volume: give lengths in Å and angles in degrees, or None")
    return vectors
