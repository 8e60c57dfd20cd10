"""What every static figure shares: its size, its style, how a series looks, its axes and legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.draw.palette import DASHES, GRID, INK, MARKERS, PAPER
from reports.read.curves import Series

WIDTH = 4.7
_PLOT_HEIGHT, _TOP, _BOTTOM, _SIDE, _RIGHT = 2.6, 0.36, 0.5, 0.78, 0.14
_LEGEND_ROW, _TWO_COLUMNS = 0.165, 29
_LONGEST = 56
STYLE: Any = {
    "font.size": 9.0, "svg.fonttype": "none", "svg.hashsalt": "xbench", "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
    "ytick.color": INK, "figure.facecolor": PAPER, "axes.facecolor": PAPER, "grid.color": GRID,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "path.simplify": False, "text.hinting": "none",
}  # fmt: skip


def with_legend(title: str, labels: Sequence[str]) -> tuple[Canvas, Any, int]:
    """A figure of the usual size with room below for a legend of these labels.

    Returns: the figure, its axes, and the legend's number of columns."""
    columns = 2 if max(len(short(label)) for label in labels) < _TWO_COLUMNS else 1
    bottom = _BOTTOM + _LEGEND_ROW * ceil(len(labels) / columns) + 0.1
    return *plain(title, _SIDE, _PLOT_HEIGHT, bottom), columns


def plain(
    title: str, side: float, height: float, bottom: float = _BOTTOM
) -> tuple[Canvas, Any]:  # fmt: skip
    """A figure with axes whose plotting area is `height` inches high, whatever stands below."""
    total = _TOP + height + bottom
    canvas = Canvas(figsize=(WIDTH, total))
    box = (side / WIDTH, bottom / total, (WIDTH - side - _RIGHT) / WIDTH, height / total)
    axes = canvas.add_axes(box)
    axes.grid(visible=True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(left=False, bottom=False)
    canvas.text(0.02, 1.0 - 0.09 / total, short(title), va="top", fontsize=9.5)
    return canvas, axes


def legend(canvas: Canvas, columns: int) -> None:
    """The legend below the axes."""
    canvas.legend(
        loc="lower center", ncols=columns, frameon=False, handlelength=3.2, fontsize=8.5,
        borderaxespad=0.3, labelspacing=0.35, columnspacing=2.0,
    )  # fmt: skip


def look(series: Series, colours: Mapping[str, str]) -> dict[str, Any]:
    """Colour by backend, line by mode, marker by gradient, hollow where memory is not kept."""
    colour = colours[series.backend]
    return {
        "color": colour,
        "linestyle": DASHES.get(series.mode, "-."),
        "marker": MARKERS.get(series.gradient, "v"),
        "markerfacecolor": colour if series.allocator == "reuse" else PAPER,
        "linewidth": 1.6, "markersize": 4.8,
    }  # fmt: skip


def logarithmic(axis: Any, ends: tuple[float, float]) -> None:
    """Make an axis logarithmic between these ends."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": ends})


def ticks(axis: Any, places: Sequence[float], label: Any) -> None:
    """Ticks at these places only, labelled by `label`."""
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: label(value)))


def short(text: str) -> str:
    """One printable line; the tables have the whole text."""
    line = "".join(each if each.isprintable() else " " for each in text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
