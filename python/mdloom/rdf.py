"""Radial distribution functions: :class:`InterRDF` of two groups, :class:`InterRDF_s` of each pair of atoms."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, memory, tables
from .analysis import NativeAnalysis
from .errors import ArgumentError, TopologyError
from .results import Results
from .universe import name_of, trajectory_of

_NORMS = ("rdf", "density", "none")

#: What `exclude_same` may be: MDAnalysis' name of the attribute, and what the attribute is in a topology.
_SAME = {"residue": "resindices", "segment": "segindices", "chain": "chainIDs"}

#: Of the counts: merged, as numbers, g, cdf, bins and edges; in each worker the state, the scratch's eight histograms
#: of 4 bytes, the edges of bins, and the part it hands in.
_COPIES_HERE, _COPIES_PER_WORKER = 8, 8


class _Rdf(NativeAnalysis):
    """What both have in common: bins, norm, and PMDA's names on the object."""

    def __init__(self, universe: Any, nbins: Any, range: Any, norm: Any) -> None:
        super().__init__(universe)
        trajectory_of(universe)
        self._n_bins = _whole_number("nbins", nbins)
        self._range = _range(range)
        if norm not in _NORMS:
            raise ArgumentError(f"norm is 'rdf', 'density' or 'none', not {norm!r}")
        self.norm = norm

    @property
    def rdf(self) -> Any:
        """``results.rdf``."""
        return self.results.rdf

    @property
    def count(self) -> Any:
        """``results.count``."""
        return self.results.count

    @property
    def bins(self) -> np.ndarray:
        """``results.bins``."""
        return self.results.bins

    @property
    def edges(self) -> np.ndarray:
        """``results.edges``."""
        return self.results.edges

    @property
    def volume(self) -> float:
        """``results.volume_cum``."""
        return self.results.volume_cum

    @property
    def cdf(self) -> Any:
        """``results.cdf``."""
        return self.results.cdf

    def get_cdf(self) -> Any:
        """``results.cdf``, as MDAnalysis' InterRDF_s gives it."""
        return self.results.cdf

    def _settings(self) -> dict[str, Any]:
        return {"nbins": self._n_bins, "range": self._range, "norm": self.norm}

    @staticmethod
    def _common_results(columns: dict[str, np.ndarray]) -> dict[str, Any]:
        edges = columns["edges"]
        return {"bins": 0.5 * (edges[:-1] + edges[1:]), "edges": edges, "volume_cum": float(columns["volume"][0])}


