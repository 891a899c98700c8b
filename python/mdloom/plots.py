"""Pictures of results: what :meth:`mdloom.results.Results.plot` draws. matplotlib is imported when one is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .columns import Column
from .errors import ArgumentError

#: From so many ps on, times are drawn in a larger unit, and how many ps that has.
_TIME_UNITS = ((1e7, "µs", 1e6), (1e3, "ns", 1e3))
#: More curves than this are drawn thin, with their mean, and without names.
_MOST_NAMED = 8
#: What varies little shows more on an axis that does not begin at 0.
_NEAR_ITS_MEAN = ("q1", "rg")
_SECOND_COLOR = "tab:gray"


def curves(ax: Any, x: Column, ys: Sequence[Column], **kwargs: Any) -> Any:
    """Lines over x, in ps, ns or µs if that is a time; points where frames are not in order. Returns the Axes."""
    ax = _axes(ax)
    x = _in_handy_unit(x)
    style = {"marker": "o", "markersize": 3} if len(x.values) == 1 else {}
    if (np.diff(x.values) < 0).any() and not (np.diff(x.values) <= 0).all():
        style = {"marker": "o", "markersize": 3, "linestyle": "none"}
    for y in ys:
        ax.plot(x.values, y.values, **{"label": y.legend or y.name, "linewidth": 1.2, **style, **kwargs})
    _label(ax, x, ys[0])
    if len(ys) > 1:
        ax.legend(frameon=False)
    return ax


def with_second_axis(ax: Any, x: Column, y: Column, x2: Column, y2: Column, **kwargs: Any) -> Any:
    """A line, and another, dashed, on an axis of its own at the right side. Returns the Axes of the first."""
    ax = curves(ax, x, [y], **kwargs)
    second = ax.twinx()
    second.plot(x2.values, y2.values, color=_SECOND_COLOR, linewidth=1.2, linestyle="--", label=y2.label)
    second.set_ylabel(_text(y2), color=_SECOND_COLOR)
    second.tick_params(axis="y", colors=_SECOND_COLOR)
    second.spines["top"].set_visible(ax.spines["top"].get_visible())
    second.spines["left"].set_visible(False)
    _from_zero(second)
    ax.set_zorder(second.get_zorder() + 1)  # the first line above the second
    ax.patch.set_visible(False)
    return ax


def whole_numbers(ax: Any) -> Any:
    """Ticks along x at whole numbers only. Returns the Axes."""
    from matplotlib.ticker import MaxNLocator

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):  # else somebody chose another
        locator.set_params(integer=True)
    return ax


def many_curves(ax: Any, x: Column, ys: Sequence[Column], what: str, **kwargs: Any) -> Any:
    """As :func:`curves`; more than eight are drawn thin, with their mean."""
    if len(ys) <= _MOST_NAMED:
        return curves(ax, x, ys, **kwargs)
    ax = _axes(ax)
    for y in ys:
        ax.plot(x.values, y.values, **{"color": "0.8", "linewidth": 0.5, **kwargs})
    mean = np.mean([y.values for y in ys], axis=0)
    ax.plot(x.values, mean, color="tab:blue", linewidth=1.5, label=f"mean of {len(ys)} {what}")
    _label(ax, x, ys[0])
    ax.legend(frameon=False)
    return ax


def angles_over_time(ax: Any, x: Column, ys: Sequence[Column], **kwargs: Any) -> Any:
    """Points, because angles jump at 180 degrees; from -180 to 180."""
    ax = _axes(ax)
    x = _in_handy_unit(x)
    for y in ys:
        style = {"linestyle": "none", "marker": ".", "markersize": 3, "label": y.legend or y.name}
        ax.plot(x.values, y.values, **{**style, **kwargs})
    _label(ax, x, ys[0])
    _whole_turn(ax.yaxis)
    if 1 < len(ys) <= _MOST_NAMED:
        ax.legend(frameon=False)
    return ax


def angle_pairs(ax: Any, x: Column, y: Column, **kwargs: Any) -> Any:
    """One angle over another, points of all frames: a Ramachandran plot. Returns the Axes."""
    if ax is None:
        _, ax = _pyplot().subplots(figsize=(4.5, 4.3), layout="constrained")
    n_points = np.size(x.values)
    style = {"s": 4, "alpha": float(np.clip(2000 / max(n_points, 1), 0.05, 0.8)), "linewidths": 0, "rasterized": True}
    ax.scatter(np.ravel(x.values), np.ravel(y.values), **{**style, **kwargs})
    ax.set(xlabel=_text(x), ylabel=_text(y), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        _whole_turn(axis)
    for line in (ax.axhline, ax.axvline):
        line(0, color="0.8", linewidth=0.8, zorder=0)
    return ax


def _whole_turn(axis: Any) -> None:
    axis.set_ticks([-180, -90, 0, 90, 180])
    axis.set_view_interval(-180, 180, ignore=True)


def projections(ax: Any, edges: Sequence[np.ndarray], density: Column, **kwargs: Any) -> Any:
    """Means of a grid along z, y and x: three Axes with one scale of colours, an array of them.

    Into one `ax` only that along z, the view from above; `ax` may be three. Returns the Axes that were drawn into.
    """
    given = _three_axes(edges) if ax is None else np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(given) not in (1, 3):
        raise ArgumentError(f"a density is drawn into one Axes or three, not {len(given)}")
    along = (2, 1, 0)[: len(given)]
    planes = [density.values.mean(axis=axis) for axis in along]
    finite = np.concatenate([plane[np.isfinite(plane)] for plane in planes])
    scale = {"vmin": 0, "vmax": finite.max() if finite.size and finite.max() > 0 else 1, "cmap": "viridis"}
    for one, axis, plane in zip(given, along, planes, strict=True):
        across, up = (i for i in range(3) if i != axis)
        image = one.pcolormesh(edges[across], edges[up], plane.T, **{**scale, **kwargs})
        image.set_rasterized(True)
        one.set_aspect("equal")
        one.set(xlabel=f"{'xyz'[across]} (Å)", ylabel=f"{'xyz'[up]} (Å)", title=f"mean along {'xyz'[axis]}")
    given[0].figure.colorbar(image, ax=list(given), label=_text(density), shrink=0.8)
    return given if ax is None or np.ndim(ax) else given[0]


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError('plot() needs matplotlib: pip install "mdloom[plot]"', name="matplotlib") from None
    return pyplot


def _axes(ax: Any) -> Any:
    """`ax`, or that of a new figure."""
    if ax is not None:
        return ax
    _, ax = _pyplot().subplots(figsize=(6, 3.7), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _three_axes(edges: Sequence[np.ndarray]) -> Any:
    """So wide that all three have about the same scale."""
    x, y, z = (axis[-1] - axis[0] for axis in edges)
    widths = [x, x, y]
    height = np.clip(8 * max(y, z) / sum(widths), 2, 6)
    _, axes = _pyplot().subplots(1, 3, width_ratios=widths, figsize=(10.5, height + 1), layout="constrained")
    return axes


def _in_handy_unit(column: Column) -> Column:
    if column.unit != "ps" or not len(column.values):
        return column
    most = np.abs(column.values).max()
    for least, unit, n_ps in _TIME_UNITS:
        if most >= least:
            return column._replace(values=column.values / n_ps, unit=unit)
    return column


def _label(ax: Any, x: Column, y: Column) -> None:
    ax.set(xlabel=_text(x), ylabel=_text(y))
    if len(x.values) > 1:
        ax.set_xlim(np.min(x.values), np.max(x.values))
    if y.name not in _NEAR_ITS_MEAN:
        _from_zero(ax)


def _from_zero(ax: Any) -> None:
    """Up to a little above what is drawn; not where something is below."""
    drawn = np.concatenate([line.get_ydata()[np.isfinite(line.get_ydata())] for line in ax.get_lines()])
    if drawn.min(initial=0) >= 0 and drawn.max(initial=0) > 0:
        ax.set_ylim(0, 1.05 * drawn.max())


def _text(column: Column) -> str:
    """`RMSD (Å)`; powers raised."""
    words = column.label or column.name
    unit = re.sub(r"\^(-?\d+)", r"$^{\1}$", column.unit)
    return f"{words} ({unit})" if unit else words
