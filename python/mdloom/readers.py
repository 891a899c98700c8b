"""MDAnalysis readers that decode natively: ``mda.Universe(top, files, format=mdloom.XTCReader)``.

What they show has the same bits as what MDAnalysis' own readers show, and they can be used wherever those can. They are
not registered: MDAnalysis goes on opening files with its own readers unless one of these is asked for. They differ in

- errors: a frame that cannot be read is a FormatError that names file, frame and byte, also while iterating, where
  MDAnalysis' readers end as if the trajectory ended there; a file that ends inside a frame gives its whole frames and
  one MdloomWarning
- where frames start: mdloom's frame index, which is compared with the file, instead of ``.*_offsets.npz``
- DCD: one Timestep, updated in place, as all other readers have it (MDAnalysis announces that for its own in 3.0)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from MDAnalysis.coordinates import DCD, XTC, base, chain
from MDAnalysis.lib.mdamath import triclinic_box
from MDAnalysis.lib.util import store_init_arguments

from . import _core
from .errors import ArgumentError, FileError, MdloomWarning


class ChainReader(chain.ChainReader):
    """Several files as one trajectory: MDAnalysis', but a frame that cannot be read is an error, not the end."""

    _failure: OSError | None = None

    def next(self) -> Any:
        """The next frame. Raises StopIteration behind the last one, and what reading raises."""
        try:
            return super().next()  # rewinds when reading fails, and so comes here once more
        except StopIteration:
            failure, self._failure = self._failure, None
            if failure is None:
                raise
            raise failure from None

    def _read_next_timestep(self, ts: Any = None) -> Any:
        try:
            return super()._read_next_timestep(ts)
        except OSError as error:
            self._failure = error
            raise


