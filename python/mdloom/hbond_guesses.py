"""Which atoms may take part in hydrogen bonds, and which hydrogen is whose: from charges, masses, bonds, distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import atoms, kernels
from .errors import ArgumentError, TopologyError
from .universe import masses_of, name_of


def hydrogens(universe: Any, selection: str, min_mass: float, max_mass: float, min_charge: float) -> str:
    """A selection of atoms with min_mass < mass < max_mass (amu) and charge > min_charge (e)."""
    if not min_mass < max_mass:
        raise ArgumentError(f"min_mass {min_mass:g} is not below max_mass {max_mass:g}: no atom is between them")
    group = atoms.select("selection", universe.atoms, [selection])
    masses, charges = _attribute(group, "masses", "hydrogens"), _attribute(group, "charges", "hydrogens")
    return _selection_of(group[(masses > min_mass) & (masses < max_mass) & (charges > min_charge)])


def donors(universe: Any, selection: str, of_hydrogens: Any, max_charge: float, d_h_cutoff: float) -> str:
    """A selection of atoms with charge < max_charge that have one of the hydrogens, by bonds or else by distance."""
    charges = _attribute(universe.atoms, "charges", "donors")
    if len(_bonds(universe)):
        found = bonded_pairs(universe, of_hydrogens)[0]
    else:
        residues = of_hydrogens.residues.atoms
        others = residues[~np.isin(residues.ix, of_hydrogens.ix)]
        found = _pairs_within(others, of_hydrogens, d_h_cutoff)[0]
    chosen = np.intersect1d(found, atoms.select("selection", universe.atoms, [selection]).ix)
    return _selection_of(universe.atoms[chosen[charges[chosen] < max_charge]])


def acceptors(universe: Any, selection: str, max_charge: float) -> str:
    """A selection of atoms with charge < max_charge (e)."""
    group = atoms.select("selection", universe.atoms, [selection])
    return _selection_of(group[_attribute(group, "charges", "acceptors") < max_charge])


def bonded_pairs(universe: Any, of_hydrogens: Any) -> tuple[np.ndarray, np.ndarray]:
    """(donors, hydrogens): atom indices int64 [n] each, sorted by donor, then hydrogen.

    A hydrogen's donor is the atom it is bonded to; of several the heaviest, for rigid water has a bond between its
    hydrogens, and of those, or where masses are not known, the first. Raises TopologyError without bonds.
    """
    bonds = _require_bonds(universe)
    both_ways = np.concatenate([bonds, bonds[:, ::-1]])
    is_hydrogen = np.zeros(len(universe.atoms), bool)
    is_hydrogen[of_hydrogens.ix] = True
    hydrogen, partner = both_ways[is_hydrogen[both_ways[:, 0]]].T
    order = np.lexsort((partner, -_masses(universe)[partner], hydrogen))
    with_donor, first = np.unique(hydrogen[order], return_index=True)
    alone = np.setdiff1d(of_hydrogens.ix, with_donor)
    if len(alone):
        first_alone = atoms.text_of(universe.atoms[alone[0]])
        raise TopologyError(
            f"{len(alone)} of {len(of_hydrogens)} hydrogens have no bond, first {first_alone}: leave "
            "them out of hydrogens_sel, or give donors_sel"
        )
    return _sorted_pairs(partner[order][first], with_donor)


def bonded_atoms(universe: Any) -> Any:
    """Atoms that have a bond: what hydrogens can be selected among, frame by frame. Raises TopologyError for none."""
    return universe.atoms[np.unique(_require_bonds(universe))]


def _require_bonds(universe: Any) -> np.ndarray:
    bonds = _bonds(universe)
    if not len(bonds):
        raise TopologyError(
            f"donors_sel is not given, and {name_of(universe)} holds no bonds that say whose a hydrogen is: give "
            "donors_sel (hydrogens then belong to the donors within d_h_cutoff), read a topology that holds bonds "
            "(PSF, TPR), or guess them, u.guess_TopologyAttrs(to_guess=['bonds'])"
        )
    return bonds


def _masses(universe: Any) -> np.ndarray:
    masses = masses_of(universe)
    return np.zeros(len(universe.atoms)) if masses is None else np.nan_to_num(masses)


def near_pairs(of_donors: Any, of_hydrogens: Any, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`bonded_pairs`, by distance in the current frame. Raises ArgumentError when none is within it."""
    pairs = _pairs_within(of_donors, of_hydrogens, cutoff)
    if not len(pairs[0]):
        raise ArgumentError(
            f"no hydrogen is within d_h_cutoff, {cutoff:g} Å, of a donor in the current frame, "
            f"{of_donors.universe.trajectory.frame}: select others, or update_selections=True"
        )
    return pairs


def _pairs_within(of_donors: Any, of_hydrogens: Any, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    box = of_donors.universe.dimensions
    pairs, _ = kernels.pairs(of_donors.positions, of_hydrogens.positions, cutoff=cutoff, box=box)
    return _sorted_pairs(of_donors.ix[pairs[:, 0]], of_hydrogens.ix[pairs[:, 1]])


def _sorted_pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((second, first))
    return first[order].astype(np.int64), second[order].astype(np.int64)


def _bonds(universe: Any) -> np.ndarray:
    """int64 [n, 2]."""
    try:
        bonds = universe._topology.bonds.values  # universe.bonds.indices takes 0.1 s for 25,000 bonds
    except AttributeError:  # NoDataError is one
        bonds = []
    return np.asarray(bonds, np.int64).reshape(-1, 2)


def _attribute(group: Any, name: str, what: str) -> np.ndarray:
    try:
        return np.asarray(getattr(group, name), np.float64)
    except AttributeError:  # NoDataError is one
        raise TopologyError(
            f"{what} cannot be guessed: {name_of(group.universe)} holds no {name}; give {what}_sel, read a topology "
            f"that holds {name}, or set them, u.add_TopologyAttr('{name}', values)"
        ) from None


def _selection_of(group: Any) -> str:
    """What selects all atoms called like these: residue and atom names, or atom types where there are none."""
    if not len(group):
        return ""
    if hasattr(group, "resnames") and hasattr(group, "names"):
        named = zip(group.resnames, group.names, strict=True)
        return " or ".join(sorted({f"(resname {residue} and name {atom})" for residue, atom in named}))
    if hasattr(group, "types"):
        return " or ".join(sorted({f"type {kind}" for kind in group.types}))
    raise TopologyError(
        f"{name_of(group.universe)} holds neither names nor types that could select atoms: give the selections"
    )
