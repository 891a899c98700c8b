"""Which atoms of two structures belong together, when one of them lacks some."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import atoms
from .errors import ArgumentError


def matching_atoms(
    mobile: Any, reference: Any, tol_mass: float, strict: bool, match_atoms: bool
) -> tuple[Any, Any, str | None]:
    """(mobile, reference) atom by atom, and a warning or None.

    Groups of different sizes lose the residues in which they differ, unless `strict` or not `match_atoms`. With
    `match_atoms` masses must then be the same within `tol_mass` (amu). Raises ArgumentError.
    """
    warning = None
    if len(mobile) != len(reference):
        sizes = f"mobile has {len(mobile)} atoms, reference has {len(reference)}"
        if strict or not match_atoms:
            asked = "strict=True" if strict else "match_atoms=False"
            raise ArgumentError(f"{sizes}, and {asked} wants the same atoms in both: select them")
        mobile, reference, n_dropped = _same_residues(mobile, reference, sizes)
        warning = f"{sizes}: {n_dropped} residues with other numbers of atoms are left out of the fit"
    if not match_atoms:
        return mobile, reference, warning
    if not (hasattr(mobile, "masses") and hasattr(reference, "masses")):
        no_masses = "there are no masses to tell whether mobile and reference are the same atoms"
        return mobile, reference, f"{warning}; {no_masses}" if warning else no_masses
    different = atoms.different_masses(mobile, reference, tol_mass)
    if different is not None:
        raise ArgumentError(f"{different} Select them so, give a larger tol_mass, or match_atoms=False")
    return mobile, reference, warning


def _same_residues(mobile: Any, reference: Any, sizes: str) -> tuple[Any, Any, int]:
    """The groups without residues that have other numbers of atoms, and how many those are."""
    try:
        residues = [
            np.unique(group.resindices, return_inverse=True, return_counts=True) for group in (mobile, reference)
        ]
    except AttributeError:  # NoDataError is one
        raise ArgumentError(f"{sizes}, and there are no residues to match them by: select the same atoms") from None
    (_, of_mobile, counts), (_, of_reference, other_counts) = residues
    if len(counts) != len(other_counts):
        raise ArgumentError(
            f"{sizes}, in {len(counts)} and {len(other_counts)} residues, which cannot be matched: select the same "
            'atoms, for instance select="name CA"'
        )
    same = counts == other_counts
    if not same.any():
        raise ArgumentError(f"{sizes}, and no residue has the same number of atoms: select the same atoms")
    return mobile[same[of_mobile]], reference[same[of_reference]], int((~same).sum())
