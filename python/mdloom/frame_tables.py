"""Results with values for each frame: what they are called, in which units, and how they become tables and pictures.

Those that have none are in mdloom.tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .columns import TABLES, Column
from .results import Results


def _frames(values: Any) -> Column:
    return Column("frame", np.asarray(values).astype(np.int64))


def _times(values: Any) -> Column:
    return Column("time", np.asarray(values), "ps")


class RMSDResults(Results):
    """frame, time, rmsd, group1, ... of each frame; drawn over time."""

    _endings: ClassVar = TABLES
    _superposition = True
    _group_names: tuple[str, ...] = ()

    def _parts(self) -> dict[str, list[Column]]:
        frames, times, *values = self.rmsd.T
        names = ["rmsd", *(f"group{i}" for i in range(1, len(values)))]
        legends = ["superposed atoms" if self._superposition else "all atoms", *self._group_names]
        columns = [
            Column(name, value, "Å", "RMSD", legend) for name, value, legend in zip(names, values, legends, strict=True)
        ]
        return {"rmsd": [_frames(frames), _times(times), *columns]}

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, *columns = self._table()
        return times, columns


class AlignTrajResults(Results):
    """frame, time, rmsd of each frame; drawn over time."""

    _endings: ClassVar = TABLES
    _frames: np.ndarray

    def _parts(self) -> dict[str, list[Column]]:
        return {"rmsd": [Column("rmsd", self.rmsd, "Å", "RMSD", "superposed atoms")], "times": [_times(self.times)]}

    def _table(self) -> list[Column]:
        return [_frames(self._frames), _times(self.times), *self._parts()["rmsd"]]

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, rmsd = self._table()
        return times, [rmsd]

    def _main(self) -> np.ndarray:
        return self.rmsd

    def _arrays(self) -> Mapping[str, Any]:
        return {"rmsd": self.rmsd, "times": self.times}


class GyrationResults(Results):
    """frame, time, rg, rg_x, rg_y, rg_z of each frame; drawn over time."""

    _endings: ClassVar = TABLES
    _columns: ClassVar = {
        "rg": "radius of gyration",
        "rg_x": "about x",
        "rg_y": "about y",
        "rg_z": "about z",
    }
    _label: ClassVar = "radius of gyration"

    def _parts(self) -> dict[str, list[Column]]:
        frames, times, *values = self.timeseries.T
        columns = [
            Column(name, value, "Å", self._label, legend)
            for (name, legend), value in zip(self._columns.items(), values, strict=True)
        ]
        return {"timeseries": [_frames(frames), _times(times), *columns]}

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, *columns = self._table()
        return times, columns


class CentreResults(GyrationResults):
    """frame, time, x, y, z of each frame; drawn over time."""

    _columns: ClassVar = {"x": "x", "y": "y", "z": "z"}
    _label: ClassVar = "coordinate"


class AngleResults(Results):
    """frame, time, one column for each dihedral angle; drawn as points over time."""

    _endings: ClassVar = TABLES
    _frames: np.ndarray
    _names: tuple[str, ...]  #: of the angles, in files
    _label = "dihedral angle"

    def _parts(self) -> dict[str, list[Column]]:
        return {"angles": [Column("angles", self.angles, "degrees")], "times": [_times(self.times)]}

    def _columns(self) -> list[Column]:
        values = self.angles.reshape(len(self.angles), len(self._names)).T
        return [Column(name, value, "degrees", self._label) for name, value in zip(self._names, values, strict=True)]

    def _table(self) -> list[Column]:
        return [_frames(self._frames), _times(self.times), *self._columns()]

    def _curves(self) -> tuple[Column, list[Column]]:
        return _times(self.times), self._columns()

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        return plots.angles_over_time(ax, *self._curves(), **kwargs)

    def _main(self) -> np.ndarray:
        return self.angles


_PHI_PSI = ("\N{GREEK SMALL LETTER PHI}", "\N{GREEK SMALL LETTER PSI}")


class RamachandranResults(AngleResults):
    """frame, time, phi and psi of each residue; drawn as psi over phi."""

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        phi, psi = (Column(name, self.angles[..., i], "degrees") for i, name in enumerate(_PHI_PSI))
        return plots.angle_pairs(ax, phi, psi, **kwargs)


class ContactsResults(Results):
    """frame, time, q1, q2, ...: the fraction of each reference's contacts; drawn over time."""

    _endings: ClassVar = TABLES

    def _parts(self) -> dict[str, list[Column]]:
        frames, *values = self.timeseries.T
        return {
            "timeseries": [
                _frames(frames),
                *(
                    Column(f"q{i}", q, "", "fraction of contacts Q", f"reference {i}")
                    for i, q in enumerate(values, start=1)
                ),
            ],
            "times": [_times(self.times)],
        }

    def _table(self) -> list[Column]:
        parts = self._parts()
        frames, *columns = parts["timeseries"]
        return [frames, *parts["times"], *columns]

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, *columns = self._table()
        return times, columns

    def _main(self) -> np.ndarray:
        return self.timeseries


