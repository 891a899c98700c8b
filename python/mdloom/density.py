"""Native densities: :class:`DensityAnalysis`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core, arguments, atoms, memory, tables
from .analysis import NativeAnalysis
from .changing_groups import changes_with_frames, is_updating
from .errors import ArgumentError
from .first_frame import FirstFrame
from .fitting import settled_fit
from .results import Results
from .universe import trajectory_of

#: A worker's counts (4 bytes a cell), those of its chunk and of the part it hands in (8 each); here the merged counts,
#: their copy in double precision, and the density.
_BYTES_PER_WORKER, _BYTES_HERE = 20, 24


class DensityAnalysis(NativeAnalysis):
    """How many atoms of a group there are in each cell of a grid, averaged over frames, per volume.

    The grid stands still. Atoms outside of it are left out (``results.n_outside`` counts them), and there are no
    periodic images: center and align the trajectory first, or `fit`.

    Parameters: `atomgroup`, an AtomGroup or Universe; an UpdatingAtomGroup is selected anew in every frame. `delta`: Å,
    the width of the cells. `updating=True` with `atomselection`: the atoms of the group that this selection finds in
    each frame. `metadata`, `parameters`: dicts for the Density. `padding`: Å; without a grid of your own it reaches so
    far beyond the atoms as they stand when run() starts. `gridcenter` ([3] Å) with `xdim`, `ydim`, `zdim` (Å): a grid
    of your own; padding does not count then. `fit`: atoms to superpose every frame by, a selection or an AtomGroup (on
    the first analysed frame), or :class:`mdloom.align.Fit`; groups that change are selected before.

    Result: ``results.density`` (also ``.density``), MDAnalysis' Density, which is GridDataFormats' Grid: `grid`
    [n_x, n_y, n_z] in Å^-3, `edges`, `delta`, `origin`, `convert_density()`, `export()`, `metadata`.

    Errors: ArgumentError (a ValueError) for arguments that do not fit each other, empty groups, and grids that do not
    fit into memory.
    """

    name = "density"

    def __init__(
        self,
        atomgroup: Any,
        delta: float = 1.0,
        atomselection: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        padding: float = 2.0,
        updating: bool = False,
        parameters: Mapping[str, Any] | None = None,
        gridcenter: Any = None,
        xdim: Any = None,
        ydim: Any = None,
        zdim: Any = None,
        *,
        fit: Any = None,
    ) -> None:
        if not isinstance(updating, (bool, np.bool_)):
            raise ArgumentError(f"updating is True or False, not {updating!r}")
        if updating and atomselection is None:
            raise ArgumentError("updating=True needs atomselection=, which is evaluated in every frame")
        if not updating and atomselection is not None:
            raise ArgumentError(
                f"atomselection={atomselection!r} is for updating=True; select the group itself instead, "
                "atomgroup.select_atoms(...)"
            )
        self._delta = arguments.finite("delta", delta)
        if self._delta <= 0:
            raise ArgumentError(f"delta is {delta}: cells have a width above 0, in Å")
        self._padding = arguments.finite("padding", padding)
        self._metadata, self._parameters = _copied("metadata", metadata), _copied("parameters", parameters)
        self._atomselection = atomselection
        self._user_grid = _checked_grid(gridcenter, xdim, ydim, zdim)
        group = atomgroup if is_updating(atomgroup) else atoms.as_group("atomgroup", atomgroup)
        super().__init__(group.universe)
        trajectory_of(self.universe)
        self._atoms = self._chosen_from(group)
        self._fit = settled_fit(fit, self.universe)

    @property
    def density(self) -> Any:
        """``results.density``."""
        return self.results.density

    def _chosen_from(self, group: Any) -> Any:
        """The group that is counted; `_candidates`: what may be in it."""
        if not is_updating(group):
            atoms.select("atomgroup", group, None)
        self._candidates = group.universe.atoms if is_updating(group) else group.unique
        if self._atomselection is None:
            return group
        if not is_updating(group) and not changes_with_frames(self._atomselection):
            return atoms.select("atomgroup", group, self._atomselection)
        return atoms.select_updating(group, self._atomselection)

    def _changing_groups(self) -> Mapping[int, Any]:
        return {0: self._atoms} if is_updating(self._atoms) else {}

    def _begin(self, frames: Any, blocks: Any) -> None:
        super()._begin(frames, blocks)
        positions = atoms.current_positions("atomgroup", self._atoms)
        if self._fit is not None:
            positions = self._fit.moved(positions, frames)
        self._misfit = None
        if self._user_grid is None:
            least, most = self._around(positions)
        else:
            least, most = self._user_grid
            if not len(positions) or (positions < least).any() or (positions > most).any():
                self._misfit = (
                    f"the grid from {_point(least)} to {_point(most)} does not hold all atoms of the group as they "
                    "stand now: those outside are left out; you may want to define a larger one"
                )
        self._shape, self._range = _fixed_width_bins(self._delta, least, most)

    def _around(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not len(positions):
            raise ArgumentError(
                "no atom is selected in the frame where the Universe stands, so there is nothing to lay a grid around: "
                "give gridcenter, xdim, ydim and zdim"
            )
        if not np.isfinite(positions).all():
            raise ArgumentError(
                "the group has coordinates that are not finite where the Universe stands: leave them out"
            )
        return positions.min(axis=0) - self._padding, positions.max(axis=0) + self._padding

    def _require_room(self, n_workers: int) -> None:
        memory.require(
            math.prod(self._shape) * (_BYTES_HERE + _BYTES_PER_WORKER * n_workers),
            f"a grid of {' x '.join(map(str, self._shape))} cells{memory.with_workers(n_workers)}",
            f"choose a larger delta than {self._delta:g} Å, a smaller grid (gridcenter, xdim, ydim, zdim), or fewer "
            "workers (n_jobs)",
        )

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        return [*super()._doubts(first_frame), *([self._misfit] if self._misfit else [])]

    def _make_analysis(self) -> Any:
        self._edges = [
            np.linspace(least, most, n + 1) for n, least, most in zip(self._shape, *self._range, strict=True)
        ]
        group = self._candidates if is_updating(self._atoms) else self._atoms
        return _core.density(atoms.indices(group), *self._edges)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        n_frames = int(columns["n_frames"][0])
        density = self._density_of(columns["counts"], n_frames)
        return tables.DensityResults(density=density, n_outside=int(columns["outside"][0]))

    def _density_of(self, counts: np.ndarray, n_frames: int) -> Any:
        from MDAnalysis.analysis.density import Density

        # As np.histogramdd lays it out, inside a larger array: sums over the grid then have the bits of MDAnalysis'.
        grid = np.empty([n + 2 for n in counts.shape])[1:-1, 1:-1, 1:-1]
        with np.errstate(invalid="ignore"):  # no frames: 0 / 0
            np.divide(counts, float(n_frames), out=grid)
        density = Density(
            grid=grid,
            edges=self._edges,
            units={"length": "Angstrom"},
            parameters={**self._parameters, "isDensity": False},
            metadata={**self._metadata, **self._own_metadata(n_frames)},
        )
        density.make_density()
        return density

    def _own_metadata(self, n_frames: int) -> dict[str, Any]:
        trajectory = self.universe.trajectory
        dt = _time_step(trajectory)
        return {
            "psf": getattr(self.universe, "filename", None),
            "dcd": getattr(trajectory, "filename", None),
            "atomselection": self._atomselection,
            "n_frames": n_frames,
            "totaltime": (len(trajectory) - 1) * dt,
            "dt": dt,
            "time_unit": "ps",
        }

    def _settings(self) -> dict[str, Any]:
        return {
            "delta": self._delta,
            "atomselection": self._atomselection,
            "grid": self._shape,
            "atoms": len(self._candidates if is_updating(self._atoms) else self._atoms),
        }

    def _size_text(self) -> str:
        return f"{len(self._candidates if is_updating(self._atoms) else self._atoms)} atoms"


def _fixed_width_bins(delta: float, least: Any, most: Any) -> tuple[list[int], tuple[np.ndarray, np.ndarray]]:
    """(n of each axis, (lower, upper) [3]) of bins exactly `delta` wide around [least, most]; half the excess on either
    side.
    """
    least, most = np.asarray(least, np.float64), np.asarray(most, np.float64)
    if not (least < most).all():
        raise ArgumentError(
            f"the grid would reach from {_point(least)} to {_point(most)}: it must have a size along each axis; choose "
            "a padding above 0, or give gridcenter, xdim, ydim and zdim"
        )
    length = most - least
    with np.errstate(over="ignore"):
        n_bins = np.minimum(np.ceil(length / delta), 2.0**62)  # which will not fit
    excess = 0.5 * (n_bins * delta - length)
    return [int(n) for n in n_bins], (least - excess, most + excess)


def _checked_grid(center: Any, *dims: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """float32 [3] lower and upper corner of the user's grid, or None."""
    if center is None and all(dim is None for dim in dims):
        return None
    if center is None or any(dim is None for dim in dims):
        raise ArgumentError(
            "gridcenter or grid dimensions are not provided: a grid of your own takes gridcenter, xdim, ydim and zdim"
        )
    with np.errstate(over="ignore"):
        try:
            middle = np.asarray(center, dtype=np.float32).reshape(3)
        except (TypeError, ValueError):
            raise ArgumentError(f"gridcenter must be a 3D coordinate, not {center!r}") from None
        try:
            sizes = np.array(dims, dtype=np.float32).reshape(3)
        except (TypeError, ValueError):
            raise ArgumentError(f"xdim, ydim, and zdim must be numbers, not {dims!r}") from None
    if np.isnan(middle).any() or np.isnan(sizes).any():
        raise ArgumentError(f"gridcenter or grid dimensions have NaN element: {middle.tolist()}, {sizes.tolist()}")
    if not (np.isfinite(middle).all() and np.isfinite(sizes).all() and (sizes > 0).all()):
        raise ArgumentError(
            f"gridcenter {middle.tolist()} must be finite, xdim, ydim and zdim {sizes.tolist()} finite and above 0"
        )
    return middle - sizes / 2, middle + sizes / 2


def _copied(what: str, given: Any) -> dict[str, Any]:
    if not (given is None or isinstance(given, Mapping)):
        raise ArgumentError(f"{what} takes a dict, not {given!r}")
    return dict(given or {})


def _time_step(trajectory: Any) -> float:
    """ps. Readers that do not know it read the next frame to find out: a copy of them may."""
    known = trajectory.ts.data.get("dt")
    return float(trajectory.copy().dt if known is None else known)


def _point(point: Any) -> str:
    return f"({', '.join(f'{float(x):g}' for x in point)})"
