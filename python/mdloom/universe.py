"""MDAnalysis' Universe as a source of frames. Only this module knows its readers; a user's Universe is never moved."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _core
from .boxes import box_of, boxes_of
from .errors import ArgumentError, TopologyError
from .transformations import native_steps, refuse_memories, require_own_groups

Opened = tuple[_core.Source, str, str, tuple]

NATIVE = {"XTCReader": "XTC", "DCDReader": "DCD", "TRRReader": "TRR", "NCDFReader": "NCDF"}

#: What a native reader may ignore: arguments that change neither positions nor times, or values that mean "as usual".
_HARMLESS = {"filename", "filenames", "n_atoms", "refresh_offsets", "format", "strict", "mmap"}
_AS_USUAL = {
    "convert_units": (True,),
    "sub": (None,),
    "dt": (None,),
    "skip": (1,),
    "continuous": (False,),
    "time_offset": (0,),
}


class FilesAlone:
    """Trajectory files where a Universe is expected, without a topology: how many atoms there are is all that is known.

    Raises FileError and FormatError.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        self.atoms = range(_core.open_files(self.paths).n_atoms)

    def open(self, strict: bool, warn: Callable[[str], Any] | None) -> Opened:
        """As trajectory_source()."""
        source = _core.open_files(self.paths, strict, warn)
        return source, "native", f"{source.name} read natively", ("description", source.describe())


def trajectory_source(universe: Any, strict: bool = False, warn: Callable[[str], Any] | None = None) -> Opened:
    """How mdloom reads what `universe` shows: (source, how, text, reopen).

    `how` is "native" (files of NATIVE formats, decoded here), "memory" (arrays, read in place) or "python" (MDAnalysis
    reads, on a private copy of the Universe). `text` says it to people. `reopen` says how other processes get the same
    frames: ("description", bytes), ("universe", bytes), or ("sent",) when they must be sent. What can be read in
    none of these ways is refused with an ArgumentError that names it; files can raise FileError and FormatError.
    """
    if isinstance(universe, FilesAlone):
        return universe.open(strict, warn)
    trajectory = trajectory_of(universe)
    refuse_streams(trajectory)
    refuse_parts_of_files(trajectory)
    if _is(trajectory, "MemoryReader", "memory"):
        return _memory(trajectory)
    if is_single_frame(trajectory):
        return _single_frame(trajectory)
    return native_source(universe, strict, warn) or _python(universe, trajectory)


def native_source(universe: Any, strict: bool = False, warn: Callable[[str], Any] | None = None) -> Opened | None:
    """As trajectory_source(), of files that are decoded here; None for others. Raises FileError and FormatError."""
    trajectory = universe.trajectory
    paths = _native_paths(trajectory)
    steps = native_steps(trajectory, universe) if paths else None
    source = None if steps is None else _open(paths, strict, warn, trajectory)
    if steps is None or source is None:
        return None
    _require_same_atoms(source, universe)
    # MDAnalysis counted when it opened: a file that has grown since has more frames than the Universe shows
    if source.n_frames > len(trajectory):
        return None
    text = f"{format_names(trajectory)} read natively{' with its transformations' if steps else ''}"
    source = _core.transformed(source, steps)
    return source, "native", text, ("description", source.describe())


def _open(paths: list[str], strict: bool, warn: Callable[[str], Any] | None, trajectory: Any) -> _core.Source | None:
    """The native source; None, with a warning, for files that are right, but of a kind that MDAnalysis has to read."""
    try:
        return _core.open_files(paths, strict, warn, _common_format(trajectory))
    except ArgumentError as error:
        if warn is not None:
            warn(f"{short_name(trajectory)} is read through MDAnalysis: {error}")
        return None


def reopen_source(reopen: tuple) -> _core.Source:
    """The source of trajectory_source() again, in another process. Raises what opening raises."""
    from . import travel

    kind, *what = reopen
    if kind == "description":
        return _core.open_description(what[0])
    if kind == "universe":
        owner = travel.unpack_universe(what[0])
        return _source_of_copy(owner.trajectory, owner)
    raise ArgumentError(f"a trajectory of kind {kind!r} cannot be opened again: its frames must be sent")


