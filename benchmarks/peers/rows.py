"""The groups of rows, in the order of the table, and the module that measures each."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bench import Bench
    from .duels import Duel

READING = ["xtc-water", "xtc-lipids", "xtc-water-distinct", "xtc-lipids-distinct", "xtc-gromacs"]
WHOLE_RUNS = ["rmsd", "rmsd-script", "rmsd-ca", "rmsd-water", "rmsf"]
PAIRS = ["rdf10", "rdf15", "hbonds", "hbonds-gromacs"]
OTHERS = ["contacts", "density", "leaflets"]
STORED = ["trr", "dcd", "nc"]
OWN = ["one-pass", "threads", "start"]
MEMORY = "memory"  # asks all before it, each in a fresh process

MODULES = {
    **dict.fromkeys(READING, "reading"),
    **dict.fromkeys(WHOLE_RUNS, "whole_runs"),
    **dict.fromkeys(PAIRS, "pairs"),
    **dict.fromkeys(OTHERS, "whole_runs"),
    **dict.fromkeys(STORED, "reading"),
    **dict.fromkeys(OWN, "own"),
}
NAMES = [*MODULES, MEMORY]
#: Scripts: what they take is not in this process.
WITHOUT_MEMORY = ("rmsd-script", "start")
TWO_THREADS = ("threads",)


def duels_of(name: str, bench: Bench) -> list[Duel]:
    return importlib.import_module(f".{MODULES[name]}", __package__).GROUPS[name](bench)
