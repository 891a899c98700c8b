"""Dihedral angles in each frame: :class:`Dihedral`, :class:`Ramachandran`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, frame_tables
from .analysis import NativeAnalysis
from .errors import ArgumentError, MdloomWarning, TopologyError
from .results import Results
from .universe import name_of, trajectory_of


class Dihedral(NativeAnalysis):
    r"""Dihedral angles of groups of four atoms in each frame, between nearest images where there is a box.

    The angle a-b-c-d: 0 is cis; seen along b -> c, positive when d stands clockwise of a (IUPAC-IUB 1970,
    doi:10.1021/bi00820a001).

    Parameter: `atomgroups`, a list of AtomGroups of four atoms each, of one Universe.

    Results: ``results.angles`` (also ``.angles``), float64 [n_frames, n_groups], degrees in (-180, 180]; NaN where
    three atoms in a row are collinear. ``results.times`` [n_frames], ps.

    Errors: ArgumentError (a ValueError) when there is no group, one has not four atoms or is updating, or they are of
    different Universes.
    """

    name = "dihedrals"

    def __init__(self, atomgroups: Sequence[Any]) -> None:
        if hasattr(atomgroups, "universe") or hasattr(atomgroups, "atoms"):
            raise ArgumentError("atomgroups takes a list of AtomGroups of four atoms each: [group]")
        groups = [atoms.as_group(f"atomgroups[{i}]", group) for i, group in enumerate(atomgroups)]
        if not groups:
            raise ArgumentError("atomgroups holds no group: give at least one of four atoms")
        for i, group in enumerate(groups):
            if len(group) != 4:
                raise ArgumentError(f"atomgroups[{i}] has {len(group)} atoms: a dihedral angle needs four")
            if group.universe is not groups[0].universe:
                raise ArgumentError(f"atomgroups[{i}] belongs to another universe: all groups must be of the same one")
        super().__init__(groups[0].universe)
        trajectory_of(self.universe)
        self.atomgroups = groups
        self._quartets = np.array([group.ix for group in groups], dtype=np.int64)

    @property
    def angles(self) -> np.ndarray:
        """``results.angles``."""
        return self.results.angles

    def _make_analysis(self) -> Any:
        return _core.dihedrals(*(np.ascontiguousarray(column) for column in self._quartets.T))

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = frame_tables.AngleResults(angles=columns["angles"], times=columns["times"])
        found._names = tuple("_".join(["atoms", *map(str, quartet)]) for quartet in self._quartets)
        return found

    def _settings(self) -> dict[str, Any]:
        return {"angles": len(self._quartets)}

    def _size_text(self) -> str:
        return f"{len(self._quartets)} dihedral angles"


class Ramachandran(NativeAnalysis):
    r"""Backbone angles phi and psi of residues in each frame, between nearest images where there is a box.

    phi: C of the residue before, N, CA, C; psi: N, CA, C, N of the residue after. Those are the residues next to it in
    the topology when they have its segment and the next number, else the only one of the segment with that number.
    Sign as in :class:`Dihedral`.

    Parameters: `atomgroup`, AtomGroup, ResidueGroup or Universe, whose residues count. `c_name`, `n_name`, `ca_name`:
    names of the backbone's atoms. `check_protein`: residues outside "protein" are an error, and its first and last
    residue are left out with a warning. Residues that lack one of the five atoms are left out, too; ``residues`` has
    those that stay, in the order of the results.

    Results: ``results.angles`` (also ``.angles``), float64 [n_frames, n_residues, 2], phi and psi, degrees in
    (-180, 180]; ``results.times`` [n_frames], ps.

    Errors: ArgumentError (a ValueError) for residues outside of the protein, or when none stays; TopologyError for
    names or residue numbers that are not there.
    """

    name = "ramachandran"

    def __init__(
        self, atomgroup: Any, c_name: str = "C", n_name: str = "N", ca_name: str = "CA", check_protein: bool = True
    ) -> None:
        self.atomgroup = atoms.select("atomgroup", atoms.as_group("atomgroup", atomgroup), None)
        super().__init__(self.atomgroup.universe)
        trajectory_of(self.universe)
        residues, told = self.atomgroup.residues, []
        if check_protein:
            residues, ends = _inside_protein(residues)
            told += ["the first and last residue of the protein have no phi or psi: they are left out"] if ends else []
        quartets = _backbone(residues, c_name, n_name, ca_name)
        if len(quartets) < len(residues):
            n = len(residues) - len(quartets)
            told.append(f"{n} of {len(residues)} residues lack atoms that phi and psi need: they are left out")
        if not quartets:
            raise ArgumentError(
                f'none of the {len(self.atomgroup.residues)} residues has phi and psi: atoms "{n_name}", "{ca_name}" '
                f'and "{c_name}", "{c_name}" in the residue before and "{n_name}" in the one after are needed'
            )
        self._chains = np.array(quartets, dtype=np.int64)
        self.residues = self.universe.atoms[self._chains[:, 2]].residues
        for message in told:
            warnings.warn(message, MdloomWarning, stacklevel=2)

    @property
    def angles(self) -> np.ndarray:
        """``results.angles``."""
        return self.results.angles

    def _make_analysis(self) -> Any:
        both = np.concatenate([self._chains[:, :4], self._chains[:, 1:]])
        return _core.dihedrals(*(np.ascontiguousarray(column) for column in both.T))

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        phi, psi = np.split(columns["angles"], 2, axis=1)
        found = frame_tables.RamachandranResults(angles=np.stack([phi, psi], axis=2), times=columns["times"])
        found._names = tuple(f"{angle}_{name}" for name in _names_of(self.residues) for angle in ("phi", "psi"))
        return found

    def _settings(self) -> dict[str, Any]:
        return {"residues": len(self._chains)}

    def _size_text(self) -> str:
        return f"{len(self._chains)} residues"


def _names_of(residues: Any) -> list[str]:
    """MET1, ...; with the place in `residues` where two would be called the same."""
    kinds = getattr(residues, "resnames", [""] * len(residues))  # NoDataError is an AttributeError
    names = [f"{kind}{number}" for kind, number in zip(kinds, residues.resids, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name}_{i}" for i, name in enumerate(names)]


def _inside_protein(residues: Any) -> tuple[Any, bool]:
    """The residues but the protein's first and last, and whether those were among them."""
    protein = residues.universe.select_atoms("protein").residues
    outside = residues.difference(protein)
    if len(outside):
        raise ArgumentError(
            f"{len(outside)} of {len(residues)} residues are not protein, first {outside[0].resname} "
            f"{outside[0].resid}: select protein, or set check_protein=False"
        )
    inner = residues.difference(protein[[0, -1]])
    return inner, len(inner) < len(residues)


