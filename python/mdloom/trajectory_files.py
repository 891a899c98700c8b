"""Trajectories that a run writes: where they go, whole or not at all, and how the parts of its workers are joined."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from . import _core, memory
from .arguments import number
from .errors import ArgumentError, FileError
from .writers import require_place, whole_or_not_at_all

#: Columns of the engine's "written".
FRAME, TIME, N_BYTES = 1, 2, 3

_AS_USUAL = 3  # decimals of XTC, in nm
_MOST_STEP = 2**31 - 1
_MOST_STEPS = 1000  # between frames of a DCD, to express when its first frame was


class TrajectoryFile:
    """One file to be written; its ending says how. Checked when it is made, and again before work begins.

    `precision`: decimals of XTC's positions in nm. `dt`: of DCD, ps; None: as the frames have it. `replace`: a file
    that is there already; `option` is what the user would say for that. Errors: ArgumentError for endings, numbers and
    files that cannot be honoured, FileError for places that cannot be written to.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        n_atoms: int,
        *,
        replace: bool,
        option: str,
        precision: int = _AS_USUAL,
        dt: float | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self._absolute = os.path.abspath(self.path)
        self.format = _format_of(self.path)
        self.n_atoms, self.replace, self._option = n_atoms, replace, option
        self.precision, self._dt = _checked(self.format, precision, dt)
        self._folder: str | None = None
        self._require_place()

    def require_no_input(self, paths: Iterable[str]) -> None:
        """Nobody reads and replaces the same file. Raises ArgumentError."""
        for path in paths:
            with contextlib.suppress(OSError):
                if os.path.samefile(path, self._absolute):
                    raise ArgumentError(f"{self.path} is the trajectory that is read: write to another file")

    def require_room(self, n_frames: int) -> None:
        """Raises FileError when the disk would be full at the end, as far as that is known beforehand."""
        if self.format != "dcd":
            return  # nobody knows how far XTC will compress
        needed = 2 * n_frames * (56 + 3 * (8 + 4 * self.n_atoms))
        free = shutil.disk_usage(os.path.dirname(self._require_place())).free
        if needed > free:
            raise FileError(
                f"{self.path} takes {memory.as_text(needed / 2)}, and as much again until its parts are joined; "
                f"{memory.as_text(free)} are free there: choose another disk, fewer frames or fewer atoms"
            )

    @contextlib.contextmanager
    def being_written(self) -> Iterator[None]:
        """There is a folder for parts; it is gone at the end, and with it all that was not joined."""
        target = self._require_place()
        with _exclusively(target, self.path):
            folder, name = os.path.split(target)
            self._folder = os.path.join(folder, f".{name}.{secrets.token_hex(6)}.parts")
            try:
                try:
                    os.mkdir(self._folder)
                except OSError as error:
                    raise FileError(f"{self.path} cannot be written: {error.strerror}") from None
                yield
            finally:
                _remove(self._folder)
                self._folder = None

    def make_analysis(self, indices: np.ndarray) -> Any:
        """The engine's; its column "written" is what join() takes."""
        assert self._folder is not None, "being_written() is not entered"
        return _core.written_trajectory(indices, self.format, self.precision, self._folder)

    def join(self, written: np.ndarray) -> tuple[int, str | None]:
        """Puts the parts together; gives the file's size, and a warning or None.

        Raises FileError, and KeyboardInterrupt on Ctrl-C.
        """
        assert self._folder is not None, "being_written() is not entered"
        spacing, doubt = _spacing(written[:, TIME], self._dt) if self.format == "dcd" else ((1.0, 0, 1), None)
        temporary = None
        try:
            with whole_or_not_at_all(self._absolute, f".{self.format}", self.replace) as temporary:
                n_bytes = _core.join_parts(
                    self._folder,
                    np.ascontiguousarray(written),
                    temporary,
                    self.format,
                    self.n_atoms,
                    spacing,
                    f"written by mdloom {_core.__version__}",
                )
        except FileError as error:
            text = str(error) if temporary is None else str(error).replace(temporary, self.path)
            raise FileError(text) from error.__cause__
        return n_bytes, f"{self.path}: {doubt}" if doubt else None

    def _require_place(self) -> str:
        target = require_place(self._absolute)
        if os.path.exists(target) and not self.replace:
            raise FileError(f"{self.path} exists already: give another name, or {self._option} to replace it")
        return target


