"""Analyses whose result is a trajectory file: what :class:`~mdloom.align.AlignTraj` and `convert` share."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .analysis import NativeAnalysis
from .errors import ArgumentError, MdloomWarning, depth_outside_package
from .trajectory_files import TrajectoryFile
from .universe import file_names


class WrittenTrajectory(NativeAnalysis):
    """Writes `indices` (int64 [n], in their order) of every analysed frame to a file.

    Workers leave encoded frames in a folder beside the file; in the end they are joined in order. The file is there
    whole or not at all, with the same bytes for any number of workers, and an old one stays until then.
    """

    _file: TrajectoryFile

    def __init__(self, universe: Any, indices: np.ndarray) -> None:
        super().__init__(universe)
        self._indices = indices
        self._n_bytes = 0
        self._written: np.ndarray | None = None

    @property
    def filename(self) -> str | None:
        """Where the trajectory is written to, as it was given."""
        return self._file.path

    @property
    def n_bytes(self) -> int:
        """Size of the file that the last run wrote."""
        return self._n_bytes

    def _writes_to(self, file: TrajectoryFile) -> None:
        file.require_no_input(file_names(self.universe))
        self._file = file

    def _while_running(self) -> AbstractContextManager[Any]:
        self._writes_to(self._file)  # things may have changed since
        return self._file.being_written()

    def _require_room(self, n_workers: int) -> None:
        if self.n_frames == 0:
            raise ArgumentError(
                f"there is no frame to write to {self.filename}: start, stop, step or frames= chose none"
            )
        self._file.require_room(self.n_frames)

    def _make_analysis(self) -> Any:
        return self._file.make_analysis(self._indices)

    def _take(self, columns: dict[str, Any]) -> None:
        self._written = columns.get("written")
        super()._take(columns)

    def _commit(self) -> None:
        assert self._written is not None
        self._n_bytes, doubt = self._file.join(self._written)
        if doubt is not None:
            warnings.warn(doubt, MdloomWarning, stacklevel=depth_outside_package())

    def _settings(self) -> dict[str, Any]:
        return {"atoms": len(self._indices)}

    def _size_text(self) -> str:
        return f"{len(self._indices)} atoms"
