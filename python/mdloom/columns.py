"""Numbers that know what they are: what tables, pictures and files are made of."""

from __future__ import annotations

from typing import Any, NamedTuple

#: Files that a table with a picture can be written to.
TABLES = (".csv", ".tsv", ".xvg", ".json", ".npy", ".npz")


class Column(NamedTuple):
    """Some numbers, what they are called in files, their unit, and the words for them in pictures."""

    name: str
    values: Any
    unit: str = ""
    label: str = ""  #: of an axis; empty: the name
    legend: str = ""  #: among others on the same axis; empty: the name
