"""What is done with covariances and principal components once they are known: plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ArgumentError


def principal_components(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(variances [n], descending, not negative; vectors [n, n], columns whose largest number is positive)."""
    if not np.isfinite(covariance).all():
        return np.full(len(covariance), np.nan), np.full(covariance.shape, np.nan)
    variances, vectors = np.linalg.eigh(covariance)
    vectors = np.ascontiguousarray(vectors[:, ::-1])
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[np.newaxis], axis=0)
    vectors *= np.where(largest < 0, -1.0, 1.0)
    return np.maximum(variances[::-1], 0), vectors


def rmsip(a: Any, b: Any, n_components: Any = None) -> float:
    """Root mean square inner product of two subspaces: 0 when they are orthogonal, 1 when they are the same.

    `a`, `b`: [n_components, n_features], as ``p_components.T``. `n_components`: how many vectors of each, one number or
    one for each; None: all. Symmetric for equal numbers only. Errors: ArgumentError. Amadei, Ceruso & Di Nola 1999,
    doi:10.1002/(SICI)1097-0134(19990901)36:4<419::AID-PROT5>3.0.CO;2-U.
    """
    counts = list(n_components) if np.iterable(n_components) else [n_components, n_components]
    if len(counts) not in (1, 2):
        raise ArgumentError(f"n_components is one number or two, not {len(counts)}")
    first, second = _leading(a, counts[0]), _leading(b, counts[-1])
    _require_same_features(first, second)
    return float(np.sqrt(((first @ second.T) ** 2).sum() / len(first)))


def cumulative_overlap(a: Any, b: Any, i: int = 0, n_components: int | None = None) -> float:
    """How much of a vector lies in a subspace: 0 when it is orthogonal to it, 1 when it is in it.

    `a`: the vector, or [n_components, n_features], of which it is number i; `b`: the subspace, of which `n_components`
    vectors count (None: all). Errors: ArgumentError. Yang, Song, Carriquiry & Jernigan 2008,
    doi:10.1016/j.str.2007.12.011.
    """
    vector, space = np.atleast_2d(np.asarray(a, dtype=np.float64))[i], _leading(b, n_components)
    _require_same_features(vector[np.newaxis], space)
    lengths = np.linalg.norm(space, axis=1) * np.linalg.norm(vector)
    return float(np.linalg.norm(space @ vector / lengths))


def cosine_content(pca_space: Any, i: int) -> float:
    r"""How much projection i looks like a cosine of i + 1 half periods, between 0 and 1: near 1 for random diffusion.

    :math:`\frac{2}{T} (\int \cos(\pi (i+1) t / T)\, p_i(t)\, dt)^2 / \int p_i^2(t)\, dt` (Hess 2002,
    doi:10.1103/PhysRevE.65.031910), by Simpson's rule. `pca_space`: [n_frames, n_components], equally spaced frames.
    """
    from scipy.integrate import simpson

    projection = np.asarray(pca_space, dtype=np.float64)[:, i]
    n = len(projection)
    cosine = np.cos(np.pi * (i + 1) * np.arange(n) / n)
    return float(2 / n * simpson(cosine * projection) ** 2 / simpson(projection**2))


def _leading(vectors: Any, n: int | None) -> np.ndarray:
    rows = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
    return rows if n is None else rows[:n]


def _require_same_features(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape[1] != b.shape[1]:
        raise ArgumentError(f"vectors of {a.shape[1]} and {b.shape[1]} numbers cannot be compared: take the same atoms")


class ProjectedFrame:
    """A transformation of MDAnalysis: the atoms of a PCA, as some of its components see them.

    A class, as functions inside functions travel to other processes with more luck.
    """

    def __init__(self, atoms: Any, mean: np.ndarray, vectors: np.ndarray, group: Any, anchor: str | None) -> None:
        self.atoms, self.mean, self.vectors = atoms, mean.ravel(), vectors
        self.anchors: Any = None  # of each follower
        self.followers: Any = None
        if group is not None:
            self._let_follow(group, anchor)

    def _let_follow(self, group: Any, anchor: str | None) -> None:
        if anchor is None:
            raise ArgumentError("group needs anchor=, the atom of the PCA that the others of a residue follow")
        anchors = group.select_atoms(anchor)
        residues, counts = np.unique(anchors.resindices, return_counts=True)
        if (counts > 1).any():
            raise ArgumentError(f'anchor="{anchor}" finds several atoms in a residue: one is needed')
        missing = np.setdiff1d(group.resindices, residues)
        if len(missing):
            residue = group.universe.residues[int(missing[0])]
            raise ArgumentError(f'anchor="{anchor}" finds no atom in {residue.resname} {residue.resid} of the group')
        if not np.isin(anchors.ix, self.atoms.ix).all():
            raise ArgumentError(f'anchor="{anchor}" finds atoms that are not in the PCA')
        self.followers = group.residues.atoms - self.atoms
        order = np.argsort(anchors.resindices)
        self.anchors = anchors[order][np.searchsorted(residues, self.followers.resindices)]

    def __call__(self, ts: Any) -> Any:
        before = None if self.anchors is None else self.anchors.positions
        displacement = self.atoms.positions.ravel() - self.mean
        self.atoms.positions = (self.vectors @ (displacement @ self.vectors) + self.mean).reshape(-1, 3)
        if self.anchors is not None:
            self.followers.positions += self.anchors.positions - before
        return ts