class _NativeReader(base.ReaderBase):
    """What the formats share: one native cursor, and MDAnalysis' Timestep filled from it."""

    # Set behind each class: MDAnalysis registers every reader whose body has it, in place of its own.
    format: str

    #: The usual order of timeseries().
    _axes = "fac"

    _source: _core.Source | None = None
    _native: _core.FrameReader | None = None

    def __new__(cls, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Of a list of files, a ChainReader of these readers: Universe calls the class that it is given as format."""
        if not isinstance(filename, (list, tuple, np.ndarray)):
            return super().__new__(cls)
        if args:
            raise ArgumentError(f"{cls.__name__} takes the arguments behind a list of files by name")
        return ChainReader(list(filename), **{**kwargs, "format": cls})

    @classmethod
    def parse_n_atoms(cls, filename: str | os.PathLike[str], **kwargs: Any) -> int:
        """Number of atoms in each frame of a file. Errors: FileError, FormatError."""
        return _core.open_files([os.fspath(filename)], format=cls.format).n_atoms

    def _start(self, dt: float | None, strict: bool, sub: Any = None) -> None:
        """Opens the file and shows its first frame."""
        self._dt = dt
        self._sub = sub
        self._cell: tuple | None = None
        self._step = 0
        source = _core.open_files([self.filename], strict, _warn, self.format, not self.convert_units)
        self._description = source.describe()
        self.n_frames = source.n_frames
        self._choose_atoms(source.n_atoms)
        self._attach(source)
        spacing = self._spacing()
        self.ts = self._Timestep(self.n_atoms, **self._ts_kwargs)
        self.ts.dt = spacing
        self._read_frame(0)

    def _choose_atoms(self, n_atoms: int) -> None:
        self._wanted = self._places = None
        self.n_atoms = n_atoms
        if self._sub is None:
            return
        try:
            chosen = np.arange(n_atoms)[np.asarray(self._sub)]
        except IndexError as error:
            raise ArgumentError(f"sub= does not choose among the {n_atoms} atoms of {self.filename}: {error}") from None
        self.n_atoms = len(chosen)
        self._wanted, places = np.unique(chosen, return_inverse=True)
        if not np.array_equal(self._wanted, chosen):
            self._places = places

    def _attach(self, source: _core.Source) -> None:
        self._source = source
        self._native = _core.FrameReader(source, self._wanted)
        self._unsorted = None
        if self._wanted is not None and self._places is not None:
            self._unsorted = np.empty((len(self._wanted), 3), np.float32)

    def _reopen(self) -> None:
        """Before the first frame; a closed reader is open again."""
        if self._native is None:
            self._attach(_core.open_description(self._description, _warn, not self.convert_units))
        self.ts.frame = 0
        self._frame = -1

    def close(self) -> None:
        """Closes the file. rewind() opens it again."""
        self._source = self._native = None

    def next(self) -> Any:
        """The next frame. Raises StopIteration behind the last one, and what reading raises."""
        if self._frame >= self.n_frames - 1:
            self.rewind()
            raise StopIteration
        return self._read_frame_with_aux(self._frame + 1)

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self._frame >= self.n_frames - 1:
            raise EOFError(f"{self.filename} has no frame {self._frame + 1}")
        return self._fill(self._frame + 1, self.ts if ts is None else ts)

    def _read_frame(self, frame: int) -> Any:
        return self._fill(frame, self.ts)

    def _fill(self, frame: int, ts: Any) -> Any:
        if self._native is None:
            raise self._closed()
        ts.has_positions = True
        if self._unsorted is None:
            time, step, cell = self._native.read_into(frame, ts.positions)
        else:
            time, step, cell = self._native.read_into(frame, self._unsorted)
            ts.positions = self._unsorted[self._places]
        self._frame = ts.frame = frame
        self._step = step
        self._tell_time(ts, time, step)
        if cell != self._cell:  # in many trajectories it stays as it is, and computing it takes longer than reading
            self._cell, self._dimensions = cell, self._dimensions_of(cell)
        ts.dimensions = self._dimensions
        return ts

    def exact_cell(self) -> tuple[np.ndarray, tuple, int]:
        """Of the current frame: cell vectors float32 [9], Å (nm with ``convert_units=False``), the cell as it is
        stored, and the step. Lengths and angles, which Timesteps show, lose the last bit of the cell.
        """
        if self._native is None:
            raise self._closed()
        box: Any = self._native.box
        return box, self._cell or (), self._step

    def _spacing(self) -> float:
        """ps between frames, as Timesteps show it."""
        raise NotImplementedError

    def _tell_time(self, ts: Any, time: float, step: int) -> None:
        raise NotImplementedError

    def _dimensions_of(self, cell: tuple) -> np.ndarray:
        """Lengths and angles of a cell as it stands in the file."""
        raise NotImplementedError

    def _closed(self) -> FileError:
        return FileError(f"{self.filename}: the reader is closed; rewind() opens it again")

    def timeseries(
        self,
        asel: Any = None,
        atomgroup: Any = None,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        order: str | None = None,
    ) -> np.ndarray:
        """Positions of some atoms (None: all) in some frames, as one float32 array. The reader stays where it is.

        `order`: the axes, (f)rames, (a)toms and (c)omponents; None: MDAnalysis' usual one, "fac", of DCD files "afc".
        Å (as the reader's). Errors: ArgumentError, FormatError.
        """
        order = self._axes if order is None else order
        if asel is not None:
            warnings.warn("asel argument to timeseries is called atomgroup now", DeprecationWarning, stacklevel=2)
            if atomgroup is not None:
                raise ArgumentError("Cannot provide both atomgroup and asel, its old name")
            atomgroup = asel
        if atomgroup is not None and len(atomgroup) == 0:
            raise ArgumentError("Timeseries requires at least one atom")
        if sorted(order) != ["a", "c", "f"]:
            raise ArgumentError(f"order is {order!r}: it must have each of the letters f, a and c once")
        atoms = np.arange(self.n_atoms) if atomgroup is None else np.asarray(atomgroup.indices, np.int64)
        frames = range(*self.check_slice_indices(start, stop, step))
        found = self._positions_at(frames, atoms)
        return found.transpose(["fac".index(axis) for axis in order])

    def _positions_at(self, frames: range, atoms: np.ndarray) -> np.ndarray:
        """float32 [frames, atoms, 3]; decodes no more than these need, where nothing else looks at the frames."""
        if self._source is None:
            raise self._closed()
        wanted, places = np.unique(atoms, return_inverse=True)
        if self.transformations or self._sub is not None:
            copy = self.copy()
            return np.array([copy[k].positions[atoms] for k in frames], np.float32).reshape(-1, len(atoms), 3)
        cursor = _core.FrameReader(self._source, wanted)
        found = np.empty((len(frames), len(wanted), 3), np.float32)
        for positions, k in zip(found, frames, strict=True):
            cursor.read_into(k, positions)
        return found if np.array_equal(wanted, atoms) else found[:, places]

    def copy(self) -> Any:
        """An independent reader of the same frames, showing the same one with the changes made to it."""
        new = type(self).__new__(type(self))
        kept = {"ts": self.ts.copy(), "_auxs": {}, "_kwargs": dict(self._kwargs), "_ts_kwargs": dict(self._ts_kwargs)}
        new.__setstate__(self.__getstate__() | kept)
        for name, auxiliary in self._auxs.items():
            new.add_auxiliary(name, auxiliary.copy())
        return new

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_source": None, "_native": None, "_unsorted": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._attach(_core.open_description(self._description, _warn, not self.convert_units))


class XTCReader(_NativeReader):
    """Reads GROMACS XTC files for MDAnalysis: ``mda.Universe(top, xtc, format=mdloom.XTCReader)``.

    Shows float32 positions [n_atoms, 3] and cell lengths in Å (nm with ``convert_units=False``), times in ps (from the
    file, or frame * `dt`), and ``ts.data["step"]``. `sub`: indices of the atoms to read, of a topology that has only
    those. `strict`: a file that ends inside a frame is an error instead of a warning. `refresh_offsets` does nothing,
    because the frame index is compared with the file anyway. Of a list of files it makes a ChainReader. Errors:
    FileError, FormatError (both are OSError), ArgumentError. Format: the GROMACS manual, "xtc".
    """

    units = {"time": "ps", "length": "nm"}  # noqa: RUF012
    _writer = XTC.XTCWriter

    @store_init_arguments
    def __init__(
        self,
        filename: str | os.PathLike[str],
        convert_units: bool = True,
        sub: Sequence[int] | np.ndarray | None = None,
        refresh_offsets: bool = False,
        dt: float | None = None,
        *,
        strict: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(filename, convert_units=convert_units, **kwargs)
        self._start(dt, strict, sub)

    def _spacing(self) -> float:
        if self.n_frames == 1:
            return 0
        if self._dt is not None:
            self._ts_kwargs["dt"] = self._dt
            return self._dt
        assert self._native is not None
        return self._native.head(1)[0] - self._native.head(0)[0]

    def _tell_time(self, ts: Any, time: float, step: int) -> None:
        ts.time = time if self._dt is None else ts.frame * self._dt
        ts.data["step"] = step

    def _dimensions_of(self, cell: tuple) -> np.ndarray:
        dimensions = triclinic_box(cell[:3], cell[3:6], cell[6:])
        if self.convert_units:
            self.convert_pos_from_native(dimensions[:3])
        return dimensions

    def Writer(self, filename: str | os.PathLike[str], n_atoms: int | None = None, **kwargs: Any) -> Any:  # noqa: N802
        """MDAnalysis' writer of this format, for as many atoms unless said otherwise."""
        return self._writer(filename, n_atoms=self.n_atoms if n_atoms is None else n_atoms, **kwargs)


class DCDReader(_NativeReader):
    """Reads CHARMM, NAMD and X-PLOR DCD files for MDAnalysis: ``mda.Universe(top, dcd, format=mdloom.DCDReader)``.

    Shows float32 positions [n_atoms, 3] and cell lengths in Å, and times in ps: (frame + first step / interval) * dt,
    where `dt` takes the place of the file's. `strict`: a file that ends inside a frame is an error instead of a
    warning. Of a list of files it makes a ChainReader. Errors: FileError, FormatError (both are OSError),
    ArgumentError. Format: VMD's description of DCD.
    """

    units = {"time": "AKMA", "length": "Angstrom"}  # noqa: RUF012
    flavor = "CHARMM"
    _writer = DCD.DCDWriter
    _axes = "afc"

    @store_init_arguments
    def __init__(
        self,
        filename: str | os.PathLike[str],
        convert_units: bool = True,
        dt: float | None = None,
        *,
        strict: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(filename, convert_units=convert_units, **kwargs)
        self._start(dt, strict)
        if self.n_frames == 1:
            self.ts.data["step"] = 0  # what MDAnalysis' reader shows until the frame is read again

    def _spacing(self) -> float:
        first_step, self.skip_timestep, dt = _core.dcd_times(self.filename)
        self._frames_before = first_step / self.skip_timestep if self.skip_timestep else 0.0
        self._ts_kwargs["dt"] = dt if self._dt is None else self._dt
        return self._ts_kwargs["dt"]

    def _tell_time(self, ts: Any, time: float, step: int) -> None:
        ts.time = (ts.frame + self._frames_before) * self.ts.dt
        ts.data["step"] = ts.frame + 1  # MDAnalysis': where its file stands, not the simulation's step

    def _dimensions_of(self, cell: tuple) -> np.ndarray:
        """The conventions that MDAnalysis tells apart: cosines, the box matrix of CHARMM, degrees."""
        if not cell:
            return np.zeros(6, np.float32)
        a, gamma, b, beta, alpha, c = cell
        angles = (alpha, beta, gamma)
        if all(-1.0 <= angle <= 1.0 for angle in angles):
            alpha, beta, gamma = (90.0 - np.arcsin(np.float64(cosine)) * 90.0 / (np.pi / 2) for cosine in angles)
        elif any(number < 0.0 for number in cell) or any(angle > 180.0 for angle in angles):
            return triclinic_box((a, gamma, beta), (gamma, b, alpha), (beta, alpha, c))
        return np.array([a, b, c, alpha, beta, gamma])

    @property
    def dimensions(self) -> np.ndarray | None:
        """Cell lengths (Å) and angles (degrees) of the current frame, float32 [6]; None: no cell."""
        return self.ts.dimensions

    def Writer(self, filename: str | os.PathLike[str], n_atoms: int | None = None, **kwargs: Any) -> Any:  # noqa: N802
        """MDAnalysis' writer of this format, with the same spacing, for as many atoms unless said otherwise."""
        n_atoms = self.n_atoms if n_atoms is None else n_atoms
        return self._writer(filename, n_atoms=n_atoms, dt=self.ts.dt, convert_units=self.convert_units, **kwargs)


XTCReader.format = "XTC"
DCDReader.format = "DCD"


def _warn(message: str) -> None:
    """Called by sources, which must not hold their readers."""
    warnings.warn(message, MdloomWarning, stacklevel=2)
