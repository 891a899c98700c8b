"""Checks on groups of atoms before anything is computed; each message names the value and the remedy."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import Any

import numpy as np

from .changing_groups import is_updating
from .errors import ArgumentError, TopologyError
from .universe import name_of

_GUESSED_HINT = "masses are guessed from atom names; set u.atoms.masses or read a topology that holds them"


def as_group(what: str, given: Any) -> Any:
    """The AtomGroup that `given` (AtomGroup, Universe, residues, segments) stands for. Raises ArgumentError."""
    atoms = getattr(given, "atoms", None)
    if atoms is None or not hasattr(atoms, "ix") or not hasattr(atoms, "universe"):
        raise ArgumentError(f"{what} takes an AtomGroup or a Universe, not {type(given).__name__}")
    refuse_updating(what, given)
    return atoms


def static_group(what: str, given: Any) -> Any:
    """As :func:`as_group`, not empty; its order and duplicates stay. Raises ArgumentError."""
    return select(what, as_group(what, given), None)


def require_same_universe(what: str, group: Any, universe: Any) -> None:
    """One analysis looks at the frames of one Universe."""
    if group.universe is not universe:
        raise ArgumentError(
            f"{what} is of another Universe ({name_of(group.universe)}): select it from the one that is analysed"
        )


def indices(group: Any) -> np.ndarray:
    """int64 [n], as the engine takes them."""
    return np.ascontiguousarray(group.ix, dtype=np.int64)


def current_positions(what: str, group: Any) -> np.ndarray:
    """float32 [n, 3] Å, copied from the frame where the Universe stands. Raises ArgumentError if it has none."""
    trajectory = getattr(group.universe, "trajectory", None)
    if trajectory is None or not trajectory.ts.has_positions:
        raise ArgumentError(
            f"{what} has no coordinates ({name_of(group.universe)} holds a topology only): open it with a trajectory, "
            "mda.Universe(top, traj)"
        )
    return np.array(group.positions, dtype=np.float32)


def refuse_updating(what: str, group: Any) -> None:
    """Groups that change from frame to frame have no atom to compare with."""
    if is_updating(group):
        raise ArgumentError(
            f"{what} is an updating group, whose atoms change from frame to frame: the same atoms are needed in every "
            "frame; freeze it with group.universe.atoms[group.ix]"
        )


def select(what: str, group: Any, selection: Any) -> Any:
    """`group` itself for None and "all" (its order and duplicates stay), else the atoms selected from it.

    Several selections keep their order. Raises ArgumentError for selections that are wrong or match nothing.
    """
    selections = selections_of(selection)
    if not selections or selections == ["all"]:
        if not len(group):
            raise ArgumentError(f"{what} holds no atom; {residue_names(group.universe.atoms)}")
        return group
    atoms = _selected(group, selections)
    if not len(atoms):
        raise ArgumentError(f'selection "{", ".join(selections)}" matches no atom; {residue_names(group)}')
    return atoms


def selections_of(selection: Any) -> list[str]:
    """Of a string, a list of strings, or None. Raises ArgumentError for others."""
    listed = [selection] if isinstance(selection, str) else [] if selection is None else selection
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) for one in listed):
        raise ArgumentError(f"a selection is a string or a list of strings, not {selection!r}")
    return list(listed)


def select_updating(group: Any, selection: str) -> Any:
    """An UpdatingAtomGroup of `group`'s atoms, perhaps empty now. Raises ArgumentError for wrong selections."""
    return _selected(group, [selection], updating=True)