def trajectory_of(universe: Any) -> Any:
    """The Universe's trajectory, or an ArgumentError when it has none."""
    try:
        return universe.trajectory
    except AttributeError:
        raise ArgumentError(
            f"{name_of(universe)} holds a topology only: open it with a trajectory, mda.Universe(top, traj)"
        ) from None


def name_of(universe: Any) -> str:
    """The topology's file name, as messages call the Universe."""
    filename = getattr(universe, "filename", None)
    return os.path.basename(str(filename)) if filename else "the Universe"


def names_of_files(universe: Any) -> dict[str, Any]:
    """{"topology": name, "trajectory": name or names}, without the folders, which other machines do not have."""
    names = [os.path.basename(name) for name in file_names(universe)]
    if isinstance(universe, FilesAlone):
        return {"trajectory": names[0] if len(names) == 1 else names}
    trajectory: Any = names[0] if len(names) == 1 else names or type(universe.trajectory).__name__
    return {"topology": name_of(universe), "trajectory": trajectory}


def masses_of(universe: Any) -> np.ndarray | None:
    """float64 [n_atoms], amu; None when the topology holds none."""
    masses = getattr(universe.atoms, "masses", None)  # NoDataError is an AttributeError
    return None if masses is None else np.ascontiguousarray(masses, dtype=np.float64)


def n_atoms_of(topology: str | os.PathLike[str]) -> int:
    """Number of atoms in a structure file, by MDAnalysis' parsers. Raises ArgumentError and TopologyError."""
    path = os.fspath(topology)
    try:
        from MDAnalysis.core._get_readers import get_parser_for
    except ImportError:
        raise ArgumentError(f'{path} is read through MDAnalysis: pip install "mdloom[mda]"') from None
    try:
        with get_parser_for(path)(path) as parser:
            return int(parser.parse().n_atoms)
    except (ValueError, OSError) as error:
        raise TopologyError(f"{path} cannot be read as a topology: {error}") from None


def positions_at(universe: Any, atoms: np.ndarray, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions float32 [n, 3] of `atoms` (any order, repeats) and box [3, 3] in a frame. The Universe stays."""
    source = trajectory_source(universe)[0]
    n_frames = source.n_frames
    if not isinstance(frame, (int, np.integer)):
        raise ArgumentError(f"ref_frame takes the index of a frame, not {frame!r}")
    if not -n_frames <= frame < n_frames:
        raise ArgumentError(f"ref_frame {frame} is outside the reference's trajectory with its {n_frames} frames")
    wanted, places = np.unique(np.asarray(atoms, np.int64), return_inverse=True)
    positions, _, boxes = source.read(wanted, frame % n_frames, 1, 1)
    return positions[0][places], boxes[0]


def decoding_reader(trajectory: Any, strict: bool = False) -> Any | None:
    """A reader of mdloom.readers that shows what `trajectory` shows, or None where there is none.

    None for TRR and NCDF: these files hold velocities and forces, which Timesteps must show and only MDAnalysis reads.
    It is for copies of the Universe: transformations are its own, too, but not applied yet. Warns of torn frames.
    Raises FileError and FormatError.
    """
    if _is_ours(trajectory) or trajectory.aux_list:
        return None
    if trajectory.transformations and _is(trajectory, "ChainReader", "chain"):
        return None
    paths = _native_paths(trajectory)
    kinds = {type(reader).__name__ for reader in _readers(trajectory)}
    if not paths or len(kinds) > 1:
        return None
    from . import readers

    kind = getattr(readers, kinds.pop(), None)
    if kind is None:
        return None
    reader = kind(paths if len(paths) > 1 else paths[0], strict=strict)
    if reader.n_atoms != trajectory.n_atoms:
        return None
    if trajectory.transformations:
        reader.transformations = trajectory.transformations
    return reader


# Which way to read


def _is(reader: Any, class_name: str, module: str | None = None) -> bool:
    """Exactly this class of MDAnalysis, or of mdloom.readers: a subclass may read differently."""
    kind = type(reader)
    is_known = _is_ours(reader) or kind.__module__.startswith("MDAnalysis.coordinates." + (module or ""))
    return kind.__name__ == class_name and is_known


def _is_ours(reader: Any) -> bool:
    return type(reader).__module__ == "mdloom.readers"


def is_decoded_here(trajectory: Any) -> bool:
    """Whether its readers are those of mdloom.readers."""
    return all(map(_is_ours, _readers(trajectory)))


def is_single_frame(trajectory: Any) -> bool:
    """Whether its one frame shows the user's edits for good: it is never read again."""
    from MDAnalysis.coordinates.base import SingleFrameReaderBase

    return isinstance(trajectory, SingleFrameReaderBase)


def refuse_streams(trajectory: Any) -> None:
    """Raises ArgumentError for trajectories whose length nobody knows."""
    try:
        len(trajectory)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError) as error:
        raise ArgumentError(
            f"{type(trajectory).__name__} is a stream of unknown length ({error}): write it to a file and analyse that"
        ) from None


