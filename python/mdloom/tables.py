"""What results over all frames are called, in which units, and how they become tables and pictures.

Those with values for each frame are in mdloom.frame_tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .columns import TABLES, Column
from .errors import ArgumentError
from .results import Results


def _fit_of(results: Results) -> dict[str, list[Column]]:
    """What is there when frames were superposed first."""
    return {"fit_rmsd": [Column("fit_rmsd", results.fit_rmsd, "Å")]} if "fit_rmsd" in results else {}


class RMSFResults(Results):
    """atom (0-based index), rmsf; drawn by residue where each atom has its own, else by atom."""

    _endings: ClassVar = TABLES
    _atoms: np.ndarray
    _residues: np.ndarray | None

    def _parts(self) -> dict[str, list[Column]]:
        return {
            "rmsf": [Column("rmsf", self.rmsf, "Å", "RMSF")],
            "mean": [Column("mean", self.mean, "Å")],
            "sumsquares": [Column("sumsquares", self.sumsquares, "Å^2")],
            **_fit_of(self),
        }

    def _table(self) -> list[Column]:
        return [Column("atom", self._atoms, "", "atom (0-based index)"), *self._parts()["rmsf"]]

    def _curves(self) -> tuple[Column, list[Column]]:
        atom, rmsf = self._table()
        residues = self._residues
        return atom if residues is None else Column("residue", residues), [rmsf]

    def _main(self) -> np.ndarray:
        return self.rmsf


class StructureResults(Results):
    """atom (0-based index), x, y, z; no picture: look at ``results.universe`` with a viewer."""

    _endings: ClassVar = (".csv", ".tsv", ".json", ".npy", ".npz")
    _atoms: np.ndarray

    def _parts(self) -> dict[str, list[Column]]:
        return {"positions": [Column("positions", self.positions, "Å")], "rmsd": [Column("rmsd", self.rmsd, "Å")]}

    def _table(self) -> list[Column]:
        columns = [Column(name, x, "Å") for name, x in zip("xyz", self.positions.T, strict=True)]
        return [Column("atom", self._atoms, "", "atom (0-based index)"), *columns]

    def _curves(self) -> tuple[Column, list[Column]]:
        raise ArgumentError(
            "a structure is looked at in a viewer: results.universe.atoms.write('average.pdb') writes one for it"
        )

    def _main(self) -> np.ndarray:
        return self.positions

    def _arrays(self) -> Mapping[str, Any]:
        return {"atoms": self._atoms, "positions": self.positions, "rmsd": self.rmsd}


class RDFResults(Results):
    """r (centres of bins), g, count (pairs of all frames), cdf (pairs per frame up to the bin's end)."""

    _endings: ClassVar = TABLES
    _norm = "rdf"

    def _parts(self) -> dict[str, list[Column]]:
        return {
            "bins": [Column("r", self.bins, "Å")],
            "rdf": [Column("g", self.rdf, *_OF_NORM[self._norm])],
            "count": [Column("count", self["count"].astype(np.int64), "", "pairs in all frames")],
            "cdf": [Column("cdf", self.cdf, "", "pairs per frame up to r")],
            "edges": [Column("edges", self.edges, "Å")],
            "volume_cum": [Column("volume_cum", self.volume_cum, "Å^3")],
        }

    def _table(self) -> list[Column]:
        return [self._parts()[name][0] for name in ("bins", "rdf", "count", "cdf")]

    def _curves(self) -> tuple[Column, list[Column]]:
        r, g, _, _ = self._table()
        return r, [g]

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        r, g, _, cdf = self._table()
        return plots.with_second_axis(ax, r, g, r._replace(values=self.edges[1:]), cdf, **kwargs)

    def _main(self) -> np.ndarray:
        return self.rdf


_OF_NORM = {
    "rdf": ("", "g(r)"),
    "density": ("Å^-3", "density of pairs"),
    "none": ("", "pairs per frame and bin"),
}


class SiteResults(Results):
    """site, atom1, atom2 (0-based), r, g, count, cdf: each pair of atoms has a row for each bin.

    `cdf` is computed when it is asked for: it is as large as the counts.
    """

    _endings: ClassVar = (".csv", ".tsv", ".json", ".npz")
    _norm = "rdf"

    def __missing__(self, name: str) -> Any:
        if name != "cdf" or "count" not in self:
            raise KeyError(name)
        with np.errstate(invalid="ignore"):
            self["cdf"] = [np.cumsum(count, axis=2) / np.float64(self["n_frames"]) for count in self["count"]]
        return self["cdf"]

    def _parts(self) -> dict[str, list[Column]]:
        units = {"bins": "Å", "edges": "Å", "volume_cum": "Å^3", "rdf": _OF_NORM[self._norm][0]}
        return {name: [Column(name, value, units.get(name, ""))] for name, value in self.items()}

    def _table(self) -> list[Column]:
        n_bins = len(self.bins)
        firsts, seconds, sites = [], [], []
        for i, (a, b) in enumerate(self.indices):
            firsts.append(np.repeat(a, len(b) * n_bins))
            seconds.append(np.tile(np.repeat(b, n_bins), len(a)))
            sites.append(np.full(len(firsts[-1]), i))
        n_pairs = sum(map(len, firsts)) // n_bins
        g, count, cdf = (np.concatenate([part.reshape(-1) for part in self[k]]) for k in ("rdf", "count", "cdf"))
        return [
            Column("site", np.concatenate(sites)),
            Column("atom1", np.concatenate(firsts)),
            Column("atom2", np.concatenate(seconds)),
            Column("r", np.tile(self.bins, n_pairs), "Å"),
            Column("g", g, *_OF_NORM[self._norm]),
            Column("count", count.astype(np.int64)),
            Column("cdf", cdf),
        ]

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        values = np.concatenate([part.reshape(-1, len(self.bins)) for part in self.rdf])
        names = [f"atoms {i}, {j}" for a, b in self.indices for i in a for j in b]
        columns = [
            Column(name, row, *_OF_NORM[self._norm], legend=name) for name, row in zip(names, values, strict=True)
        ]
        return plots.many_curves(ax, Column("r", self.bins, "Å"), columns, "pairs", **kwargs)

    def _arrays(self) -> Mapping[str, Any]:
        found = {name: self[name] for name in ("bins", "edges", "volume_cum", "n_frames")}
        for i, (a, b) in enumerate(self.indices):
            found |= {f"atoms1_{i}": a, f"atoms2_{i}": b}
            found |= {f"{name}_{i}": self[name][i] for name in ("rdf", "count", "cdf")}
        return found


class DensityResults(Results):
    """A grid: no table; drawn as its projections along z, y and x."""

    _endings: ClassVar = (".dx", ".npy", ".npz")

    def _parts(self) -> dict[str, list[Column]]:
        density = self.density
        unit = {"Angstrom^{-3}": "Å^-3", "nm^{-3}": "nm^-3", "Molar": "mol/L"}.get(density.units["density"])
        if unit is None:  # a water model, whose density is 1
            unit = f"relative to {density.units['density']}"
        return {
            "density": [Column("density", density.grid, unit, "mean density")],
            "n_outside": [Column("n_outside", self.n_outside)],
            **_fit_of(self),
        }

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        return plots.projections(ax, self.density.edges, self._parts()["density"][0], **kwargs)

    def _main(self) -> np.ndarray:
        return self.density.grid

    def _arrays(self) -> Mapping[str, Any]:
        edges = {f"edges_{axis}": edges for axis, edges in zip("xyz", self.density.edges, strict=True)}
        fit = {name: columns[0].values for name, columns in _fit_of(self).items()}
        return {"density": self.density.grid, **edges, "n_outside": self.n_outside, **fit}


class PCAResults(Results):
    """component (from 1 on), variance, cumulated_variance; the first ones are drawn."""

    _endings: ClassVar = TABLES
    #: What is drawn; those behind say nothing more.
    _most_drawn: ClassVar = 20
    #: Of all components, as far as they are shown or not; and what they were found from.
    _variances: np.ndarray
    _vectors: np.ndarray
    _covariance: np.ndarray

    def _show(self, n: int | None) -> None:
        """The first n components, or all."""
        with np.errstate(invalid="ignore"):  # nothing moves: 0 / 0
            cumulated = np.cumsum(self._variances) / np.sum(self._variances)
        self["p_components"], self["variance"] = self._vectors[:, :n], self._variances[:n]
        self["cumulated_variance"] = cumulated[:n]

    def _parts(self) -> dict[str, list[Column]]:
        return {
            "p_components": [Column("p_components", self.p_components)],
            "variance": [Column("variance", self.variance, "Å^2")],
            "cumulated_variance": [Column("cumulated_variance", self.cumulated_variance, "", "cumulated fraction")],
            "mean": [Column("mean", self.mean, "Å")],
            **_fit_of(self),
        }

    def _table(self) -> list[Column]:
        parts = self._parts()
        numbers = Column("component", np.arange(1, len(self.variance) + 1))
        return [numbers, *parts["variance"], *parts["cumulated_variance"]]

    def _curves(self) -> tuple[Column, list[Column]]:
        numbers, variance, _ = self._table()
        return numbers, [variance]

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        first = [column._replace(values=column.values[: self._most_drawn]) for column in self._table()]
        numbers, variance, cumulated = first
        style = {"marker": "o", "markersize": 4, **kwargs}
        return plots.whole_numbers(plots.with_second_axis(ax, numbers, variance, numbers, cumulated, **style))

    def _main(self) -> np.ndarray:
        return self.p_components


class MSDResults(Results):
    """lag, msd: mean square displacement over atoms for each lag time; drawn over it."""

    _endings: ClassVar = TABLES
    _times: np.ndarray
    _msd_type = "xyz"

    def _parts(self) -> dict[str, list[Column]]:
        label = "MSD" if self._msd_type == "xyz" else f"MSD along {', '.join(self._msd_type)}"
        return {
            "delta_t_values": [Column("lag", self.delta_t_values, "ps", "lag time")],
            "timeseries": [Column("msd", self.timeseries, "Å^2", label)],
            "msds_by_particle": [Column("msds_by_particle", self.msds_by_particle, "Å^2", label)],
        }

    def _table(self) -> list[Column]:
        parts = self._parts()
        return [*parts["delta_t_values"], *parts["timeseries"]]

    def _curves(self) -> tuple[Column, list[Column]]:
        lags, msd = self._table()
        return lags, [msd]

    def _main(self) -> np.ndarray:
        return self.timeseries