class InterRDF(_Rdf):
    r"""Radial distribution function g(r) of two groups, between nearest images in any box.

    :math:`g_k = C_k \langle V \rangle / (F\, N \frac{4}{3}\pi (r_{k+1}^3 - r_k^3))`: C_k pairs counted in bin k over F
    frames of mean volume :math:`\langle V \rangle` (Allen & Tildesley, Computer Simulation of Liquids, 2.6).

    Parameters: `g1`, `g2`, AtomGroups of one universe; an atom that is in both is at distance 0 from itself. `nbins`,
    `range` (Å): bins as ``numpy.histogram`` has them, the last one closed. `exclusion_block`: (a, b); the pairs
    of the first a atoms of g1 with the first b of g2 do not count, nor those of the next a with the next b, and so on.
    `norm`: "rdf" as above; "density", :math:`C_k / (F \mathrm{shell}_k)`, Å^-3; "none", C_k / F. `exclude_same`:
    "residue", "segment" or "chain": pairs in the same one do not count, but N stays the number of all pairs, as in
    MDAnalysis.

    Results, float64: ``results.rdf``, ``results.count``, ``results.bins`` (Å, centres), ``results.cdf`` (pairs per
    frame up to the bin's end), all [nbins]; ``results.edges`` (Å) [nbins + 1]; ``results.volume_cum``, the sum of the
    volumes of the frames that have a box (Å^3), also ``.volume``; the others have their names here, too.

    Errors: ArgumentError (a ValueError) for arguments that do not fit and, when a volume is needed, for frames without
    a box; TopologyError when the topology does not hold what `exclude_same` asks for.
    """

    name = "rdf"

    def __init__(
        self,
        g1: Any,
        g2: Any,
        nbins: int = 75,
        range: tuple[float, float] = (0.0, 15.0),
        exclusion_block: tuple[int, int] | None = None,
        *,
        norm: str = "rdf",
        exclude_same: str | None = None,
    ) -> None:
        self._g1, self._g2 = (atoms.static_group(what, group) for what, group in (("g1", g1), ("g2", g2)))
        atoms.require_same_universe("g2", self._g2, self._g1.universe)
        super().__init__(self._g1.universe, nbins, range, norm)
        if exclusion_block is not None and exclude_same is not None:
            raise ArgumentError("exclusion_block and exclude_same exclude each other: give one of them")
        n_a, n_b = len(self._g1), len(self._g2)
        self._n_pairs = float(n_a * n_b)
        self._labels = None
        self._excluded = {"exclusion_block": exclusion_block, "exclude_same": exclude_same}
        if exclusion_block is not None:
            x_a, x_b = _block(exclusion_block)
            self._labels = np.arange(n_a) // x_a, np.arange(n_b) // x_b
            self._n_pairs -= x_a * x_b * (n_a / x_a)
            if self._n_pairs <= 0:
                raise ArgumentError(
                    f"exclusion_block {x_a, x_b} leaves no pair of the {n_a} and {n_b} atoms: give smaller blocks"
                )
        elif exclude_same is not None:
            self._labels = _same(exclude_same, self._g1, self._g2)

    def _require_room(self, n_workers: int) -> None:
        n_bytes = 8 * self._n_bins * (_COPIES_HERE + _COPIES_PER_WORKER * n_workers)
        memory.require(
            n_bytes, f"counts in {self._n_bins} bins{memory.with_workers(n_workers)}", "give a smaller nbins"
        )

    def _make_analysis(self) -> Any:
        a, b = atoms.indices(self._g1), atoms.indices(self._g2)
        return _core.rdf(a, b, self._n_bins, self._range, self.norm, self._n_pairs, self._labels)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = tables.RDFResults(
            {name: columns[name] for name in ("rdf", "count", "cdf")} | self._common_results(columns)
        )
        found._norm = self.norm
        return found

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), **self._excluded, "atoms": [len(self._g1), len(self._g2)]}

    def _size_text(self) -> str:
        return f"{len(self._g1)} and {len(self._g2)} atoms"


class InterRDF_s(_Rdf):  # noqa: N801 - its name in PMDA and MDAnalysis
    """Site-specific radial distribution functions: one for each pair of atoms of small groups.

    Parameters: `u`, the Universe. `ags`, a list of pairs of AtomGroups [[A, B], ...] of it. `nbins`, `range` (Å): bins
    as ``numpy.histogram`` has them. `density`: True gives g(r) of each pair, False its single-particle density (Å^-3),
    as in PMDA (MDAnalysis' argument of this name means the opposite). `norm`: "rdf", "density" or "none", as in
    :class:`InterRDF`; when it is given, `density` is not asked.

    Results: lists with an item for each pair of groups: ``results.rdf``, ``results.count``, ``results.cdf`` (per frame,
    up to the bin's end), float64 [n_A, n_B, nbins], and ``results.indices``, the two groups' atom indices;
    ``results.bins``, ``results.edges`` (Å), ``results.volume_cum`` (Å^3, summed over frames). The same names without
    ``results.``, and ``ag_shape``, the numbers of atoms of each pair of groups.

    Each pair of atoms has its own counts, 8 bytes n_A n_B nbins in every worker, and as much again for each result.
    Errors: ArgumentError (a ValueError) for arguments that do not fit, for more counts than there is memory for, and,
    when a volume is needed, for frames without a box.
    """

    name = "rdf_s"

    def __init__(
        self,
        u: Any,
        ags: Sequence[Sequence[Any]],
        nbins: int = 75,
        range: tuple[float, float] = (0.0, 15.0),
        density: bool = True,
        *,
        norm: str | None = None,
    ) -> None:
        universe = getattr(u, "universe", None)
        if universe is None:
            raise ArgumentError(f"u takes a Universe, not {type(u).__name__}")
        if not isinstance(density, (bool, np.bool_)):
            raise ArgumentError(f"density is True or False, not {density!r}; a norm is given by name, norm=...")
        super().__init__(universe, nbins, range, norm if norm is not None else "rdf" if density else "density")
        self._sites = _sites(ags, universe)
        self.ag_shape = [(len(a), len(b)) for a, b in self._sites]
        self.indices = [[a.indices, b.indices] for a, b in self._sites]
        self._require_room(1)

    def _require_room(self, n_workers: int) -> None:
        """The state of each worker, what is known so far, count and rdf, before any of it is there."""
        n_pairs = sum(n_a * n_b for n_a, n_b in self.ag_shape)
        memory.require(
            8 * self._n_bins * n_pairs * (3 + n_workers),
            f"counts of {n_pairs} pairs of atoms in {self._n_bins} bins, {3 + n_workers} times over while they are "
            f"summed{memory.with_workers(n_workers)}",
            "give smaller groups or fewer bins, take fewer workers (n_jobs), or InterRDF, which averages over pairs",
        )

    def _make_analysis(self) -> Any:
        sites = [(atoms.indices(a), atoms.indices(b)) for a, b in self._sites]
        return _core.rdf_s(sites, self._n_bins, self._range, self.norm)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = tables.SiteResults(self._common_results(columns))
        found._norm = self.norm
        found["rdf"], found["count"] = self._by_site(columns["rdf"]), self._by_site(columns["count"])
        found["indices"] = self.indices
        found["n_frames"] = int(columns["n_frames"][0])
        return found

    def _by_site(self, values: np.ndarray) -> list[np.ndarray]:
        """Views of [n_pairs, nbins], one for each pair of groups."""
        borders = np.cumsum([n_a * n_b for n_a, n_b in self.ag_shape])[:-1]
        parts = np.split(values, borders)
        return [part.reshape(*shape, -1) for part, shape in zip(parts, self.ag_shape, strict=True)]

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "atoms": self.ag_shape}

    def _size_text(self) -> str:
        return f"{sum(a * b for a, b in self.ag_shape)} pairs of atoms"


