"""On-the-fly transformations of a Universe: which of them the engine knows, what others remember and hold."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _core
from .boxes import boxes_of
from .changing_groups import is_updating
from .errors import ArgumentError


def native_steps(trajectory: Any, universe: Any) -> list[_core.Transform] | None:
    """The trajectory's transformations as the engine does them, in their order; None: one of them it does not know.

    Known are, with groups of `universe`: translate, center_in_box, fit_translation, fit_rot_trans without `plane`,
    wrap, unwrap, set_dimensions. Raises ArgumentError for groups and weights that cannot be used.
    """
    steps = []
    for transformation in trajectory.transformations:
        kind = type(transformation)
        recognise = _KNOWN.get((kind.__module__, kind.__name__))
        step = recognise(transformation, universe) if recognise is not None else None
        if step is None:
            return None
        steps.append(step)
    return steps


def _translate(given: Any, universe: Any) -> _core.Transform | None:
    vector = np.asarray(given.vector)
    return _core.translating(np.ascontiguousarray(vector, np.float32)) if vector.shape == (3,) else None


def _center_in_box(given: Any, universe: Any) -> _core.Transform | None:
    if not _is_static(given.ag, universe) or given.center not in ("geometry", "mass"):
        return None
    weights = np.asarray(given.ag.masses, np.float64) if given.center == "mass" else _NO_WEIGHTS
    point = np.empty(0) if given.point is None else np.asarray(given.point).reshape(-1)
    return _core.centering(_indices(given.ag), weights, bool(given.wrap), np.ascontiguousarray(point, np.float32))


def _fit(given: Any, universe: Any) -> _core.Transform | None:
    rotates = type(given).__name__ == "fit_rot_trans"
    if not _is_static(given.mobile, universe) or (rotates and given.plane is not None):
        return None
    centre = np.asarray(given.ref_com, np.float64)
    # To move a centre on another, nothing needs to be known of the reference's shape.
    points = given.ref_coordinates + centre if rotates else np.tile(centre, (len(given.mobile), 1))
    weights = _NO_WEIGHTS if given.weights is None else np.ascontiguousarray(given.weights, np.float64)
    fixed_axis = -1 if given.plane is None else int(given.plane)
    points = np.ascontiguousarray(points, np.float64)
    return _core.fitting(_indices(given.mobile), points, weights, rotates, fixed_axis)


def _wrap(given: Any, universe: Any) -> _core.Transform | None:
    if not _is_static(given.ag, universe):
        return None
    atoms = given.ag.unique
    compound = str(given.compound).lower()
    if compound == "atoms" or len(atoms) == 1:
        return _core.wrapping(_indices(atoms), np.empty(0, np.int64), _NO_WEIGHTS)
    if compound != "group" and compound not in _INDICES:
        return None
    of_compound = np.zeros(len(atoms), np.int64) if compound == "group" else getattr(atoms, _INDICES[compound])
    order = np.argsort(of_compound, kind="stable")
    _, n_atoms = np.unique(of_compound, return_counts=True)
    masses = np.asarray(atoms.masses, np.float64)[order]
    return _core.wrapping(_indices(atoms[order]), np.asarray(n_atoms, np.int64), masses)


def _unwrap(given: Any, universe: Any) -> _core.Transform | None:
    if not _is_static(given.ag, universe):
        return None
    return _core.unwrapping(*_bond_tree(universe, _indices(given.ag)))


def _set_dimensions(given: Any, universe: Any) -> _core.Transform | None:
    dimensions = np.asarray(given.dimensions, np.float32)
    if len(dimensions) > 1 and hasattr(universe.trajectory, "readers"):  # whose frame numbers would they be?
        return None
    return _core.setting_box(boxes_of(dimensions))


_NO_WEIGHTS = np.empty(0)
_INDICES = {"residues": "resindices", "segments": "segindices", "molecules": "molnums", "fragments": "fragindices"}
_KNOWN: dict[tuple[str, str], Callable[[Any, Any], _core.Transform | None]] = {
    ("MDAnalysis.transformations.translate", "translate"): _translate,
    ("MDAnalysis.transformations.translate", "center_in_box"): _center_in_box,
    ("MDAnalysis.transformations.fit", "fit_translation"): _fit,
    ("MDAnalysis.transformations.fit", "fit_rot_trans"): _fit,
    ("MDAnalysis.transformations.wrap", "wrap"): _wrap,
    ("MDAnalysis.transformations.wrap", "unwrap"): _unwrap,
    ("MDAnalysis.transformations.boxdimensions", "set_dimensions"): _set_dimensions,
}


def _is_static(group: Any, universe: Any) -> bool:
    atoms = getattr(group, "atoms", None)
    return atoms is not None and atoms.universe is universe and len(atoms) > 0 and not is_updating(group)


def _indices(group: Any) -> np.ndarray:
    return np.ascontiguousarray(group.atoms.ix, dtype=np.int64)


def _bond_tree(universe: Any, atoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(children, parents) of the molecules that `atoms` belong to, breadth first from the lowest atom of each."""
    from scipy.sparse import coo_array, csgraph

    n_atoms = len(universe.atoms)
    first, second = np.asarray(universe._topology.bonds.values, np.int64).reshape(-1, 2).T
    ends = np.concatenate([first, second]), np.concatenate([second, first])
    bonds = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n_atoms, n_atoms)).tocsr()
    _, molecules = csgraph.connected_components(bonds, directed=False)
    lowest = np.unique(molecules, return_index=True)[1]
    level = lowest[np.unique(molecules[atoms])]
    is_reached = np.zeros(n_atoms, bool)
    is_reached[level] = True
    children, parents = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    while len(level):
        n_bonds = np.diff(bonds.indptr)[level]
        from_level = np.repeat(level, n_bonds)
        places = np.repeat(bonds.indptr[level] - np.cumsum(n_bonds) + n_bonds, n_bonds) + np.arange(n_bonds.sum())
        found = bonds.indices[places].astype(np.int64)
        new, where = np.unique(found, return_index=True)
        where = where[~is_reached[new]]
        level = found[where]
        is_reached[level] = True
        children.append(level)
        parents.append(from_level[where])
    return np.concatenate(children), np.concatenate(parents)


def refuse_memories(trajectory: Any) -> None:
    """Raises ArgumentError for transformations that need the frames in order, or a group that cannot be copied."""
    for transformation in trajectory.transformations:
        if any(map(is_updating, _held_by(transformation))):
            raise ArgumentError(
                f"transformation {_name_of(transformation)} holds an updating group, which cannot be copied to "
                "workers: give it atoms that stay, group.universe.atoms[group.ix], or u.transfer_to_memory()"
            )
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
                raise ArgumentError(
                    f"transformation {_name_of(transformation)} holds atoms of your Universe and cannot be copied with "
                    "it: make it a class that can be pickled, or u.transfer_to_memory()"
                )


def _name_of(transformation: Any) -> str:
    return getattr(transformation, "__name__", type(transformation).__name__)


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
