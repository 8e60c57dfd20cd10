"""Charts drawn with Matplotlib's figure classes; `pyplot` would only add its import's time."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO, StringIO
from math import ceil
from multiprocessing import get_context
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from reports.draw import scales
from reports.draw.charts import Chart, Point
from reports.draw.palette import DASHES, GRID, INK, MARKERS, PAPER
from reports.model import Figure
from reports.read.curves import Series

_WIDTH, _PLOT_HEIGHT, _TOP, _BOTTOM, _SIDE = 4.7, 2.6, 0.36, 0.5, 0.78
_ROW, _DOT_ROW, _LETTER, _TICK = 0.165, 0.30, 0.072, 0.52
_DODGE, _MOST_DODGE, _ROOM = 0.016, 0.08, 0.07
_LONGEST = 56
_MANY = 8
_STYLE: Any = {
    "font.size": 9.0, "svg.fonttype": "none", "svg.hashsalt": "xbench", "text.parse_math": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
    "ytick.color": INK, "figure.facecolor": PAPER, "axes.facecolor": PAPER, "grid.color": GRID,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "path.simplify": False, "text.hinting": "none",
}  # fmt: skip


def draw_all(wanted: Sequence[tuple[Chart, str]], colours: Mapping[str, str]) -> list[Figure]:
    """Draw charts under their names, side by side where there are many: drawing is most of what a
    report takes. Processes are forked, so nothing is imported again."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if len(wanted) < _MANY or cores < 2:
        return [draw(chart, name, colours) for chart, name in wanted]
    with ProcessPoolExecutor(min(cores, 8), get_context("fork")) as pool:
        jobs = [pool.submit(draw, chart, name, colours) for chart, name in wanted]
        return [job.result() for job in jobs]


def draw(chart: Chart, name: str, colours: Mapping[str, str]) -> Figure:
    """Draw a chart as SVG and PNG: against width, or, at a single width, one row a line."""
    with mpl.rc_context(_STYLE):
        canvas = _curves(chart, colours) if len(chart.widths) > 1 else _dots(chart, colours)
        svg, png = StringIO(), BytesIO()
        canvas.savefig(svg, format="svg", metadata={"Date": None})
        canvas.savefig(png, format="png", dpi=130, pil_kwargs={"compress_level": 1})
    return Figure(name, chart.alt, svg.getvalue(), png.getvalue())


def _curves(chart: Chart, colours: Mapping[str, str]) -> Canvas:
    """Width along, value up; lines stand a little apart so that their intervals can be told.

    Lines of plain numbers have none: they stay where they are, thinner ones on top, so that equal
    lines are all seen."""
    lines = _sorted(chart)
    columns = 2 if max(len(_short(label)) for _, label, _ in lines) < 29 else 1
    bottom = _BOTTOM + _ROW * ceil(len(lines) / columns) + 0.1
    canvas, axes = _axes(chart, _SIDE, _PLOT_HEIGHT, bottom)
    first, last = chart.widths[0], chart.widths[-1]
    apart = 1.0 if chart.plain else (last / first) ** min(_DODGE, _MOST_DODGE / len(lines))
    room = (last / first) ** _ROOM
    for place, (series, label, points) in enumerate(lines):
        shift = apart ** (place - 0.5 * (len(lines) - 1))
        along = [shift * point.width for point in points]
        look = _look(series, colours)
        if chart.plain:
            look |= {"linewidth": 1.0 + 1.2 * (len(lines) - 1 - place), "marker": ""}
        axes.plot(along, [point.value for point in points], label=_short(label), **look)
        axes.vlines(along, *_ends(points), colors=look["color"], linewidth=1.2)
    low, high = scales.limits([point for _, _, line in lines for point in line], _unity(chart))
    _scale(axes.xaxis, (first / room, last * room))
    _scale(axes.yaxis, (low, high))
    _ticks(axes.xaxis, scales.thinned(chart.widths), "{:g}".format)
    _ticks(axes.yaxis, scales.ticks(low, high), _labels(chart))
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.speed:
        axes.axhline(1.0, color=INK, linewidth=0.9, zorder=1)
    canvas.legend(
        loc="lower center", ncols=columns, frameon=False, handlelength=3.2, fontsize=8.5,
        borderaxespad=0.3, labelspacing=0.35, columnspacing=2.0,
    )  # fmt: skip
    return canvas