def _sites(ags: Any, universe: Any) -> list[tuple[Any, Any]]:
    try:
        pairs = [tuple(pair) for pair in ags]
    except TypeError:
        raise ArgumentError(f"ags takes a list of pairs of AtomGroups, [[A, B], ...], not {ags!r}") from None
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise ArgumentError("ags takes a list of at least one pair of AtomGroups, [[A, B], ...]")
    sites = []
    for i, pair in enumerate(pairs):
        groups = [atoms.static_group(f"ags[{i}][{k}]", group) for k, group in enumerate(pair)]
        for k, group in enumerate(groups):
            atoms.require_same_universe(f"ags[{i}][{k}]", group, universe)
        sites.append((groups[0], groups[1]))
    return sites


def _whole_number(what: str, given: Any) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if number < 1:
        raise ArgumentError(f"{what} is a whole number above 0, not {given!r}")
    return number


def _range(given: Any) -> tuple[float, float]:
    try:
        first, last = (float(value) for value in given)
    except (TypeError, ValueError):
        first, last = np.nan, np.nan
    if not 0 <= first < last < np.inf:
        raise ArgumentError(f"range is two distances (first, last) in Å with 0 <= first < last, not {given!r}")
    return first, last


def _block(given: Any) -> tuple[int, int]:
    try:
        x_a, x_b = given
    except (TypeError, ValueError):
        raise ArgumentError(
            f"exclusion_block is two numbers of atoms, (a, b), not {given!r}; norm is given by name, norm=..."
        ) from None
    return _whole_number("exclusion_block[0]", x_a), _whole_number("exclusion_block[1]", x_b)


def _same(kind: str, g1: Any, g2: Any) -> tuple[np.ndarray, np.ndarray]:
    """A number for each atom: pairs with the same one do not count."""
    if kind not in _SAME:
        raise ArgumentError(f"exclude_same is None, 'residue', 'segment' or 'chain', not {kind!r}")
    try:
        values = [np.asarray(getattr(group, _SAME[kind])) for group in (g1, g2)]
    except AttributeError:  # NoDataError is one
        raise TopologyError(
            f'exclude_same="{kind}": {name_of(g1.universe)} holds no {_SAME[kind]}; add them with '
            f'u.add_TopologyAttr("{_SAME[kind]}", ...), or exclude by "residue" or "segment"'
        ) from None
    numbers = np.unique(np.concatenate(values), return_inverse=True)[1].astype(np.int64)
    return numbers[: len(g1)], numbers[len(g1) :]