def refuse_parts_of_files(trajectory: Any) -> None:
    """Raises ArgumentError for files opened with sub=."""
    for reader in _readers(trajectory):
        if getattr(reader, "_sub", None) is not None and not _is_ours(reader):
            raise ArgumentError(
                f"{_one_format(reader)} files opened with sub= cannot be read: MDAnalysis' reader writes the whole "
                "frame into the part's memory (seen in 2.11, the process dies); open the whole system and analyse a "
                "group of it"
            )


def _readers(trajectory: Any) -> list[Any]:
    return list(trajectory.readers) if _is(trajectory, "ChainReader", "chain") else [trajectory]


def _native_paths(trajectory: Any) -> list[str]:
    """The files to decode natively; empty: MDAnalysis has to read."""
    readers = _readers(trajectory)
    if any(reader.transformations for reader in readers if reader is not trajectory):
        return []
    if len(readers) > 1 and (not _as_usual(trajectory) or sum(r.n_frames for r in readers) != len(trajectory)):
        return []
    for reader in readers:
        if not any(_is(reader, name) for name in NATIVE) or not _as_usual(reader):
            return []
    return [os.path.abspath(os.fspath(reader.filename)) for reader in readers]


def _as_usual(reader: Any) -> bool:
    """Whether the reader was made without arguments that native reading would not honour."""
    arguments = getattr(reader, "_kwargs", None)
    if arguments is None:
        return False
    return all(name in _HARMLESS or _is_usual(value, _AS_USUAL.get(name, ())) for name, value in arguments.items())


def _is_usual(value: Any, usual: tuple) -> bool:
    return any(value is one or (np.ndim(value) == 0 and value == one) for one in usual)


def format_names(trajectory: Any) -> str:
    """For people: `XTC`, `3 XTC files`."""
    readers = _readers(trajectory)
    names = "+".join(sorted({NATIVE.get(type(r).__name__, _one_format(r)) for r in readers}))
    return names if len(readers) == 1 else f"{len(readers)} {names} files"


def _common_format(trajectory: Any) -> str:
    """Of files that are all of one kind, whatever they are called; empty: their endings tell."""
    formats = {NATIVE[type(reader).__name__] for reader in _readers(trajectory)}
    return formats.pop() if len(formats) == 1 else ""


def _one_format(reader: Any) -> str:
    known = getattr(reader, "format", None) or type(reader).__name__
    return known if isinstance(known, str) else str(known[0])


def _require_same_atoms(source: _core.Source, universe: Any) -> None:
    if source.n_atoms != len(universe.atoms):
        raise TopologyError(
            f"{source.name} has {source.n_atoms} atoms, {name_of(universe)} has {len(universe.atoms)}: "
            "not the same system"
        )


# Arrays in memory