def _dots(chart: Chart, colours: Mapping[str, str]) -> Canvas:
    """Value along, one row a line, named at its left."""
    lines = _sorted(chart)
    side = 0.25 + _LETTER * max(len(_short(label)) for _, label, _ in lines)
    side = min(side, 0.6 * _WIDTH)
    canvas, axes = _axes(chart, side, _DOT_ROW * len(lines) + 0.1, _BOTTOM)
    for row, (series, _, points) in enumerate(lines):
        look = _look(series, colours)
        rows = [row] * len(points)
        axes.plot([point.value for point in points], rows, **{**look, "linestyle": ""})
        axes.hlines(rows, *_ends(points), colors=look["color"], linewidth=1.4)
    low, high = scales.limits([point for _, _, line in lines for point in line], _unity(chart))
    _scale(axes.xaxis, (low, high))
    axes.set_ylim(len(lines) - 0.5, -0.5)
    most = min(scales.MOST_TICKS, int((_WIDTH - side) / _TICK))
    _ticks(axes.xaxis, scales.ticks(low, high, most), _labels(chart))
    axes.yaxis.set_major_locator(FixedLocator(range(len(lines))))
    axes.set_yticklabels([_short(label) for _, label, _ in lines])
    axes.set_xlabel(f"{chart.y_label} at {chart.x_label} {chart.widths[0]:g}", loc="right")
    if chart.speed:
        axes.axvline(1.0, color=INK, linewidth=0.9, zorder=1)
    return canvas


def _axes(chart: Chart, side: float, height: float, bottom: float) -> tuple[Canvas, Any]:
    """A figure with axes whose plotting area is `height` inches high, whatever stands below."""
    total = _TOP + height + bottom
    canvas = Canvas(figsize=(_WIDTH, total))
    box = (side / _WIDTH, bottom / total, (_WIDTH - side - 0.14) / _WIDTH, height / total)
    axes = canvas.add_axes(box)
    axes.grid(visible=True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(left=False, bottom=False)
    canvas.text(0.02, 1.0 - 0.09 / total, _short(chart.title), va="top", fontsize=9.5)
    return canvas, axes


def _ends(points: list[Point]) -> tuple[list[float], list[float]]:
    """Where the intervals begin and end; at the value itself where there is none."""
    lows = [point.value if point.low is None else point.low for point in points]
    return lows, [point.value if point.high is None else point.high for point in points]


def _look(series: Series, colours: Mapping[str, str]) -> dict[str, Any]:
    return {
        "color": colours[series.backend],
        "linestyle": DASHES.get(series.mode, "-."),
        "marker": MARKERS.get(series.gradient, "v"),
        "markerfacecolor": colours[series.backend] if series.allocator == "reuse" else PAPER,
        "linewidth": 1.6, "markersize": 4.8,
    }  # fmt: skip


def _scale(axis: Any, ends: tuple[float, float]) -> None:
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": ends})


def _ticks(axis: Any, places: list[Any], label: Any) -> None:
    axis.set_major_locator(FixedLocator(places))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: label(value)))


def _sorted(chart: Chart) -> list[tuple[Series, str, list[Point]]]:
    ordered = sorted(chart.lines.items(), key=lambda each: each[0][0].rank)
    return [(series, label, points) for (series, label), points in ordered]


def _unity(chart: Chart) -> float | None:
    return 1.0 if chart.speed else None


def _labels(chart: Chart) -> Any:
    if chart.plain:
        return "{:g}".format
    return scales.factor_label if chart.speed else scales.time_label


def _short(text: str) -> str:
    """One printable line; the tables have the whole text."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
