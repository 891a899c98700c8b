"""What an analysis found: named arrays that know their units, and how they are drawn and written."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .columns import Column
from .errors import ArgumentError


class Results(dict):
    """Named arrays, by key or by attribute: ``results["rmsd"] is results.rmsd``. Pickles.

    Raises AttributeError for a name that is not there, saying which are.

    What has a table, a picture or units derives from this and says so once: `_parts` for units, `_table` for files with
    columns, `_curves` for pictures and .xvg, `_main` for .npy, `_arrays` for .npz, `_endings` for what may be written.
    Names that begin with an underscore are attributes, no results.
    """

    #: Files that `save()` can make of it.
    _endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".json", ".npy", ".npz")

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            names = ", ".join(self) or "nothing yet: only a complete run() sets them, partial() gives what is done"
            raise AttributeError(f"no result {name!r}; there is {names}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {getattr(value, 'shape', value)}" for name, value in self.items())
        return f"<Results {shapes}>"

    def _repr_html_(self) -> str:
        """In notebooks: name, shape, unit and range of each result."""
        rows = [_html_row(name, columns) for name, columns in self._parts().items()]
        cells = "".join(f"<th>{text}</th>" for text in ("result", "shape", "unit", "range"))
        return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"

    def plot(self, ax: Any = None, **kwargs: Any) -> Any:
        """Draw the results, into `ax` or a new figure; `kwargs` go to matplotlib. Returns matplotlib's Axes.

        RMSD, contacts, hydrogen bonds and leaflets over time, RMSF by residue or atom, g(r) with the pairs up to r on a
        second axis, three projections of a density, variances of principal components, projections on them over time.
        `mdloom.plots` has the details. Errors: ImportError without matplotlib, ArgumentError when there is nothing to
        draw.
        """
        from . import plots

        if not self:
            raise ArgumentError("there is nothing to draw: call run() first, or take partial()")
        return self._draw(plots, ax, **kwargs)

    def _parts(self) -> dict[str, list[Column]]:
        """The columns of each result, with their units."""
        return {name: [Column(name, value)] for name, value in self.items()}

    def _table(self) -> list[Column]:
        """Columns of one length. Raises ArgumentError when that is not how these results are."""
        columns = [column for columns in self._parts().values() for column in columns]
        shapes = {np.shape(column.values) for column in columns}
        if len(shapes) != 1 or len(shapes.pop()) != 1:
            raise ArgumentError(f"{', '.join(self)} do not make one table: write them as .npz")
        return columns

    def _curves(self) -> tuple[Column, list[Column]]:
        """What is drawn over what."""
        raise ArgumentError(f"no picture of {', '.join(self)} is known: draw the arrays with matplotlib")

    def _draw(self, plots: Any, ax: Any, **kwargs: Any) -> Any:
        return plots.curves(ax, *self._curves(), **kwargs)

    def _main(self) -> np.ndarray:
        """The array that the analysis is about."""
        if len(self) != 1:
            raise ArgumentError(f".npy holds one array, and there are {', '.join(self)}: write them as .npz")
        return next(iter(self.values()))

    def _arrays(self) -> Mapping[str, Any]:
        """All that was found."""
        return self


def _html_row(name: str, columns: list[Column]) -> str:
    """A result of several columns takes a line for each in its row."""
    shape = f"{len(columns[0].values)} × {len(columns)}" if len(columns) > 1 else _shape_of(columns[0].values)
    units = [f"{column.name}: {column.unit}" if len(columns) > 1 else column.unit for column in columns]
    ranges = [_range_of(column.values) for column in columns]
    lines = ["<br>".join(html.escape(text) for text in texts) for texts in ([name], [shape], units, ranges)]
    return f"<tr>{''.join(f'<td>{line}</td>' for line in lines)}</tr>"


def _shape_of(values: Any) -> str:
    if isinstance(values, list):
        return f"list of {len(values)}"
    return " × ".join(map(str, np.shape(values)))


def _range_of(values: Any) -> str:
    """The least and the greatest number; empty for what is none."""
    parts = values if isinstance(values, list) else [values]
    arrays = [np.asarray(getattr(part, "grid", part)) for part in parts if not isinstance(part, list)]
    numbers = [array[np.isfinite(array)] for array in arrays if array.dtype.kind in "biuf"]
    numbers = [array for array in numbers if array.size]
    if not numbers:
        return ""
    least, most = min(array.min() for array in numbers), max(array.max() for array in numbers)
    return f"{least:.6g}" if least == most else f"{least:.6g} to {most:.6g}"