def _memory(trajectory: Any) -> Opened:
    """Transformations of a MemoryReader are in its array already."""
    order = trajectory.stored_order
    positions = np.transpose(trajectory.get_array(), [order.index(axis) for axis in "fac"])
    offset = trajectory.ts.data.get("time_offset", 0.0)
    times = np.arange(len(trajectory), dtype=np.float64) * trajectory.ts.dt + offset
    boxes = boxes_of(np.asarray(trajectory.dimensions_array, np.float32))
    return _core.memory_source(positions, times, boxes), "memory", "memory read in place", ("sent",)


def _single_frame(trajectory: Any) -> Opened:
    """The one frame as it is now, with the user's edits: MDAnalysis' own iteration shows it so."""
    ts = trajectory.ts
    positions = np.array(ts.positions, dtype=np.float32)[np.newaxis]
    source = _core.memory_source(positions, np.array([float(ts.time)]), box_of(ts)[np.newaxis])
    return source, "python", f"{_one_format(trajectory)} read through MDAnalysis", ("sent",)


def step_of(ts: Any) -> int:
    """The simulation's step; 0 where the file has none."""
    step = ts.data.get("step", 0)
    return int(step) if isinstance(step, (int, np.integer)) else 0


# Reading through MDAnalysis


class _PrivateCopy:
    """Reads frames from a copy that nobody else sees; serves all readers of a source, one at a time."""

    def __init__(self, trajectory: Any, universe: Any) -> None:
        self._trajectory = trajectory
        self._universe = universe  # which carries the transformations' groups
        self._lock = threading.Lock()

    def read(self, frame_index: int, wanted: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, tuple, int]:
        with self._lock:
            ts = self._trajectory[frame_index]
            positions = np.ascontiguousarray(ts.positions[wanted], dtype=np.float32)
            return positions, float(ts.time), box_of(ts), (), step_of(ts)


def _python(universe: Any, trajectory: Any) -> Opened:
    from . import travel

    refuse_memories(trajectory)
    text = f"{format_names(trajectory)} read through MDAnalysis"
    if trajectory.transformations:
        text += " with its transformations"
    reopen: tuple = ("sent",)
    owner = None
    try:
        packed = travel.pack_universe(universe)
        owner = travel.unpack_universe(packed)
        copy = owner.trajectory
        if all(map(os.path.isabs, _names_of(trajectory))):  # a worker may stand in another directory
            reopen = ("universe", packed)
    except Exception:  # a reader or a transformation may raise anything here
        copy = _copied(trajectory)
    require_own_groups(copy, universe)
    return _source_of_copy(copy, owner, len(trajectory)), "python", text, reopen


def _source_of_copy(trajectory: Any, owner: Any, n_frames: int | None = None) -> _core.Source:
    copy = _PrivateCopy(trajectory, owner)
    return _core.python_source(lambda: copy, trajectory.n_atoms, n_frames or len(trajectory), short_name(trajectory))


def file_names(universe: Any) -> list[str]:
    """The files of its trajectory, as they were given."""
    return universe.paths if isinstance(universe, FilesAlone) else _names_of(universe.trajectory)


def short_name(trajectory: Any) -> str:
    """For messages: the file, and how many more."""
    names = _names_of(trajectory)
    name = os.path.basename(names[0]) if names else type(trajectory).__name__
    return name if len(names) < 2 else f"{name} and {len(names) - 1} more"


def _names_of(trajectory: Any) -> list[str]:
    if _is(trajectory, "ChainReader", "chain"):
        names: Sequence[Any] = list(trajectory.filenames)
    else:
        names = [getattr(trajectory, "filename", None)]
    return [str(name) for name in names if name is not None]


def _copied(trajectory: Any) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return trajectory.copy()
    except Exception as error:  # as above
        raise ArgumentError(
            f"{type(trajectory).__name__} can be neither pickled nor copied ({error}): mdloom would have to move your "
            "Universe to read it; write the trajectory to a file, or u.transfer_to_memory()"
        ) from None
