"""Trajectories superposed on a reference: :class:`AlignTraj`, which users find in mdloom.align."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from . import _core, atoms, frame_tables, memory
from .errors import ArgumentError, MdloomWarning, depth_outside_package
from .fitting import Fit, SettledFit
from .matching import matching_atoms
from .references import both_selections
from .results import Results
from .trajectory_files import TIME, TrajectoryFile, even_spacing, from_options
from .universe import file_names, trajectory_of
from .written_trajectory import WrittenTrajectory

#: In State and result, for each atom and frame.
_BYTES_IN_MEMORY = 2 * 12


class AlignTraj(WrittenTrajectory):
    """Every frame superposed on a reference, and all atoms written to a new trajectory.

    Least squares over the selected atoms (Theobald 2005, doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald
    2010, doi:10.1002/jcc.21439). Arguments are MDAnalysis', and so are the numbers.

    Parameters: `mobile`, a Universe, all of whose atoms are moved and written (or an AtomGroup: its atoms).
    `reference`, a Universe or AtomGroup; its positions are copied now, from its current frame. `select`: the atoms that
    are fitted, a selection for both, ``(mobile, reference)``, or ``{"mobile": ..., "reference": ...}``; each may be a
    list of selections, whose order is kept. `filename`: .xtc or .dcd; None: `prefix` and the trajectory's own name, in
    the current folder. `weights`: None, "mass" (of the reference) or an array for the fitted atoms. `match_atoms`: the
    fitted atoms must have the same masses within `tol_mass` (amu); when their numbers differ, residues that differ are
    left out, unless `strict`. `force`: replace a file that is there. `in_memory`: write no file, and give the aligned
    trajectory as ``results.universe``; this is so, too, for a `mobile` in memory without a `filename`. `verbose`: a
    progress bar. `writer_kwargs`: `precision`, decimals of an XTC's positions in nm (3), or `dt`, the time between
    frames of a DCD in ps (None: as the frames have it).

    Results: ``results.rmsd`` (also ``.rmsd``), float64 [n_frames], Å, of the fitted atoms after superposition;
    ``results.times``, ps; `save()` writes both with the frames. ``.filename``, the file; it is there whole or not at
    all, with the same bytes for any number of workers. In memory: ``results.universe``, a new Universe with all atoms
    and boxes; 24 bytes for each atom and frame, refused beforehand when there is not so much. MDAnalysis changes
    `mobile` itself then; mdloom changes no Universe of yours, and warns of that.

    Errors: ArgumentError (a ValueError) for groups that do not fit, files with other endings, and the trajectory that
    is read; TopologyError for masses that are not there; FileError (an OSError) for places that cannot be written to
    and files that are there when `force` is False.
    """

    name = "align_traj"

    def __init__(
        self,
        mobile: Any,
        reference: Any,
        select: Any = "all",
        filename: str | os.PathLike[str] | None = None,
        prefix: str = "rmsfit_",
        weights: Any = None,
        tol_mass: float = 0.1,
        match_atoms: bool = True,
        strict: bool = False,
        force: bool = True,
        in_memory: bool = False,
        writer_kwargs: Mapping[str, Any] | None = None,
        *,
        verbose: bool = False,
    ) -> None:
        self.mobile, reference = atoms.as_group("mobile", mobile), atoms.as_group("reference", reference)
        super().__init__(self.mobile.universe, atoms.indices(self.mobile))
        trajectory_of(self.universe)
        for_mobile, for_reference = both_selections(select)
        self.mobile_atoms, self.ref_atoms, doubt = matching_atoms(
            atoms.select("mobile", self.mobile, for_mobile),
            atoms.select("reference", reference, for_reference),
            tol_mass,
            strict,
            match_atoms,
        )
        self._select, self._verbose = select, verbose
        in_memory = in_memory or (filename is None and _is_in_memory(self.universe))
        doubts = [doubt, _not_in_place(filename) if in_memory else None]
        self._out: TrajectoryFile | None = None
        if not in_memory:
            self._out = TrajectoryFile(
                _default_name(prefix, self.universe) if filename is None else filename,
                len(self.mobile),
                replace=force,
                option="force=True",
                **from_options(writer_kwargs),
            )
            self._writes_to(self._out)
        self._fit = SettledFit(Fit(self.mobile_atoms, self.ref_atoms, weights=weights, tol_mass=np.inf), self.universe)
        if self._out is not None:
            self._out.require_no_input(file_names(reference.universe))
        for message in filter(None, doubts):
            warnings.warn(message, MdloomWarning, stacklevel=2)

    @property
    def filename(self) -> str | None:
        """Where the trajectory is written to; None in memory."""
        return None if self._out is None else self._out.path

    @property
    def rmsd(self) -> np.ndarray:
        """``results.rmsd``."""
        return self.results.rmsd

    @property
    def times(self) -> np.ndarray:
        """``results.times``."""
        return self.results.times

    def _while_running(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._out is None else super()._while_running()

    def _require_room(self, n_workers: int) -> None:
        if self._out is not None:
            return super()._require_room(n_workers)
        return memory.require(
            _BYTES_IN_MEMORY * self.n_frames * len(self.mobile),
            f"{self.n_frames} frames of {len(self.mobile)} atoms in memory",
            "give a filename instead of in_memory=True, or fewer frames",
        )

    def _make_analysis(self) -> Any:
        return _core.positions(self._indices) if self._out is None else super()._make_analysis()

    def _commit(self) -> None:
        if self._out is not None:
            super()._commit()

    def _found_in(self, columns: dict[str, np.ndarray]) -> Results:
        found = _AlignedResults(rmsd=columns["fit_rmsd"])
        if "positions" in columns:
            found["times"] = columns["time"]
            found._moved = (self.mobile, columns["positions"], columns["box"])
        else:
            found["times"] = columns["written"][:, TIME].copy()
        return found

    def _settings(self) -> dict[str, Any]:
        file = {} if self._out is None else {"written": os.path.basename(self._out.path)}
        return {"select": self._select, "fitted_atoms": len(self.mobile_atoms), **super()._settings(), **file}


class _AlignedResults(frame_tables.AlignTrajResults):
    """`universe` is made when it is asked for."""

    _moved: tuple[Any, np.ndarray, np.ndarray] | None = None

    def __missing__(self, name: str) -> Any:
        if name != "universe" or self._moved is None:
            raise KeyError(name)
        self["universe"] = _in_memory(*self._moved, self.times)
        return self["universe"]


def _in_memory(group: Any, positions: np.ndarray, boxes: np.ndarray, times: np.ndarray) -> Any:
    """A Universe of copies of the group's atoms that shows the frames."""
    from MDAnalysis import Merge
    from MDAnalysis.lib.mdamath import triclinic_box

    if not len(times):
        raise ArgumentError("there is no frame to make a Universe of: start, stop, step or frames= chose none")
    if len(times) > 1 and even_spacing(times) is None:
        warnings.warn(
            f"times of frames in memory ascend evenly, and those of the {len(times)} frames do not: the Universe says "
            "0, 1, 2, ... ps after the first; results.times has them",
            MdloomWarning,
            stacklevel=depth_outside_package(),
        )
    cells, places = np.unique(boxes.reshape(-1, 9).astype(np.float32), axis=0, return_inverse=True)
    dimensions = np.array([triclinic_box(*cell.reshape(3, 3)) for cell in cells])[places.reshape(-1)]
    universe = Merge(group)
    universe.load_new(
        positions,
        order="fac",
        dimensions=dimensions if boxes.any() else None,
        dt=even_spacing(times) or 1.0,
        time_offset=float(times[0]),
    )
    return universe


def _is_in_memory(universe: Any) -> bool:
    return type(universe.trajectory).__name__ == "MemoryReader"


def _default_name(prefix: str, universe: Any) -> str:
    names = file_names(universe)
    if not names:
        raise ArgumentError(
            "the trajectory of mobile has no file name: give filename= with .xtc or .dcd, or in_memory=True"
        )
    return prefix + os.path.basename(names[0])


def _not_in_place(filename: Any) -> str:
    ignored = "" if filename is None else f"filename={os.fspath(filename)} is not written, and "
    return (
        f"{ignored}mobile stays as it is (MDAnalysis moves it): the trajectory aligned in memory is "
        "results.universe; go on with u = aligned.results.universe"
    )