def _selected(group: Any, selections: list[str], **options: Any) -> Any:
    from MDAnalysis.exceptions import SelectionError

    try:
        return group.select_atoms(*selections, **options)
    except (SelectionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArgumentError(_selection_message(selections, error)) from None


def residue_names(group: Any) -> str:
    """What is there, for those whose selection found nothing."""
    try:
        counts = Counter(group.residues.resnames)
    except AttributeError:  # NoDataError is one
        counts = Counter()
    if not counts:
        return f"there are {len(group)} atoms without residue names"
    return "most frequent residue names here: " + ", ".join(f"{name} {n}" for name, n in counts.most_common(5))


def _selection_message(selections: list[str], error: Exception) -> str:
    for selection in selections:
        unknown = re.search(r"Unknown selection token: '([^']*)'", str(error))
        at = selection.find(unknown.group(1)) if unknown else -1
        if unknown and at >= 0:
            word = unknown.group(1)
            message = f'selection "{selection}": unknown keyword "{word}" at column {at + 1}'
            near = difflib.get_close_matches(word, _keywords(), n=1)
            return f'{message}; did you mean "{near[0]}"?' if near else message
    return f'selection "{", ".join(selections)}": {error}'


def _keywords() -> list[str]:
    from MDAnalysis.core import selection

    return sorted({*selection._SELECTIONDICT, *selection._OPERATIONS, "and", "or", "not"} - {None, "(", ")"})


def require_same_size(mobile: Any, reference: Any, which: str = "") -> None:
    """Structures are compared, and superposed, atom by atom."""
    if len(mobile) != len(reference):
        raise ArgumentError(
            f"{which}mobile has {len(mobile)} atoms, ref has {len(reference)}: the same atoms are needed in the "
            "same order; select the same group in both"
        )


def different_masses(mobile: Any, reference: Any, tolerance: float) -> str | None:
    """A warning when the masses say that these are not the same atoms in the same order."""
    if not (hasattr(mobile, "masses") and hasattr(reference, "masses")):
        return None
    masses = [mobile.masses, reference.masses]
    differ = np.flatnonzero(np.abs(masses[0] - masses[1]) > tolerance)
    if not len(differ):
        return None
    first = int(differ[0])
    both = zip((mobile, reference), masses, strict=True)
    pair = [f"{text_of(group[first])} ({m[first]:.3f})" for group, m in both]
    return (
        f"the masses of {len(differ)} of {len(mobile)} atom pairs differ by more than {tolerance} amu, first mobile "
        f"{pair[0]} and ref {pair[1]}: are these the same atoms in the same order?"
    )


def text_of(atom: Any) -> str:
    """`atom 4 MET 1 CA`"""
    words = [str(getattr(atom, name)) for name in ("resname", "resid", "name") if hasattr(atom, name)]
    return f"atom {atom.ix} {' '.join(words)}".rstrip()


def weights_of(what: str, group: Any, weights: Any) -> tuple[np.ndarray | None, str | None]:
    """(weights float64 [n] or None, a warning or None) for None, "mass" or an array.

    Raises ArgumentError and TopologyError.
    """
    if weights is None:
        return None, None
    if isinstance(weights, str):
        if weights != "mass":
            raise ArgumentError(f'{what} takes None, "mass" or an array, not "{weights}"')
        return _masses(what, group)
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f'{what} takes None, "mass" or an array of numbers, not {type(weights).__name__}') from None
    if values.shape != (len(group),):
        raise ArgumentError(
            f"{what} has the shape {values.shape}, the group has {len(group)} atoms: one weight for each"
        )
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise ArgumentError(f"{what} must be finite and not negative, and their sum above 0 (it is {values.sum():g})")
    return values, None


def weights_text(weights: Any) -> str | None:
    """What files say of them."""
    return weights if weights is None or isinstance(weights, str) else "given"


def _masses(what: str, group: Any) -> tuple[np.ndarray, str | None]:
    try:
        masses = np.asarray(group.masses, dtype=np.float64)
    except AttributeError:  # NoDataError is one
        raise TopologyError(
            f'{what}="mass": {name_of(group.universe)} holds no masses; set u.atoms.masses or give an array'
        ) from None
    if not np.isfinite(masses).all() or masses.sum() <= 0:
        raise TopologyError(f'{what}="mass": the masses are all zero or not known; {_GUESSED_HINT}')
    massless = np.flatnonzero(masses == 0)
    if len(massless):
        first = text_of(group[int(massless[0])])
        return masses, f'{what}="mass": {len(massless)} atoms have no mass, first {first}: they do not count'
    if "masses" in {attribute.attrname for attribute in group.universe._topology.guessed_attributes}:
        return masses, f'{what}="mass": {_GUESSED_HINT}'
    return masses, None


