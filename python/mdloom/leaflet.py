"""Leaflets of lipid bilayers: :class:`LeafletFinder`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core, atoms, frame_groups, frame_tables
from .analysis import NativeAnalysis
from .errors import ArgumentError, MdloomWarning, depth_outside_package
from .results import Results
from .universe import trajectory_of

if TYPE_CHECKING:
    from typing import Self


class LeafletFinder(NativeAnalysis):
    """Which of the given atoms, usually one of each lipid's head group, are in the same leaflet, in each frame.

    Atoms within a cut-off of each other are joined; the connected components are the leaflets, and what swims between
    them (Michaud-Agrawal et al. 2011, doi:10.1002/jcc.21787).

    Parameters: `universe`; `atomgroup`, an AtomGroup of this Universe or a selection; each of its atoms counts once.
    `pbc`: distances are those of nearest images in each frame's box; False: atoms are taken as they stand. `cutoff` is
    an argument of :meth:`run`.

    After run(), with one entry for each frame: ``results[i]``, PMDA's two groups, those whose lowest atoms are the
    lowest (an empty group where there is only one component); ``components[i]``, all AtomGroups, the largest first, of
    equally large ones that with the lowest atom; ``labels``, int64 [n_frames, n_atoms], the component of each atom of
    `atoms` (the group in ascending order), numbered from 0 in order of their lowest atoms. Groups are of your Universe,
    their atoms in ascending order; `results` and `components` read like lists and make them when they are looked at.

    Errors: ArgumentError (a ValueError) for empty and updating groups, groups of other Universes, an impossible
    cut-off, and with `pbc` for frames without a box.
    """

    name = "leaflet"

    #: Å. run() sets it; mdloom.run([...]) takes it from here.
    cutoff: float = 15.0

    def __init__(self, universe: Any, atomgroup: Any = None, pbc: bool = False, *, atomgroups: Any = None) -> None:
        if not isinstance(pbc, (bool, np.bool_)):
            raise ArgumentError(f"pbc is True or False, not {pbc!r}; the cut-off is given to run(cutoff=...)")
        if (atomgroup is None) == (atomgroups is None):
            raise ArgumentError("LeafletFinder takes one group, as atomgroup or by PMDA's name, atomgroups")
        given = atomgroups if atomgroup is None else atomgroup
        if not hasattr(universe, "trajectory") and not hasattr(universe, "atoms"):
            raise ArgumentError(f"universe takes a Universe, not {type(universe).__name__}")
        super().__init__(universe)
        trajectory_of(universe)
        if isinstance(given, str):
            group = atoms.select("atomgroup", universe.atoms, given)
        else:
            group = atoms.static_group("atomgroup", given)
        atoms.require_same_universe("atomgroup", group, universe)
        self.atoms = universe.atoms[np.unique(group.ix)]
        self.pbc = bool(pbc)
        self._forget()

    def run(  # type: ignore[override]  # PMDA has cutoff where others have n_blocks
        self,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        n_jobs: int | None = None,
        cutoff: float = 15.0,
        n_blocks: int | None = None,
        *,
        frames: Iterable[int] | None = None,
        verbose: bool | None = None,
        progress: Callable[[int, int], Any] | None = None,
        client: Any = None,
        scheduler: Any = None,
        scheduler_file: Any = None,
        strict: bool = False,
    ) -> Self:
        """Find the leaflets in the trajectory, or in the part that start, stop and step (or ``frames=``) name.

        cutoff: Å; atoms at this distance are joined, too. The other arguments are those of
        :meth:`mdloom.analysis.Analysis.run`. Each run starts anew. Returns self.
        """
        self.cutoff = _checked_cutoff(cutoff)
        super().run(
            start,
            stop,
            step,
            n_jobs,
            n_blocks,
            frames=frames,
            verbose=verbose,
            progress=progress,
            client=client,
            scheduler=scheduler,
            scheduler_file=scheduler_file,
            strict=strict,
        )
        return self

    def _make_analysis(self) -> Any:
        return _core.leaflet(atoms.indices(self.atoms), _checked_cutoff(self.cutoff), self.pbc)

    def _forget(self) -> None:
        self.results: Any = []
        self.components: Sequence[list[Any]] = []
        self.labels = np.empty((0, len(self.atoms)), np.int64)

    def _results_of(self, columns: dict[str, np.ndarray]) -> Results:
        labels = columns["labels"].astype(np.int64)
        return frame_tables.LeafletResults(
            results=frame_groups.Leaflets(self.atoms, labels, frame_groups.two),
            components=frame_groups.FrameGroups(self.atoms, labels, frame_groups.largest_first),
            labels=labels,
            times=columns["times"],
        )

    def _take(self, columns: dict[str, Any]) -> None:
        found = self._results_of(columns)
        found._frames = self.frames
        self.results, self.components, self.labels = found.results, found.components, found.labels
        self.results.found = found
        single = np.flatnonzero(found.labels.max(axis=1, initial=0) == 0)
        if len(single):
            warnings.warn(
                f"at a cut-off of {self.cutoff:g} Å all atoms hang together in {len(single)} of {self.n_frames} frames,"
                f" first in frame {self.frames[single[0]]}: the second group is empty there; try a smaller cut-off",
                MdloomWarning,
                stacklevel=depth_outside_package(),
            )

    def _found(self) -> Results:
        return self.results.found if isinstance(self.results, frame_groups.Leaflets) else Results()

    def _settings(self) -> dict[str, Any]:
        return {"cutoff": float(self.cutoff), "pbc": self.pbc, "atoms": len(self.atoms)}

    def _size_text(self) -> str:
        return f"{len(self.atoms)} atoms"


def _checked_cutoff(cutoff: Any) -> float:
    try:
        value = float("nan") if isinstance(cutoff, (bool, str)) else float(cutoff)
    except (TypeError, ValueError):
        value = float("nan")
    if not (0 <= value < float("inf")):
        raise ArgumentError(f"cutoff is {cutoff!r}: a distance in Å is needed, finite and not negative")
    return value
