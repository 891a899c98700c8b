"""Hydrogen bonds: :class:`HydrogenBondAnalysis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core, arguments, atoms, frame_tables, hbond_counts, hbond_guesses
from .analysis import NativeAnalysis
from .changing_groups import changes_with_frames, is_updating
from .errors import ArgumentError
from .results import Results
from .universe import trajectory_of


class HydrogenBondAnalysis(NativeAnalysis):
    """Hydrogen bonds of each frame: who gives one to whom, how long and how straight.

    Bonded are donor D, hydrogen H and acceptor A with 1 Å < D-A <= `d_a_cutoff` and an angle D-H-A above
    `d_h_a_angle_cutoff`, between nearest images in any box (Smith et al. 2019).

    Parameters: `universe`. `donors_sel`, `hydrogens_sel`, `acceptors_sel`: selections; they may be set later. Without
    `donors_sel` a hydrogen's donor is the atom that the topology bonds it to (of several the heaviest, and of those the
    first), with it all donors within `d_h_cutoff` in the same frame. Hydrogens and acceptors that are not given are
    guessed from masses and charges. `d_h_cutoff`, `d_a_cutoff`: Å. `d_h_a_angle_cutoff`: degrees. `update_selections`:
    selections that look at positions ("around 5 protein") are made anew in every frame; False takes the atoms, and the
    hydrogens near donors, of the current frame when run() starts. `between`: two selections, or a list of such pairs:
    only bonds between them count; their atoms are those of the current frame.

    Results: ``results.hbonds`` (also ``.hbonds``), float64 [n, 6]: frame, donor, hydrogen, acceptor (0-based indices),
    D-A distance (Å), angle (degrees); in the order of the frames and there by donor, hydrogen, acceptor.
    ``results.times`` (``.times``, PMDA's ``.timesteps``), float64 [n_frames], ps; ``results.counts``, int64 [n_frames].
    `count_by_time()`, `count_by_type()`, `count_by_ids()`. After run(): `donors`, `hydrogens`, `acceptors`, the
    AtomGroups that were searched.

    Errors: ArgumentError for arguments and selections that are wrong or match nothing, TopologyError (both are
    ValueErrors) for charges, masses or bonds that are not there. Source: doi:10.1039/C9CP01532A.
    """

    name = "hbonds"

    _why_not_selectable = (
        "has no bond that says whose hydrogen it is: leave such atoms out of hydrogens_sel, or give donors_sel"
    )

    def __init__(
        self,
        universe: Any,
        donors_sel: str | None = None,
        hydrogens_sel: str | None = None,
        acceptors_sel: str | None = None,
        d_h_cutoff: float = 1.2,
        d_a_cutoff: float = 3.0,
        d_h_a_angle_cutoff: float = 150,
        update_selections: bool = True,
        *,
        between: Sequence[Any] | None = None,
    ) -> None:
        if getattr(universe, "universe", None) is not universe:
            raise ArgumentError(
                f"universe takes a Universe, not {type(universe).__name__}: name the atoms in the selections"
            )
        trajectory_of(universe)
        super().__init__(universe)
        self.update_selections = bool(update_selections)
        self.d_h_cutoff = _positive("d_h_cutoff", d_h_cutoff, 0, "above 0")
        self.d_a_cutoff = _positive("d_a_cutoff", d_a_cutoff, 1, "above 1 Å: nearer atoms are bonded chemically")
        self.d_h_a_angle = _angle(d_h_a_angle_cutoff)
        self.donors_sel, self.hydrogens_sel, self.acceptors_sel = donors_sel, hydrogens_sel, acceptors_sel
        self._between_asked = between
        self._between = _both_groups(universe, between)
        self._searched: dict[str, Any] = {}

    @property
    def u(self) -> Any:
        """The Universe."""
        return self.universe

    # What is searched

    @property
    def donors_sel(self) -> str | None:
        """The selection of the donors; None: the bonds tell."""
        return self._donors_sel

    @donors_sel.setter
    def donors_sel(self, selection: str | None) -> None:
        """Checks it. Raises ArgumentError for selections that are wrong or match nothing."""
        self._donors_sel = self._checked("donors_sel", selection)

    @property
    def hydrogens_sel(self) -> str:
        """The selection of the hydrogens, guessed where it was not given."""
        return self.guess_hydrogens() if self._hydrogens_sel is None else self._hydrogens_sel

    @hydrogens_sel.setter
    def hydrogens_sel(self, selection: str | None) -> None:
        """Checks it. Raises ArgumentError for selections that are wrong or match nothing."""
        self._hydrogens_sel = self._checked("hydrogens_sel", selection)

    @property
    def acceptors_sel(self) -> str:
        """The selection of the acceptors, guessed where it was not given."""
        return self.guess_acceptors() if self._acceptors_sel is None else self._acceptors_sel

    @acceptors_sel.setter
    def acceptors_sel(self, selection: str | None) -> None:
        """Checks it. Raises ArgumentError for selections that are wrong or match nothing."""
        self._acceptors_sel = self._checked("acceptors_sel", selection)

    def guess_hydrogens(
        self,
        selection: str = "all",
        max_mass: float = 1.1,
        min_charge: float = 0.3,
        *,
        min_mass: float = 0.9,
        select: str | None = None,
    ) -> str:
        """A selection of the hydrogens that may take part: min_mass < mass < max_mass (amu), charge > min_charge (e).

        `selection` (MDAnalysis: `select`): among which atoms to look. The text names residues and atoms, to be edited
        if need be; it is empty when there are none. Raises TopologyError without charges or masses.
        """
        return hbond_guesses.hydrogens(self.universe, select or selection, min_mass, max_mass, min_charge)

    def guess_donors(self, selection: str = "all", max_charge: float = -0.5, *, select: str | None = None) -> str:
        """A selection of the donors: atoms with a charge below max_charge (e) that a hydrogen of `hydrogens_sel` is
        bonded to, or, where the topology has no bonds, that are in its residue and within d_h_cutoff of it in the
        current frame.

        `selection`, text and errors as for :meth:`guess_hydrogens`.
        """
        hydrogens = self._select("hydrogens_sel", self.hydrogens_sel)
        return hbond_guesses.donors(self.universe, select or selection, hydrogens, max_charge, self.d_h_cutoff)

    def guess_acceptors(self, selection: str = "all", max_charge: float = -0.5, *, select: str | None = None) -> str:
        """A selection of the acceptors: atoms with a charge below max_charge (e).

        `selection`, text and errors as for :meth:`guess_hydrogens`.
        """
        return hbond_guesses.acceptors(self.universe, select or selection, max_charge)

    @property
    def donors(self) -> Any:
        """The donors that the last run searched, an AtomGroup."""
        return self._searched_group("donors")

    @property
    def hydrogens(self) -> Any:
        """The hydrogens that the last run searched, an AtomGroup."""
        return self._searched_group("hydrogens")

    @property
    def acceptors(self) -> Any:
        """The acceptors that the last run searched, an AtomGroup."""
        return self._searched_group("acceptors")

    # What was found

    @property
    def hbonds(self) -> np.ndarray:
        """``results.hbonds``."""
        return self.results.hbonds

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, ps, float64 [n_frames]."""
        return self.results.times

    @property
    def timesteps(self) -> np.ndarray:
        """Time of each frame, ps, float64 [n_frames]: PMDA's name for `times`."""
        return self.results.times

    def count_by_time(self) -> np.ndarray:
        """The number of hydrogen bonds in each frame, int64 [n_frames]."""
        return self.results.counts

    def count_by_type(self) -> np.ndarray:
        """How often each kind of bond was found, text [n_kinds, 3]: donor and acceptor as "residue name:atom type",
        and the number; sorted. Raises TopologyError without atom types.
        """
        return hbond_counts.by_type(self.universe, self.results.hbonds)

    def count_by_ids(self) -> np.ndarray:
        """How often each bond was found, int64 [n_bonds, 4]: donor, hydrogen, acceptor, number of frames; the most
        frequent first, equally frequent ones sorted. Atoms are given by their ids, which files count from 1 or 0, or by
        their indices where there are no ids.
        """
        return hbond_counts.by_ids(self.universe, self.results.hbonds)

    def _changing_groups(self) -> Mapping[int, Any]:
        """Also settles what is searched: it is asked once, before the engine's analysis is made."""
        given = {"donors": self._donors_sel, "hydrogens": self.hydrogens_sel, "acceptors": self.acceptors_sel}
        self._searched = {
            name: self._select(f"{name}_sel", selection) for name, selection in given.items() if selection is not None
        }
        return {
            position: group
            for position, group in enumerate(self._searched.get(name) for name in given)
            if is_updating(group)
        }

    def _make_analysis(self) -> Any:
        every = self.universe.atoms
        candidates = {name: every if is_updating(group) else group for name, group in self._searched.items()}
        pairs = None
        if self._donors_sel is None:
            if is_updating(self._searched["hydrogens"]):
                candidates["hydrogens"] = hbond_guesses.bonded_atoms(self.universe)
            pairs = hbond_guesses.bonded_pairs(self.universe, candidates["hydrogens"])
        elif not self.update_selections:
            pairs = hbond_guesses.near_pairs(candidates["donors"], candidates["hydrogens"], self.d_h_cutoff)
        if pairs is not None:
            candidates["donors"] = every[np.unique(pairs[0])]
            self._searched["donors"] = candidates["donors"]
        return _core.hydrogen_bonds(
            _indices(candidates["donors"]),
            _indices(candidates["hydrogens"]),
            _indices(candidates["acceptors"]),
            pairs,
            self._between,
            self.d_h_cutoff,
            self.d_a_cutoff,
            self.d_h_a_angle,
        )

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        return frame_tables.HBondResults(
            hbonds=columns["hbonds"], times=columns["times"], counts=columns["counts"].astype(np.int64)
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "donors_sel": self._donors_sel,
            "hydrogens_sel": self._hydrogens_sel,
            "acceptors_sel": self._acceptors_sel,
            "d_h_cutoff": self.d_h_cutoff,
            "d_a_cutoff": self.d_a_cutoff,
            "d_h_a_angle_cutoff": self.d_h_a_angle,
            "update_selections": self.update_selections,
            "between": self._between_asked,
            **{name: len(group) for name, group in self._searched.items()},
        }

    def _searched_group(self, name: str) -> Any:
        if not self._searched:
            raise AttributeError(f"{name} are known when a run has begun: call run() first")
        return self._searched[name]

    def _checked(self, what: str, selection: Any) -> str | None:
        if selection is None:
            return None
        if not isinstance(selection, str):
            raise ArgumentError(f"{what} takes a selection (text) or None, not {type(selection).__name__}")
        if not selection.strip():
            raise ArgumentError(f"{what} is empty: name atoms, or leave it out to have them guessed")
        self._select(what, selection.strip())
        return selection.strip()

    def _select(self, what: str, selection: str) -> Any:
        """The atoms of a selection; an UpdatingAtomGroup when they must be selected anew in every frame."""
        if not selection:
            raise ArgumentError(
                f"{what} was not given, and none were guessed: no atom has such a mass and charge; give {what}"
            )
        if self.update_selections and changes_with_frames(selection):
            return atoms.select_updating(self.universe.atoms, selection)
        return atoms.select(what, self.universe.atoms, [selection])

    def _size_text(self) -> str:
        if not self._searched:
            return super()._size_text()
        return ", ".join(f"{len(self._searched[name])} {name}" for name in ("donors", "hydrogens", "acceptors"))


def _indices(group: Any) -> np.ndarray:
    """int64, ascending, each once: what the engine takes."""
    indices = np.asarray(group.ix, dtype=np.int64)
    return indices if (indices[1:] > indices[:-1]).all() else np.unique(indices)


def _positive(what: str, value: Any, least: float, words: str) -> float:
    hint = "; between is given by name, between=..." if what == "d_h_cutoff" else ""
    number = arguments.number(what, value, hint)
    if not (least < number < np.inf):
        raise ArgumentError(f"{what} is {number:g}: a distance in Å is needed, finite and {words}")
    return number


def _angle(value: Any) -> float:
    number = arguments.number("d_h_a_angle_cutoff", value)
    if not 0 <= number < 180:
        raise ArgumentError(
            f"d_h_a_angle_cutoff is {number:g}: an angle in degrees is needed, at least 0 and below 180"
        )
    return number


def _both_groups(universe: Any, between: Sequence[Any] | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Atom indices of each pair of groups."""
    if between is None:
        return []
    message = f'between takes two selections, ["protein", "resname SOL"], or a list of such pairs, not {between!r}'
    if isinstance(between, str) or not isinstance(between, Sequence) or not len(between):
        raise ArgumentError(message)
    pairs = [between] if isinstance(between[0], str) else list(between)
    found = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
            raise ArgumentError(message)
        first, second = (atoms.select("between", universe.atoms, [selection]) for selection in pair)
        found.append((_indices(first), _indices(second)))
    return found
