"""Mean square displacements over time: :class:`EinsteinMSD`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from . import _core, atoms, memory
from .analysis import NativeAnalysis
from .errors import ArgumentError
from .results import Results
from .tables import MSDResults
from .universe import trajectory_of

_DIMENSIONS = {"xyz": [0, 1, 2], "xy": [0, 1], "xz": [0, 2], "yz": [1, 2], "x": [0], "y": [1], "z": [2]}
#: Numbers of a block of atoms along the time axis: what a transform makes of them stays in a core's cache.
_BLOCK = 2**15
#: Positions (float32) on the workers, joined, and as an array; displacements (float64).
_BYTES_PER_ATOM_AND_FRAME = 3 * 12 + 8
#: For each pair of frames its time, its place in the order of times, and its label.
_BYTES_PER_PAIR = 8 + 8 + 8 + 4

_Paths = np.ndarray  # [n_atoms, n_dimensions, n_frames]


class EinsteinMSD(NativeAnalysis):
    r"""Mean square displacement of atoms over time lags (Einstein relation), for self-diffusion.

    :math:`MSD(\tau) = \langle |x(t + \tau) - x(t)|^2 \rangle` over all times t, for each atom, then over atoms.
    Diffusion coefficient: the slope over the linear part, divided by twice ``dim_fac``.

    Parameters: `u`, Universe or AtomGroup. `select`: a selection from it; each atom counts once, in the order of
    indices. `msd_type`: the dimensions that count, "xyz", "xy", "xz", "yz", "x", "y" or "z". `fft`: True computes by
    Fourier transforms, False by adding up all pairs of frames; the same but for rounding. `non_linear`: displacements
    by time difference instead of by lag, also done where the frames' times are not evenly spaced. `unwrap`, how atoms
    cross the box: None refuses a trajectory in which an atom jumps farther than to its nearest image from one analysed
    frame to the next; True adds up the steps to nearest images, in the box of the later frame, which may change (von
    Buelow, Bullerjahn & Hummer 2020, doi:10.1063/5.0008316), so atoms must move less than half the box between analysed
    frames; False takes positions as they are. `verbose`: run() shows a progress bar. Whatever order ``run(frames=...)``
    has, paths follow that of the trajectory.

    Results: ``results.msds_by_particle``, float64 [n_lags, n_atoms], Å²; ``results.timeseries``, float64 [n_lags], its
    mean over atoms, Å²; ``results.delta_t_values``, float64 [n_lags], ps: multiples of the first time step, or with
    `non_linear` all differences that there are. n_lags is n_frames, or the number of different times. Also
    ``n_particles``, ``dim_fac``, ``ag``. The bits are the same for any n_jobs and scheduler.

    Errors: ArgumentError (a ValueError) for empty and updating groups, other dimensions, wrapped trajectories, frames
    without a box when they are to be unwrapped, and when positions and results do not fit into memory.

    Method: Calandrini et al. 2011, doi:10.1051/sfn/201112010 (fft).
    """

    name = "msd"

    def __init__(
        self,
        u: Any,
        select: str | Sequence[str] = "all",
        msd_type: str = "xyz",
        fft: bool = True,
        non_linear: bool = False,
        *,
        unwrap: bool | None = None,
        verbose: bool = False,
    ) -> None:
        group = atoms.as_group("u", u)
        super().__init__(group.universe)
        trajectory_of(self.universe)
        self.ag = atoms.select("u", group, select).unique
        self.select = select
        if not isinstance(msd_type, str) or msd_type.lower() not in _DIMENSIONS:
            raise ArgumentError(f"msd_type takes one of {', '.join(_DIMENSIONS)}, not {msd_type!r}")
        self.msd_type = msd_type
        self._dimensions = _DIMENSIONS[msd_type.lower()]
        self.dim_fac = len(self._dimensions)
        self.fft, self.non_linear = _truth("fft", fft), _truth("non_linear", non_linear)
        self.unwrap = None if unwrap is None else _truth("unwrap", unwrap)
        self.n_particles = len(self.ag)
        self._verbose = verbose

    @property
    def times(self) -> np.ndarray:
        """Time of each frame, ps, float64 [n_frames]."""
        return self.results._times

    def _settings(self) -> dict[str, Any]:
        keys = ("select", "msd_type", "fft", "non_linear", "unwrap")
        return {**{key: getattr(self, key) for key in keys}, "atoms": self.n_particles}

    def _require_room(self, n_workers: int) -> None:
        """n_workers is 0 where none is here: then all cores share what comes after."""
        self._n_threads = n_workers or _core.usable_cores()
        n_pairs = self.n_frames * (self.n_frames - 1) // 2 if self.non_linear else 0
        blocks = self._n_threads * 192 * max(_BLOCK, self.n_frames)
        needed = self.n_particles * self.n_frames * _BYTES_PER_ATOM_AND_FRAME + n_pairs * _BYTES_PER_PAIR + blocks
        self._refuse_beyond_memory(needed, "positions, three times over while they are gathered, and displacements")

    def _refuse_beyond_memory(self, n_bytes: int, what: str) -> None:
        what = f"{what}, of {self.n_particles} atoms in {self.n_frames} frames"
        memory.require(n_bytes, what, "give fewer atoms (select=) or fewer frames (step=)")

    def _make_analysis(self) -> Any:
        return _core.positions(atoms.indices(self.ag))

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        times, frames = columns["time"], columns["frame"].astype(np.int64)
        lags = _Lags(times, self.non_linear, self._refuse_labels)
        # paths follow the trajectory; `place` puts them into the order that was asked for
        _, first, place = np.unique(frames, return_index=True, return_inverse=True)
        boxes = columns["box"]
        if self.unwrap is None and boxes.any():
            self._refuse_jumps(columns, frames, first)
        elif self.unwrap:
            self._refuse_gaps(boxes, frames)
        walk = _core.Walk(columns["positions"], boxes if self.unwrap else np.zeros_like(boxes), first)

        def of_atoms(first_atom: int, stop: int) -> np.ndarray:
            paths = np.asarray(walk.paths(first_atom, stop, bool(self.unwrap)))
            if not np.array_equal(place, np.arange(len(place))):
                paths = paths[:, :, place]
            if self.dim_fac < 3:
                paths = paths[:, self._dimensions]
            return lags.means_of(np.ascontiguousarray(paths), self.fft)

        msds = np.zeros((len(lags.values), self.n_particles))

        def fill(block: tuple[int, int]) -> None:
            msds[:, slice(*block)] = of_atoms(*block).T

        self._for_each_block(fill, len(frames))
        found = MSDResults(msds_by_particle=msds, timeseries=msds.mean(axis=1), delta_t_values=lags.values)
        found._times = times
        found._msd_type = self.msd_type.lower()
        return found

    def _for_each_block(self, work: Callable[[tuple[int, int]], Any], n_frames: int) -> list[Any]:
        """On as many threads as the run had workers; blocks of atoms depend on the number of frames only."""
        blocks = list(_blocks(self.n_particles, n_frames))
        if self._n_threads == 1 or len(blocks) < 2 or not n_frames:
            return [work(block) for block in blocks] if n_frames else []
        with ThreadPoolExecutor(min(self._n_threads, len(blocks)), "mdloom-msd") as pool:
            return list(pool.map(work, blocks))

    def _refuse_labels(self, n_values: int, n_pairs: int) -> None:
        self._refuse_beyond_memory(
            n_values * self.n_particles * 8 + n_pairs * _BYTES_PER_PAIR,
            f"displacements over {n_values} different times" if n_values else "pairs of frames by time difference",
        )

    def _refuse_jumps(self, columns: dict[str, np.ndarray], frames: np.ndarray, first: np.ndarray) -> None:
        # while a run lasts, frames may be missing in between: nobody knows what happened there
        wanted = np.unique(np.asarray(self._selected, dtype=np.int64))
        gaps = np.flatnonzero(np.diff(np.searchsorted(wanted, frames[first])) > 1) + 1
        for part in np.split(first, gaps):
            walk = self._walk_through(columns, part)
            found = self._for_each_block(partial(_first_jump, walk), len(part))
            jumps = [jump for jump in found if jump is not None]
            if jumps:
                step, atom, distance, nearest = min(jumps)
                before, after = frames[part[step - 1]], frames[part[step]]
                raise ArgumentError(
                    f"{atoms.text_of(self.ag[atom])} moves {distance:.1f} Å from frame {before} to frame {after}, but "
                    f"only {nearest:.1f} Å to its nearest image: the trajectory is wrapped into its box, or atoms move "
                    "more than half of it between the frames that are analysed. Give unwrap=True to add up the steps "
                    "to nearest images, or unwrap=False if it is whole (as gmx trjconv -pbc nojump makes it)"
                )

    def _walk_through(self, columns: dict[str, np.ndarray], part: np.ndarray) -> Any:
        try:
            return _core.Walk(columns["positions"], columns["box"], part)
        except ArgumentError as error:
            raise ArgumentError(f"{error}; unwrap=False takes positions as they are, without a box") from None

    def _refuse_gaps(self, boxes: np.ndarray, frames: np.ndarray) -> None:
        without = np.flatnonzero(~boxes.any(axis=(1, 2)))
        if len(without):
            raise ArgumentError(
                f"frame {frames[without].min()} has no box to unwrap in: give unwrap=False, or boxes with "
                "u.trajectory.add_transformations(MDAnalysis.transformations.set_dimensions(...))"
            )
        wanted = np.unique(np.asarray(self._selected, dtype=np.int64))
        done = np.unique(frames)
        if len(done) and len(done) != np.searchsorted(wanted, done[-1]) + 1 - np.searchsorted(wanted, done[0]):
            raise ArgumentError(
                "frames are missing between those that are done, and unwrapping needs them: ask for partial() later"
            )

    def _size_text(self) -> str:
        return f"{self.n_particles} atoms"


class _Lags:
    """Over which times displacements are averaged, ps, and how."""

    values: np.ndarray
    _labels: np.ndarray | None = None

    def __init__(self, times: np.ndarray, non_linear: bool, refuse: Callable[[int, int], None]) -> None:
        steps = np.diff(times)
        n = len(times)
        if not (non_linear or (len(steps) > 1 and not np.allclose(steps, steps[0]))):
            self.values = np.arange(n) * (steps[0] if len(steps) else 0.0)
            return
        n_pairs = n * (n - 1) // 2
        refuse(0, n_pairs)
        differences = np.concatenate([times[i + 1 :] - times[i] for i in range(n)]) if n else np.empty(0)
        # 0 is there once, also where frames are given twice: those pairs do not count
        self.values, labels = np.unique(np.append(differences, np.zeros(min(n, 1))), return_inverse=True)
        refuse(len(self.values), n_pairs)
        self._labels = np.where(differences == 0, -1, labels[:n_pairs]).astype(np.int32)
        self._counts = np.bincount(self._labels[self._labels >= 0], minlength=len(self.values)).astype(np.int64)

    def means_of(self, paths: _Paths, fft: bool) -> np.ndarray:
        """[n_atoms, n_lags], Å²."""
        if self._labels is not None:
            return np.asarray(_core.mean_squares_by_label(paths, self._labels, self._counts))
        return _by_transform(paths) if fft else np.asarray(_core.mean_squares_by_lag(paths))


def _by_transform(paths: _Paths) -> np.ndarray:
    """sum |x(k + m) - x(k)|^2 = sum |x(k + m)|^2 + |x(k)|^2 - 2 x(k + m) x(k): running sums and a correlation."""
    n = paths.shape[2]
    length = _transform_length(2 * n - 1)
    spectra = np.fft.rfft(paths, length, axis=2)
    power = np.sum(spectra.real**2 + spectra.imag**2, axis=1)
    correlation = np.fft.irfft(power, length, axis=1)[:, :n]
    sums = np.zeros((len(paths), n + 1))
    np.cumsum(np.sum(paths**2, axis=1), axis=1, out=sums[:, 1:])
    squares = sums[:, :0:-1] + sums[:, -1:] - sums[:, :-1]
    means = np.maximum(squares - 2 * correlation, 0) / np.arange(n, 0, -1)
    means[:, 0] = 0
    return means


def _transform_length(least: int) -> int:
    """The least 2^a 3^b 5^c that is no smaller: transforms of such lengths are fast."""
    best = 1 << (least - 1).bit_length()
    odd = [3**b * 5**c for b in range(12) for c in range(9)]
    for factor in odd:
        if factor < best:
            best = min(best, factor << max(0, -(-least // factor) - 1).bit_length())
    return best


def _first_jump(walk: Any, block: tuple[int, int]) -> Any:
    return walk.first_jump(*block)


def _blocks(n_atoms: int, n_frames: int) -> Iterator[tuple[int, int]]:
    length = max(1, _BLOCK // max(1, n_frames))
    return ((first, min(first + length, n_atoms)) for first in range(0, n_atoms, length))


def _truth(what: str, given: Any) -> bool:
    if not isinstance(given, (bool, np.bool_)):
        raise ArgumentError(f"{what} is True or False, not {given!r}")
    return bool(given)
