"""The ratios as bars, with the gates that they must reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .duels import verdict

_COLOURS = {"met, stretch too": "#1b7f5c", "met": "#6bb392", "not met": "#d1903b", "DIFFERS": "#c0392b"}


def write(measured: Sequence[dict[str, Any]], path: Path) -> None:
    """Only rows with a gate on their ratio."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    some = [row for row in measured if row["gates"] and not row["gates"]["is_absolute"] and "missing" not in row]
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mdloom", "font.size": 9}):
        figure, axes = plt.subplots(figsize=(11, 0.29 * len(some) + 1.4), layout="constrained")
        _draw(axes, some)
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight", pad_inches=0.4)  # fonts differ
        plt.close(figure)
    text = path.read_text()
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def _draw(axes: Any, some: Sequence[dict[str, Any]]) -> None:
    from matplotlib.patches import Patch

    for i, row in enumerate(some):
        axes.barh(i, row["ratio"], color=_COLOURS[verdict(row)], height=0.7)
        axes.plot([row["gates"]["must"]] * 2, [i - 0.42, i + 0.42], color="black", lw=1.8)
        axes.plot([row["gates"]["stretch"]] * 2, [i - 0.42, i + 0.42], color="black", lw=1, ls=":")
        axes.text(0.31, i, f"{row['ratio']:.3g}", va="center", color="white", fontsize=8, fontweight="bold")
    axes.set_xscale("log")
    axes.set_xlim(left=0.3, right=1.3 * max((max(row["ratio"], row["gates"]["stretch"]) for row in some), default=10))
    axes.set_yticks(range(len(some)), [f"{row['operation']}  |  {row['peer']}" for row in some], fontsize=8)
    axes.set_ylim(len(some) - 0.4, -0.6)
    axes.set_xlabel("time of the peer / time of mdloom")
    axes.xaxis.set_major_formatter(lambda number, _: f"{number:g}")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    there = {verdict(row) for row in some}
    handles: list[Any] = [Patch(color=colour, label=name) for name, colour in _COLOURS.items() if name in there]
    handles.append(axes.plot([], [], color="black", lw=1.8, label="must reach")[0])
    handles.append(axes.plot([], [], color="black", lw=1, ls=":", label="stretch")[0])
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=6, fontsize=8, frameon=False)
