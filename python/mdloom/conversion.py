"""Trajectories into other formats, with fewer atoms or frames, or superposed: :func:`convert`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import atoms
from .errors import ArgumentError
from .fitting import settled_fit
from .results import Results
from .trajectory_files import FRAME, N_BYTES, TIME, TrajectoryFile
from .universe import FilesAlone, trajectory_of
from .written_trajectory import WrittenTrajectory

#: Files that tell how many atoms there are, and are read natively.
_NATIVE_ENDINGS = (".xtc", ".trr", ".dcd", ".nc", ".ncdf")

Source = Any  #: Universe, AtomGroup, a path, or several


class Converted(NamedTuple):
    """A trajectory that was written; takes the place of its path."""

    path: str
    n_frames: int
    n_atoms: int
    n_bytes: int

    def __fspath__(self) -> str:
        return self.path


class Conversion(WrittenTrajectory):
    """What :func:`convert` does, for those who run it with other analyses: ``mdloom.run([rmsd, conversion])``.

    Arguments as there, but for those of the run. Results, of each frame: ``results.frame``, its index in the
    trajectory; ``results.time``, ps; ``results.n_bytes``, what it takes in the file.
    """

    name = "conversion"

    def __init__(
        self,
        source: Source,
        destination: str | os.PathLike[str],
        *,
        select: str | None = None,
        atoms: Sequence[int] | np.ndarray | None = None,
        topology: str | os.PathLike[str] | None = None,
        precision: int = 3,
        dt: float | None = None,
        fit: Any = None,
        overwrite: bool = False,
    ) -> None:
        group = _group_of(source, topology)
        super().__init__(group.universe if hasattr(group, "universe") else group, _chosen(group, select, atoms))
        self._file = TrajectoryFile(
            destination, len(self._indices), replace=overwrite, option="overwrite=True", precision=precision, dt=dt
        )
        self._writes_to(self._file)
        self._select = select
        if fit is not None and isinstance(self.universe, FilesAlone):
            raise ArgumentError("fit needs to know the atoms: give topology=, or a Universe")
        self._fit = settled_fit(fit, self.universe)

    def converted(self) -> Converted:
        """What the last run wrote."""
        return Converted(self._file.path, len(self.results.frame), len(self._indices), self.n_bytes)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        frame, time, n_bytes = (columns["written"][:, place] for place in (FRAME, TIME, N_BYTES))
        return Results(frame=frame.astype(np.int64), time=time.copy(), n_bytes=n_bytes.astype(np.int64))

    def _settings(self) -> dict[str, Any]:
        return {"select": self._select, **super()._settings(), "written": os.path.basename(self._file.path)}


def convert(
    source: Source,
    destination: str | os.PathLike[str],
    *,
    select: str | None = None,
    atoms: Sequence[int] | np.ndarray | None = None,
    topology: str | os.PathLike[str] | None = None,
    precision: int = 3,
    dt: float | None = None,
    fit: Any = None,
    overwrite: bool = False,
    **how: Any,
) -> Converted:
    """Write a trajectory anew: another format, fewer atoms, some of the frames; on all cores, or wherever run() works.

    `source`: a Universe or AtomGroup with its transformations, or a file, or several as one; XTC, TRR, DCD and AMBER
    NetCDF are read natively, with all atoms, and need no `topology`. `destination`: .xtc or .dcd. `select`: a selection
    of the source's atoms; `atoms`: their 0-based indices, in any order, instead. `precision`: decimals of an XTC's
    positions in nm. `dt`: time between frames of a DCD, ps; None: as the frames have it. `fit`: atoms to superpose
    every frame by, a selection or an AtomGroup (on the first frame that is written), or :class:`mdloom.align.Fit`.
    `overwrite`: replace a file that is there. `how`: which frames and where, the arguments of
    :meth:`mdloom.analysis.Analysis.run`: ``start``, ``stop``, ``step``, ``frames``, ``n_jobs``, ``client``, ...

    Returns (path, n_frames, n_atoms, n_bytes), which can be used as the path. The file holds what MDAnalysis' writers
    make of the same frames, the same bytes for any number of workers; it is there whole or not at all, and an old one
    stays until then. Errors: ArgumentError (a ValueError), FileError (an OSError), FormatError, TopologyError.
    """
    conversion = Conversion(
        source,
        destination,
        select=select,
        atoms=atoms,
        topology=topology,
        precision=precision,
        dt=dt,
        fit=fit,
        overwrite=overwrite,
    )
    conversion.run(**how)
    return conversion.converted()


def _group_of(source: Source, topology: str | os.PathLike[str] | None) -> Any:
    """AtomGroup, or FilesAlone. Raises ArgumentError, FileError and FormatError."""
    if hasattr(source, "atoms"):
        if topology is not None:
            raise ArgumentError("topology belongs to files: a Universe or AtomGroup has its own")
        group = atoms.as_group("source", source)
        trajectory_of(group.universe)
        return group
    is_one = isinstance(source, (str, os.PathLike))
    try:
        paths = [os.fspath(path) for path in ([source] if is_one else source)]
    except TypeError:
        raise ArgumentError(
            f"source takes a Universe, an AtomGroup, a file or several, not {type(source).__name__}"
        ) from None
    if not paths:
        raise ArgumentError("source names no file")
    if topology is None and all(path.lower().endswith(_NATIVE_ENDINGS) for path in paths):
        return FilesAlone(list(map(os.path.abspath, paths)))
    universe = _universe(paths, topology)
    trajectory_of(universe)
    return universe.atoms


def _universe(paths: list[str], topology: str | os.PathLike[str] | None) -> Any:
    try:
        import MDAnalysis as mda
    except ImportError:
        raise ArgumentError(f'{paths[0]} is read through MDAnalysis: pip install "mdloom[mda]"') from None
    if topology is None and len(paths) > 1:
        raise ArgumentError(f"{', '.join(map(os.path.basename, paths))}: give topology= to read them with")
    for path in paths if topology is None else [os.fspath(topology), *paths]:
        if not os.path.exists(path):
            raise ArgumentError(f"{path}: there is no such file")
    try:
        return mda.Universe(paths[0]) if topology is None else mda.Universe(os.fspath(topology), *paths)
    except (ValueError, TypeError, OSError) as error:
        hint = ": give topology=, for instance a .gro, .pdb or .psf file" if topology is None else ""
        raise ArgumentError(f"{paths[0]} cannot be opened ({str(error).splitlines()[0]}){hint}") from error


def _chosen(group: Any, select: str | None, chosen: Sequence[int] | np.ndarray | None) -> np.ndarray:
    n_atoms = len(group.atoms)
    if select is not None and chosen is not None:
        raise ArgumentError("select and atoms both choose atoms: give one of them")
    if chosen is not None:
        indices = np.asarray(chosen)
        if indices.ndim != 1 or not indices.size or indices.dtype.kind not in "iu":
            raise ArgumentError("atoms takes a list of 0-based indices, at least one")
        wrong = indices[(indices < 0) | (indices >= n_atoms)]
        if wrong.size:
            raise ArgumentError(f"atom index {wrong[0]} is outside the source with its {n_atoms} atoms")
        own = np.arange(n_atoms) if isinstance(group, FilesAlone) else group.ix
        return np.ascontiguousarray(own[indices], dtype=np.int64)
    if isinstance(group, FilesAlone):
        if select not in (None, "all"):
            raise ArgumentError(f'select="{select}" needs to know the atoms: give topology=, or atoms= by index')
        return np.arange(n_atoms, dtype=np.int64)
    return atoms.indices(atoms.select("source", group, select))


__all__ = ["Conversion", "Converted", "convert"]
