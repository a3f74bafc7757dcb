"""Charts for the docs, as SVG: the only door to matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.calibration import Bin

Curves = Mapping[str, Sequence[Bin]]
"""Reliability curves by the name of the texts they are of."""

_PANEL_INCHES: Final = 2.4
_COLOURS: Final = ("#1f5fa8", "#c4571a", "#3d7a3d")


def draw_reliability(path: Path, panels: Mapping[tuple[str, str], Curves]) -> None:
    """A panel per (row, column) of `panels`: how likely was said against how often it held; honest is the diagonal."""
    rows = list(dict.fromkeys(row for row, _ in panels))
    columns = list(dict.fromkeys(column for _, column in panels))
    # fixed ids and no date: the same figures give the same file
    with mpl.rc_context({"svg.hashsalt": "sluis", "font.size": 8}):
        figure = Figure(figsize=(_PANEL_INCHES * len(columns), _PANEL_INCHES * len(rows)), layout="constrained")
        grid = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
        for (row, column), curves in panels.items():
            _draw_panel(grid[rows.index(row)][columns.index(column)], f"{column}, {row}", curves)
        figure.supxlabel("said")
        figure.supylabel("held")
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_panel(axes: Axes, title: str, curves: Curves) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle="--")
    for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        said, held = [part.said for part in curve], [part.held for part in curve]
        axes.plot(said, held, color=colour, marker="o", markersize=2.5, linewidth=1, label=name)
    axes.set(title=title, xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.legend(loc="upper left", frameon=False, fontsize=6)