def from_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """`precision` and `dt` among MDAnalysis' ``writer_kwargs``. Raises ArgumentError for all else."""
    given = dict(options or {})
    for name in given:
        if name not in ("precision", "dt"):
            raise ArgumentError(f"writer_kwargs takes precision (XTC) and dt (DCD), not {name}")
    return given


def _format_of(path: str) -> str:
    name, ending = os.path.basename(path), os.path.splitext(path)[1].lower()
    if ending[1:] not in _core.writable_formats():
        endings = " and ".join(f".{known}" for known in _core.writable_formats())
        raise ArgumentError(
            f"{name or repr(path)}: trajectories are written to {endings}, not to "
            f"{ending or 'a file without an ending'}: give a file name with one of them"
        )
    return ending[1:]


def _checked(kind: str, precision: Any, dt: Any) -> tuple[int, float | None]:
    if isinstance(precision, bool) or not isinstance(precision, (int, np.integer)):
        raise ArgumentError(f"precision takes a whole number of decimals, not {precision!r}")
    if kind == "dcd" and precision != _AS_USUAL:
        raise ArgumentError(f"DCD holds positions as they are: leave out precision={precision}, or write .xtc")
    if kind != "dcd" and dt is not None:
        raise ArgumentError(f".{kind} files hold the time of each frame: leave out dt={dt}, or write .dcd")
    dt = None if dt is None else number("dt", dt)
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise ArgumentError(f"dt is the time between frames in ps, above 0, not {dt!r}")
    _core.written_trajectory(np.zeros(1, np.int64), kind, int(precision), "")  # what only the encoder can know
    return int(precision), dt


def _spacing(times: np.ndarray, dt: float | None) -> tuple[tuple[float, int, int], str | None]:
    """((time between frames in ps, step of the first frame, steps between frames), a warning or None).

    A DCD says no more about times: frame k is at (first + k * between) * dt / between.
    """
    if dt is not None:
        return (dt, 0, 1), None
    if len(times) < 2:
        start = float(times[0]) if len(times) else 0.0
        return ((start, 1, 1) if start > 0 else (1.0, 0, 1)), None
    dt = even_spacing(times)
    if dt is None:
        return (1.0, 0, 1), (
            "DCD has room for evenly spaced, ascending times only, and those of the frames are not: it says 0, 1, 2, "
            "... ps; write .xtc to keep them"
        )
    start = float(times[0]) / dt
    first = Fraction(start).limit_denominator(max(1, min(_MOST_STEPS, int(_MOST_STEP / max(1.0, abs(start))))))
    if abs(first.numerator) > _MOST_STEP:
        return (dt, 0, 1), f"frames begin at {times[0]:g} ps, farther from 0 than DCD can say: it says 0 ps"
    return (dt, first.numerator, first.denominator), None


def even_spacing(times: np.ndarray) -> float | None:
    """ps between frames whose times ascend evenly, as far as float32 numbers, which XTC holds, can tell; else None."""
    if len(times) < 2:
        return None
    dt = float(times[-1] - times[0]) / (len(times) - 1)
    rounding = float(np.spacing(np.float32(np.abs(times).max())))
    apart = np.abs(times - (times[0] + dt * np.arange(len(times)))).max()
    return dt if dt > 0 and apart <= max(0.01 * dt, rounding) else None


_targets: set[str] = set()
_lock = threading.Lock()


@contextlib.contextmanager
def _exclusively(target: str, path: str) -> Iterator[None]:
    with _lock:
        if target in _targets:
            raise ArgumentError(f"{path} is being written already: give each analysis a file of its own")
        _targets.add(target)
    try:
        yield
    finally:
        with _lock:
            _targets.discard(target)


def _remove(folder: str) -> None:
    """Workers that are late find no folder, and need not be waited for."""
    gone = f"{folder}.gone"
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
    for _ in range(3):
        shutil.rmtree(gone, ignore_errors=True)
        if not os.path.exists(gone):
            return