def _backbone(residues: Any, c_name: str, n_name: str, ca_name: str) -> list[list[int]]:
    """C before, N, CA, C, N after: atom indices, for residues that have them all, once each."""
    try:
        all_residues = residues.universe.residues
        keys = list(zip(all_residues.segindices.tolist(), all_residues.resids.tolist(), strict=True))
        names, owners = residues.universe.atoms.names, residues.universe.atoms.resindices
    except AttributeError:  # NoDataError is one
        raise TopologyError(
            f"{name_of(residues.universe)} holds no atom names or residue numbers, which phi and psi are found by; "
            "add them with u.add_TopologyAttr"
        ) from None
    at: dict[tuple[int, str], int] = {}
    for index in np.flatnonzero(np.isin(names, [c_name, n_name, ca_name])).tolist():
        key = (int(owners[index]), str(names[index]))
        at[key] = -1 if key in at else index  # twice: nobody knows which
    places: dict[tuple[int, int], list[int]] = {}
    for i, key_of_residue in enumerate(keys):
        places.setdefault(key_of_residue, []).append(i)

    def neighbour(i: int, step: int) -> int:
        wanted = (keys[i][0], keys[i][1] + step)
        if 0 <= i + step < len(keys) and keys[i + step] == wanted:
            return i + step
        others = places.get(wanted, [])  # two chains of one segment may both have this number
        return others[0] if len(others) == 1 else -1

    found = []
    for i in residues.resindices.tolist():
        before, after = neighbour(i, -1), neighbour(i, 1)
        wanted = [(before, c_name), (i, n_name), (i, ca_name), (i, c_name), (after, n_name)]
        chain = [at.get(key, -1) for key in wanted]
        if min(chain) >= 0:
            found.append(chain)
    return found
