"""What every group of rows needs: the folder, the systems, and which peers are there."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from contests import Contest, Systems

from . import install, readers
from .duels import Duel, Gates, Side


class Bench:
    """One measurement of some rows, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.systems = Systems(folder)

    def why_not(self, peer: str) -> str | None:
        return install.why_not(peer, self.folder)

    @cached_property
    def molly(self) -> readers.Molly:
        return readers.Molly(install.molly_program(self.folder))

    def missing(self, operation: str, peer: str, reason: str, gates: Gates | None) -> Duel:
        """A row for what cannot be measured, ours neither."""
        return Duel(operation, Side("nothing", lambda _: None, 1, 1), reason, peer, gates)


def ours_of(contest: Contest, name: str = "mdloom", n_jobs: int = 1) -> Side:
    return Side(name, lambda n: contest.ours(stop=n, n_jobs=n_jobs), contest.n_frames, 7)


def against_mdanalysis(contest: Contest, gates: Gates, ours: Side | None = None, n_rounds: int = 3) -> Duel:
    peer = Side("MDAnalysis", lambda n: contest.peer(stop=n), contest.n_peer_frames, n_rounds)
    return Duel(contest.title, ours or ours_of(contest), peer, "MDAnalysis", gates, contest.tolerance)
