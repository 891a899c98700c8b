"""Hydrogen bonds counted by kind and by atoms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import TopologyError
from .universe import name_of


def by_type(universe: Any, hbonds: np.ndarray) -> np.ndarray:
    """Text [n_kinds, 3]: donor, acceptor, number; sorted."""
    pairs = hbonds[:, [1, 3]].astype(np.int64)
    involved, places = np.unique(pairs, return_inverse=True)
    if not len(involved):
        return np.empty((0, 3), dtype=str)
    group = universe.atoms[involved]
    try:
        types = group.types
    except AttributeError:  # NoDataError is one
        raise TopologyError(
            f"{name_of(universe)} holds no atom types to count by: u.add_TopologyAttr('types', values)"
        ) from None
    residues = getattr(group, "resnames", ["None"] * len(group))
    kinds = [(str(residue), str(kind)) for residue, kind in zip(residues, types, strict=True)]
    known = sorted(set(kinds))
    number = {kind: i for i, kind in enumerate(known)}
    kind_of = np.array([number[kind] for kind in kinds])[places.reshape(-1, 2)]
    found, counts = np.unique(kind_of, axis=0, return_counts=True)
    texts = [":".join(kind) for kind in known]
    return np.array(
        [[texts[donor], texts[acceptor], str(n)] for (donor, acceptor), n in zip(found, counts, strict=True)]
    )


def by_ids(universe: Any, hbonds: np.ndarray) -> np.ndarray:
    """int64 [n_bonds, 4]: donor, hydrogen, acceptor, number; the most frequent first."""
    triples, counts = np.unique(hbonds[:, 1:4].astype(np.int64), axis=0, return_counts=True)
    ids = np.asarray(getattr(universe.atoms, "ids", np.arange(len(universe.atoms))), np.int64)[triples]
    order = np.lexsort((*ids.T[::-1], -counts))
    return np.column_stack([ids, counts])[order]