def broken_across_box(
    atoms: Any, positions: np.ndarray, box: np.ndarray, where: str, quantity: str = "RMSD"
) -> str | None:
    """A warning when the group is split over the periodic box, or None; `quantity`: what will jump."""
    return will_jump(where_broken(atoms, positions, box, where), quantity)


def will_jump(broken: str | None, quantity: str) -> str | None:
    """What `where_broken` found as a warning, if anything."""
    if broken is None:
        return None
    return (
        f"{broken}: {quantity} will jump. Make molecules whole first, "
        "u.trajectory.add_transformations(MDAnalysis.transformations.unwrap(u.atoms))"
    )


def where_broken(atoms: Any, positions: np.ndarray, box: np.ndarray, where: str) -> str | None:
    """Where the group is split over the periodic box, in words, or None.

    Looks at the bonds inside the group; without any, at steps between consecutive atoms of one residue, and of
    neighbouring residues of a protein or nucleic acid. positions: [n, 3] Å of `atoms` in their order; box: cell vectors
    [3, 3] Å, zeros for none; `where`: the frame, in words.
    """
    cell = np.asarray(box, dtype=np.float64).reshape(3, 3)
    if len(atoms) < 2 or abs(np.linalg.det(cell)) < 1e-6:
        return None
    pairs, kind = _neighbours(atoms)
    if not len(pairs):
        return None
    steps = np.take(positions, pairs[:, 1], axis=0).astype(np.float64)  # 0.3 ms of 47,681 atoms; 2 by x[pairs[:, 1]]
    steps -= np.take(positions, pairs[:, 0], axis=0)
    fractions = np.abs(steps @ np.linalg.inv(cell))
    worst = np.unravel_index(np.argmax(fractions), fractions.shape)
    if not fractions[worst] > 0.5:
        return None
    length = np.linalg.norm(cell[worst[1]])
    first, second = atoms.ix[pairs[worst[0]]]
    return (
        f"the selection is broken across the periodic box ({kind} {first}-{second} spans "
        f"{fractions[worst] * length:.1f} Å of {length:.1f} Å in {where})"
    )


def _neighbours(atoms: Any) -> tuple[np.ndarray, str]:
    """Pairs of places in the group that should be close together, and what joins them."""
    bonds = _bonds_inside(atoms)
    if len(bonds):
        return bonds, "bond"
    try:
        residues, segments = atoms.resindices, atoms.segindices
    except AttributeError:
        return np.empty((0, 2), np.int64), ""
    close = residues[1:] == residues[:-1]
    chain = np.isin(atoms.ix, _polymer(atoms).ix)
    close |= (np.abs(np.diff(residues)) == 1) & (segments[1:] == segments[:-1]) & chain[1:] & chain[:-1]
    first = np.flatnonzero(close)
    return np.column_stack([first, first + 1]), "the step between atoms"


def _bonds_inside(atoms: Any) -> np.ndarray:
    try:
        bonds = atoms.universe._topology.bonds.values  # universe.bonds.indices takes 0.1 s for 25,000 bonds
    except AttributeError:  # NoDataError is one
        return np.empty((0, 2), np.int64)
    place = np.full(len(atoms.universe.atoms), -1, np.int64)
    place[atoms.ix] = np.arange(len(atoms))
    places = place[np.asarray(bonds, np.int64).reshape(-1, 2)]
    return places[(places >= 0).all(axis=1)]


def _polymer(atoms: Any) -> Any:
    try:
        return atoms.select_atoms("protein or nucleic")
    except AttributeError:  # no residue names
        return atoms[:0]
