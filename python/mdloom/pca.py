"""Principal components of a group's motion: :class:`PCA`, :class:`Projection`, and how to compare them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, atoms, frame_tables, memory, subspaces, tables
from .analysis import NativeAnalysis
from .changing_groups import changes_with_frames
from .errors import ArgumentError, MdloomWarning, depth_outside_package
from .first_frame import FirstFrame
from .fitting import SettledFit, settled_fit
from .results import Results
from .subspaces import cosine_content, cumulative_overlap, rmsip
from .universe import trajectory_of

__all__ = ["PCA", "Projection", "cosine_content", "cumulative_overlap", "rmsip"]

#: In matrices of 8 bytes for each pair of coordinates. A worker's state, and another while it is handed in; here the
#: merged state, the covariances, their eigenvectors, and what finding these takes.
_MATRICES_PER_WORKER, _MATRICES_HERE = 2, 7


class PCA(NativeAnalysis):
    r"""Principal component analysis: the directions in which a group's atoms move together, the widest motion first.

    They are the eigenvectors of the covariances of all coordinates,
    :math:`C_{ij} = \sum (x_i - \bar x_i)(x_j - \bar x_j) / (n - 1)` over n frames (Amadei, Linssen & Berendsen 1993,
    doi:10.1002/prot.340170408).

    Parameters: `universe`, a Universe or an AtomGroup; `select`, the atoms of it, selected now. `align`: superpose
    every frame on the first analysed one, by these atoms and without weights; the Universe is not moved. `mean`: float
    [n_atoms, 3], Å, in place of the mean over frames. `n_components`: how many to keep; None: all. `fit`: another way
    to superpose frames, as RMSF has it: a selection, an AtomGroup or :class:`mdloom.align.Fit`. `verbose`: run() shows
    a progress bar.

    Results, float64: ``results.p_components`` [3 n_atoms, n_components], columns of unit length, x, y, z of the first
    atom first; ``results.variance`` [n_components], Å²; ``results.cumulated_variance``, the fraction of all variance in
    a component and those before it; ``results.mean`` [n_atoms, 3], Å. Also as attributes of the object, with `cov`
    [3 n_atoms, 3 n_atoms], Å². An eigenvector and its negative are as good: its largest number is made positive. The
    covariances are exact sums of the coordinates' integers on a grid of 2^-31 Å, with the same bits for any cut of the
    frames. Without frames all is NaN.

    Errors: ArgumentError (a ValueError) for groups that are empty or change with the frames, for a mean of other atoms,
    for a single frame, for coordinates beyond 2^14 Å, and when the covariances do not fit into memory.
    """

    name = "pca"

    def __init__(
        self,
        universe: Any,
        select: Any = "all",
        align: bool = False,
        mean: Any = None,
        n_components: int | None = None,
        *,
        fit: Any = None,
        verbose: bool = False,
    ) -> None:
        if not isinstance(align, (bool, np.bool_)):
            raise ArgumentError(f"align is True or False, not {align!r}; other ways to superpose frames are fit=")
        if align and fit is not None:
            raise ArgumentError("align=True is a fit by the atoms themselves: give fit= or align=, not both")
        group = atoms.as_group("universe", universe)
        super().__init__(group.universe)
        trajectory_of(self.universe)
        self._atoms = atoms.select("universe", group, _not_changing(select))
        self._mean = None if mean is None else _positions_like("mean", mean, len(self._atoms))
        self._n_components = _checked_count(n_components)
        self._asked = {"select": select, "align": bool(align), "mean": "given" if self._mean is not None else None}
        self.align = bool(align)
        self._fit = settled_fit(self._atoms if align else fit, self.universe)
        self._verbose = verbose
        self._make_analysis()  # says now what is wrong with the mean
        self._first_positions: np.ndarray | None = None

    @property
    def p_components(self) -> np.ndarray:
        """``results.p_components``."""
        return self.results.p_components

    @property
    def variance(self) -> np.ndarray:
        """``results.variance``."""
        return self.results.variance

    @property
    def cumulated_variance(self) -> np.ndarray:
        """``results.cumulated_variance``."""
        return self.results.cumulated_variance

    @property
    def mean(self) -> np.ndarray:
        """``results.mean``."""
        return self.results.mean

    @property
    def cov(self) -> np.ndarray:
        """The covariances, Å², float64 [3 n_atoms, 3 n_atoms]."""
        return self._done("cov")._covariance

    @property
    def n_components(self) -> int | None:
        """How many components the results show; may be set, also after run(), which found all of them."""
        return len(self.results.variance) if self.results else self._n_components

    @n_components.setter
    def n_components(self, n: int | None) -> None:
        """Takes a number above 0, or None for all. Raises ArgumentError."""
        self._n_components = _checked_count(n)
        if self.results:
            self.results._show(self._n_components)

    def transform(
        self,
        atomgroup: Any,
        n_components: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        verbose: bool = False,
        *,
        align: bool = False,
        **how: Any,
    ) -> np.ndarray:
        """Project frames on the components: float64 [n_frames, n_components], Å.

        `atomgroup`: an AtomGroup or Universe with as many atoms, in the same order; its own trajectory is read.
        `n_components`: None: those of the results. Frames are taken as they stand, as in MDAnalysis, also after
        PCA(align=True); `align=True`: superposed as for that. `how`: arguments of run(), as ``n_jobs``, ``frames``.
        Errors: ArgumentError before run(), and for groups that do not fit.
        """
        projection = Projection(atomgroup, self, n_components, align=align)
        return projection.run(start, stop, step, verbose=verbose, **how).results.projections

    def project_single_frame(self, components: Any = None, group: Any = None, anchor: str | None = None) -> Any:
        """A transformation that moves the atoms of the PCA to what some components say: a motion filtered by them.

        `components`: an index or indices, 0-based; None: those of the results. `group` with `anchor`: other atoms of
        its residues follow the one atom of the PCA in each residue that the selection `anchor` finds. Returns a
        function of a Timestep, for ``u.trajectory.add_transformations()``; it moves the atoms of the PCA's Universe.
        Errors: ArgumentError before run(), and for residues without an anchor, or with several.
        """
        found = self._done("project_single_frame")
        chosen = slice(found.p_components.shape[1]) if components is None else np.atleast_1d(components)
        try:
            vectors = found._vectors[:, chosen]
        except IndexError:
            raise ArgumentError(f"components={components!r}: there are {len(found._variances)}, from 0 on") from None
        return subspaces.ProjectedFrame(self._atoms, found.mean, vectors, group, anchor)

    def rmsip(self, other: Any, n_components: Any = None) -> float:
        """:func:`rmsip` of these components and those of `other`, a PCA that was run."""
        return rmsip(self._done("rmsip").p_components.T, _components_of(other).T, n_components)

    def cumulative_overlap(self, other: Any, i: int = 0, n_components: int | None = None) -> float:
        """:func:`cumulative_overlap` of component i with those of `other`, a PCA that was run."""
        return cumulative_overlap(
            self._done("cumulative_overlap").p_components.T, _components_of(other).T, i, n_components
        )

    def _done(self, what: str) -> Any:
        if not self.results:
            raise ArgumentError(f"{what} needs principal components: call run() first")
        return self.results

    def _begin(self, frames: Any, blocks: Any) -> None:
        if len(frames) == 1:
            raise ArgumentError("one frame has no covariance: choose at least two (start, stop, step, frames)")
        super()._begin(frames, blocks)
        self._first_positions = None

    def _require_room(self, n_workers: int) -> None:
        n = len(self._atoms)
        memory.require(
            72 * n * n * (_MATRICES_HERE + _MATRICES_PER_WORKER * n_workers),
            f"the covariances of {n} atoms{memory.with_workers(n_workers)}",
            'select fewer atoms (select="name CA"), or use fewer workers (n_jobs)',
        )

    def _doubts(self, first_frame: FirstFrame | None) -> Sequence[str]:
        if first_frame is None:
            return super()._doubts(first_frame)
        self._first_positions = first_frame.positions_of(self._atoms).astype(np.float64)
        doubt = first_frame.broken_across_box(self._atoms, "principal components")
        return super()._doubts(first_frame) if doubt is None else [doubt]

    def _make_analysis(self) -> Any:
        return _core.covariance(atoms.indices(self._atoms), self._mean)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        found = tables.PCAResults()
        found._covariance = columns["covariance"]
        found._variances, found._vectors = subspaces.principal_components(found._covariance)
        found._show(self._n_components)
        found["mean"] = columns["mean"]
        return found

    def _settings(self) -> dict[str, Any]:
        return {**self._asked, "n_components": self._n_components, "atoms": len(self._atoms)}

    def _size_text(self) -> str:
        return f"{len(self._atoms)} atoms"


class Projection(NativeAnalysis):
    r"""Each frame's place along principal components, :math:`p_k = \sum_i v_{ik} (x_i - \bar x_i)`.

    Parameters: `atomgroup`, an AtomGroup or Universe with the atoms of the PCA, in the same order; `pca`, a
    :class:`PCA` that was run; `n_components`, how many components; None: those of its results. `align`: superpose every
    frame on the reference of a PCA with ``align=True``.

    Results: ``results.projections``, float64 [n_frames, n_components], Å; ``results.times`` [n_frames], ps.

    Errors: ArgumentError (a ValueError) for a PCA that was not run, or of another number of atoms.
    """

    name = "projection"

    def __init__(self, atomgroup: Any, pca: PCA, n_components: int | None = None, *, align: bool = False) -> None:
        if not isinstance(pca, PCA):
            raise ArgumentError(f"pca takes a mdloom.pca.PCA, not {type(pca).__name__}")
        found = pca._done("a projection")
        self.atomgroup = atoms.static_group("atomgroup", atomgroup)
        super().__init__(self.atomgroup.universe)
        trajectory_of(self.universe)
        if len(self.atomgroup) != len(pca._atoms):
            raise ArgumentError(
                f"the PCA is of {len(pca._atoms)} atoms, atomgroup has {len(self.atomgroup)}: select the same atoms"
            )
        n = found.p_components.shape[1] if n_components is None else _checked_count(n_components)
        if n > len(found._variances):
            raise ArgumentError(f"n_components is {n}, and there are {len(found._variances)}")
        self._mean, self._vectors = found.mean, np.ascontiguousarray(found._vectors[:, :n].T)
        if not np.isfinite(self._vectors).all():
            raise ArgumentError("the PCA found no components, as it had no frames: run it on some")
        if align:
            self._fit = _fit_on(pca, self.atomgroup)
        _warn_of_other_types(pca._atoms, self.atomgroup)

    @property
    def projections(self) -> np.ndarray:
        """``results.projections``."""
        return self.results.projections

    def _require_room(self, n_workers: int) -> None:
        memory.require(
            self._vectors.nbytes * (2 + n_workers) + 24 * self.n_frames * len(self._vectors),
            f"projections on {len(self._vectors)} components of {len(self.atomgroup)} atoms in {self.n_frames} frames"
            f"{memory.with_workers(n_workers)}",
            "take fewer components (n_components)",
        )

    def _make_analysis(self) -> Any:
        return _core.projection(atoms.indices(self.atomgroup), self._mean, self._vectors)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        rows = columns["projections"]
        projections = np.ascontiguousarray(rows[:, 2:])
        return frame_tables.ProjectionResults(projections=projections, times=rows[:, 1].copy())

    def _settings(self) -> dict[str, Any]:
        return {"n_components": len(self._vectors), "atoms": len(self.atomgroup)}

    def _size_text(self) -> str:
        return f"{len(self.atomgroup)} atoms on {len(self._vectors)} components"


def _not_changing(select: Any) -> Any:
    for selection in atoms.selections_of(select):
        if changes_with_frames(selection):
            raise ArgumentError(
                f'select="{selection}" looks at coordinates, and the same atoms are needed in every frame: select them '
                "yourself and give the group, PCA(u.select_atoms(...))"
            )
    return select


def _positions_like(what: str, given: Any, n_atoms: int) -> np.ndarray:
    try:
        positions = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise ArgumentError(f"{what} takes positions, [n_atoms, 3] in Å, not {type(given).__name__}") from None
    if positions.shape != (n_atoms, 3):
        raise ArgumentError(f"{what} has the shape {positions.shape}, and {n_atoms} atoms are selected: {(n_atoms, 3)}")
    return positions


def _checked_count(n: Any) -> Any:
    if n is None or (isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0):
        return n
    raise ArgumentError(f"n_components is None or a number above 0, not {n!r}")


def _components_of(other: Any) -> np.ndarray:
    found = getattr(other, "results", None)
    if found is None:
        raise ArgumentError(f"other is a PCA, not {type(other).__name__}")
    if "p_components" not in found:
        raise ArgumentError("the other PCA has no components yet: call its run() first")
    return found["p_components"]


def _fit_on(pca: PCA, group: Any) -> SettledFit:
    if not pca.align or pca._first_positions is None:
        raise ArgumentError("align=True superposes as PCA(align=True) did, and this one did not")
    return SettledFit.on(group, pca._first_positions)


def _warn_of_other_types(own: Any, other: Any) -> None:
    types = [getattr(group, "types", None) for group in (own, other)]  # NoDataError is an AttributeError
    if types[0] is None or types[1] is None:
        return
    differ = np.flatnonzero(types[0] != types[1])
    if len(differ):
        first = int(differ[0])
        warnings.warn(
            f"{len(differ)} atoms have other types than those of the PCA, first {atoms.text_of(other[first])} and "
            f"{atoms.text_of(own[first])}: are these the same atoms in the same order?",
            MdloomWarning,
            stacklevel=depth_outside_package(),
        )