class HBondResults(Results):
    """frame, donor, hydrogen, acceptor (0-based indices), distance, angle; their number is drawn over time."""

    _endings: ClassVar = TABLES

    def _parts(self) -> dict[str, list[Column]]:
        frames, *indices, distances, angles = self.hbonds.T
        names = ("donor", "hydrogen", "acceptor")
        return {
            "hbonds": [
                _frames(frames),
                *(Column(name, ix.astype(np.int64)) for name, ix in zip(names, indices, strict=True)),
                Column("distance", distances, "Å"),
                Column("angle", angles, "degrees"),
            ],
            "times": [_times(self.times)],
            "counts": [Column("count", self.counts, "", "hydrogen bonds")],
        }

    def _table(self) -> list[Column]:
        return self._parts()["hbonds"]

    def _curves(self) -> tuple[Column, list[Column]]:
        parts = self._parts()
        return parts["times"][0], parts["counts"]

    def _main(self) -> np.ndarray:
        return self.hbonds


class LeafletResults(Results):
    """frame, time, n_components, n_1, n_2: atoms in the largest component and the next; drawn over time."""

    _endings: ClassVar = (*TABLES, ".ndx")
    _frames: np.ndarray

    def _parts(self) -> dict[str, list[Column]]:
        return {"labels": [Column("labels", self.labels)], "times": [_times(self.times)]}

    def _sizes(self) -> np.ndarray:
        """int64 [n_frames, n_components + 2], descending, zeros at the end."""
        labels = self.labels
        n_frames, most = len(labels), int(labels.max(initial=-1)) + 1
        places = labels + most * np.arange(n_frames)[:, np.newaxis]
        sizes = np.bincount(places.ravel(), minlength=n_frames * most).reshape(n_frames, most)
        return np.pad(-np.sort(-sizes, axis=1), ((0, 0), (0, 2)))

    def _table(self) -> list[Column]:
        sizes = self._sizes()
        return [
            _frames(self._frames),
            _times(self.times),
            Column("n_components", (sizes > 0).sum(axis=1), "", "components"),
            Column("n_1", sizes[:, 0], "", "atoms", "largest component"),
            Column("n_2", sizes[:, 1], "", "atoms", "second largest"),
        ]

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, _, first, second = self._table()
        return times, [first, second]

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        times, sizes = self._curves()
        rest = self.labels.shape[1] - sizes[0].values - sizes[1].values
        others = [Column("others", rest, "", "atoms", "all others")] if rest.any() else []
        return plots.curves(ax, times, [*sizes, *others], **kwargs)

    def _main(self) -> np.ndarray:
        return self.labels

    def _arrays(self) -> Mapping[str, Any]:
        return {"labels": self.labels, "times": self.times, "frames": self._frames}

    def _groups(self) -> dict[str, np.ndarray]:
        """Atom indices of each component of each frame, the largest first."""
        return {
            f"frame_{frame}_component_{i}": group.ix
            for frame, groups in zip(self._frames, self.components, strict=True)
            for i, group in enumerate(groups, start=1)
        }


class ProjectionResults(Results):
    """frame, time, pc1, pc2, ...: projections on principal components; the first three are drawn over time."""

    _endings: ClassVar = TABLES
    _most_drawn: ClassVar = 3

    def _parts(self) -> dict[str, list[Column]]:
        projections = Column("projections", self.projections, "Å")
        fit = {"fit_rmsd": [Column("fit_rmsd", self.fit_rmsd, "Å")]} if "fit_rmsd" in self else {}
        return {"projections": [projections], "times": [_times(self.times)], **fit}

    def _table(self) -> list[Column]:
        columns = [
            Column(f"pc{i}", values, "Å", "projection", f"component {i}")
            for i, values in enumerate(self.projections.T, start=1)
        ]
        return [_frames(self._frames), _times(self.times), *columns]

    def _curves(self) -> tuple[Column, list[Column]]:
        _, times, *columns = self._table()
        return times, columns

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        times, columns = self._curves()
        return plots.curves(ax, times, columns[: self._most_drawn], **kwargs)

    def _main(self) -> np.ndarray:
        return self.projections

    def _arrays(self) -> Mapping[str, Any]:
        return {**self, "frames": self._frames}
