"""Charts for the docs and for reports, as SVG: the only door to matplotlib."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.bootstrap import Interval
from evaluation.calibration import Bin

Curves = Mapping[str, Sequence[Bin]]
"""Reliability curves by the name of the texts they are of."""

_PANEL_INCHES: Final = 2.4
_COLOURS: Final = ("#1f5fa8", "#c4571a", "#3d7a3d")

_PAGE_INCHES: Final = 4.9
"""The width of a chart on a page: at a phone's width its text is still some nine pixels high."""
_INK: Final = "#010203"
"""Stands for the page's own colour of text while a chart is drawn."""
_ON_ANY: Final = ("#3a7fc8", "#c96a24", "#3f9150")
"""Colours with a contrast of 3 at least on a white page and on a dark one."""
_MARKS: Final = ("o", "s", "D")
_LINES: Final = ("-", "--", ":")
"""So that nobody needs to tell colours apart."""


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


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a forest plot: a figure and its interval, by one of the `series`."""

    label: str
    series: str
    figure: Interval


def draw_forest(bars: Sequence[Bar], xlabel: str, *, zero: bool = False) -> str:
    """Figures with their intervals below one another, as SVG; with `zero`, a line where two rankers are alike."""
    labels, series = (list(dict.fromkeys(each)) for each in ([bar.label for bar in bars], [bar.series for bar in bars]))
    with _for_a_page(xlabel + "".join(labels)):
        height = 0.9 + len(labels) * (0.14 + 0.14 * len(series))
        figure = Figure(figsize=(_PAGE_INCHES, height), layout="constrained")
        axes = figure.subplots()
        if zero:
            axes.axvline(0, color=_INK, linewidth=0.8, linestyle="--")
        for place, name in enumerate(series):
            mine = [bar for bar in bars if bar.series == name]
            shift = 0.5 * (place - (len(series) - 1) / 2) / max(len(series), 1)
            at = [labels.index(bar.label) + shift for bar in mine]
            values = np.array([bar.figure.value for bar in mine])
            reach = np.nan_to_num(
                [[bar.figure.value - bar.figure.low, bar.figure.high - bar.figure.value] for bar in mine]
            )
            axes.errorbar(
                values,
                at,
                xerr=np.maximum(reach.T, 0),
                fmt=_MARKS[place % len(_MARKS)],
                color=_ON_ANY[place % len(_ON_ANY)],
                markersize=5,
                linewidth=1.6,
                capsize=3,
                label=name,
            )
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlabel=xlabel, ylim=(len(labels) - 0.4, -0.6))
        if len(series) > 1:
            figure.legend(loc="outside upper left", frameon=False)
        return _svg(figure)


def draw_exposure(exposure: Mapping[str, Sequence[int]]) -> str:
    """Lorenz curves, as SVG: which share of the places the articles with the fewest got; the diagonal is all alike."""
    with _for_a_page("exposure"):
        figure = Figure(figsize=(_PAGE_INCHES, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle="--")
        for place, (name, counts) in enumerate(exposure.items()):
            share = np.concatenate([[0.0], np.cumsum(counts) / max(sum(counts), 1)])
            colour, line = _ON_ANY[place % len(_ON_ANY)], _LINES[place % len(_LINES)]
            axes.plot(np.linspace(0, 1, len(share)), share, line, color=colour, linewidth=1.8, label=name)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of articles, fewest places first", ylabel="share of places")
        figure.legend(loc="outside upper left", frameon=False)
        return _svg(figure)


def _for_a_page(salt: str) -> AbstractContextManager[None]:
    """Text stays text, in the page's own ink; a name with a dollar in it is no formula."""
    return mpl.rc_context(
        {
            "svg.hashsalt": salt,
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.size": 9,
            "text.parse_math": False,
            "text.color": _INK,
            "axes.edgecolor": _INK,
            "axes.labelcolor": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def _svg(figure: Figure) -> str:
    """The drawing alone, see-through, with the colour of text left to the page that it is put into."""
    buffer = StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :].replace(_INK, "currentColor")
