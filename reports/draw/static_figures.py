"""Figures as SVG and PNG: which a report has, and how each is drawn.

Drawn with Matplotlib's figure classes; `pyplot` would only add its import's time.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO, StringIO
from multiprocessing import get_context
from typing import Any, NamedTuple

from matplotlib import style
from matplotlib.ticker import FixedLocator

from xbench.analysis.ratios import Comparison
from xbench.reports.curves import Curve, Setting, curves_of, setting_of
from xbench.reports.draw import frame
from xbench.reports.draw.charts import charts
from xbench.reports.draw.frame import INK, Canvas, colours
from xbench.reports.draw.roofline import (
    Phases,
    Roofline,
    draw_phases,
    draw_roofline,
    phases,
    rooflines,
)
from xbench.reports.model import Chart, Figure, Point, Series, Source

Drawing = Chart | Roofline | Phases
_DOT_ROW, _LETTER, _TICK = 0.30, 0.072, 0.52
_DODGE, _MOST_DODGE, _ROOM = 0.016, 0.08, 0.07
_MANY = 4


def draw_all(
    wanted: Sequence[tuple[Drawing, str]], colours: Mapping[str, str]
) -> Callable[[], list[Figure]]:
    """Begin to draw charts under their names, side by side where there are many: drawing is most of
    what a small report takes. Processes are forked, so nothing is imported again.

    Returns: what waits for them. It must be called, once."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if len(wanted) < _MANY or cores < 2:
        drawn = [draw(chart, name, colours) for chart, name in wanted]
        return lambda: drawn
    pool = ProcessPoolExecutor(min(cores, 8), get_context("fork"))
    jobs = [pool.submit(draw, chart, name, colours) for chart, name in wanted]

    def wait() -> list[Figure]:
        with pool:
            return [job.result() for job in jobs]

    return wait


def draw(chart: Drawing, name: str, colours: Mapping[str, str]) -> Figure:
    """Draw a chart as SVG and PNG."""
    with style.context(["default", frame.STYLE]):  # whatever the user's matplotlibrc says
        canvas = canvas_of(chart, colours)
        svg, png = StringIO(), BytesIO()
        canvas.savefig(svg, format="svg", metadata={"Date": None}, dpi=200)
        canvas.savefig(png, format="png", dpi=130, pil_kwargs={"compress_level": 1})
    return Figure(name, chart.alt, svg.getvalue(), png.getvalue())


def canvas_of(chart: Drawing, colours: Mapping[str, str]) -> Canvas:
    """Lines against width, or, at a single width, one row a line."""
    if isinstance(chart, Roofline):
        return draw_roofline(chart, colours)
    if isinstance(chart, Phases):
        return draw_phases(chart)
    return _curves(chart, colours) if len(chart.widths) > 1 else _dots(chart, colours)


def _curves(chart: Chart, colours: Mapping[str, str]) -> Canvas:
    """Width along, value up."""
    canvas, axes, columns = frame.with_legend(chart.title, [label for _, label in chart.lines])
    draw_curves(axes, chart, colours)
    frame.legend(canvas, columns)
    return canvas


def draw_curves(axes: Any, chart: Chart, colours: Mapping[str, str]) -> None:
    """Lines into these axes; they stand a little apart so that their intervals can be told.

    Lines of plain numbers have none: they stay where they are, thinner ones on top, so that equal
    lines are all seen."""
    lines = _sorted(chart)
    first, last = chart.widths[0], chart.widths[-1]
    apart = 1.0 if chart.plain else (last / first) ** min(_DODGE, _MOST_DODGE / len(lines))
    room = (last / first) ** _ROOM
    for place, (series, label, points) in enumerate(lines):
        shift = apart ** (place - 0.5 * (len(lines) - 1))
        along = [shift * point.width for point in points]
        look = frame.look(series, colours)
        if chart.plain:
            look |= {"linewidth": 1.0 + 1.2 * (len(lines) - 1 - place), "marker": ""}
        axes.plot(along, [point.value for point in points], label=frame.short_label(label), **look)
        axes.vlines(along, *_ends(points), colors=look["color"], linewidth=1.2)
    low, high = frame.limits([point for _, _, line in lines for point in line], _unity(chart))
    frame.logarithmic(axes.xaxis, (first / room, last * room))
    frame.logarithmic(axes.yaxis, (low, high))
    frame.ticks(axes.xaxis, frame.thinned(chart.widths), chart.width_label)
    frame.ticks(axes.yaxis, frame.tick_values(low, high), _labels(chart))
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.speed:
        axes.axhline(1.0, color=INK, linewidth=0.9, zorder=1)


def _dots(chart: Chart, colours: Mapping[str, str]) -> Canvas:
    """Value along, one row a line, named at its left."""
    side = 0.25 + _LETTER * max(len(frame.short_label(label)) for _, label in chart.lines)
    side = min(side, 0.6 * frame.WIDTH)
    canvas, axes = frame.plain(chart.title, side, _DOT_ROW * len(chart.lines) + 0.1)
    draw_dots(axes, chart, colours, min(frame.MOST_TICKS, int((frame.WIDTH - side) / _TICK)))
    return canvas


def draw_dots(
    axes: Any, chart: Chart, colours: Mapping[str, str], most: int = frame.MOST_TICKS
) -> None:
    """Rows into these axes, with at most so many ticks."""
    lines = _sorted(chart)
    for row, (series, _, points) in enumerate(lines):
        look = frame.look(series, colours)
        rows = [row] * len(points)
        axes.plot([point.value for point in points], rows, **{**look, "linestyle": ""})
        axes.hlines(rows, *_ends(points), colors=look["color"], linewidth=1.4)
    low, high = frame.limits([point for _, _, line in lines for point in line], _unity(chart))
    frame.logarithmic(axes.xaxis, (low, high))
    axes.set_ylim(len(lines) - 0.5, -0.5)
    frame.ticks(axes.xaxis, frame.tick_values(low, high, most), _labels(chart))
    axes.yaxis.set_major_locator(FixedLocator(range(len(lines))))
    axes.set_yticklabels([frame.short_label(label) for _, label, _ in lines])
    place = f" at {chart.x_label} {chart.width_label(chart.widths[0])}" if chart.x_label else ""
    axes.set_xlabel(f"{chart.y_label}{place}", loc="right")
    if chart.speed:
        axes.axvline(1.0, color=INK, linewidth=0.9, zorder=1)


def _ends(points: list[Point]) -> tuple[list[float], list[float]]:
    """Where the intervals begin and end; at the value itself where there is none."""
    lows = [point.value if point.low is None else point.low for point in points]
    return lows, [point.value if point.high is None else point.high for point in points]


def _sorted(chart: Chart) -> list[tuple[Series, str, list[Point]]]:
    ordered = sorted(chart.lines.items(), key=lambda each: each[0][0].rank)
    return [(series, label, points) for (series, label), points in ordered]


def _unity(chart: Chart) -> float | None:
    return 1.0 if chart.speed else None


def _labels(chart: Chart) -> Any:
    if chart.plain:
        return "{:g}".format
    return frame.factor_label if chart.speed else frame.time_label


# Which figures are drawn for print: the main ones, or all of what was selected.

MOST = 10
"""Figures of a report in which nothing was selected."""

SHARES = {"time": 4, "speedup": 3, "roofline": 1, "phases": 1}
"""How many of each kind come first; what is left of `MOST` goes to the others, in this order."""

ORDER = (
    "time",
    "speedup",
    "speedup-modes",
    "roofline",
    "phases",
    "speedup-gradients",
    "speedup-allocators",
)
_LONGEST_SLUG = 80


def main_figures(
    sources: Sequence[Source], taken: set[str], everything: bool
) -> Callable[[], list[Figure]]:
    """Begin to draw the figures of these sources, `MOST` of them or `everything`; `taken` holds
    file names that are in use, and gets theirs. Returns: what waits for them."""
    found = list(_candidates(sources))
    chosen = found if everything else _main(found)
    look = colours(cell.plan.key.backend for source in sources for cell in source.cells)
    named = [(each.drawing, free_slug(each.name, taken)) for each in chosen]
    return draw_all(named, look)


class Candidate(NamedTuple):
    """A figure that there could be; `cells` of its curve say how much it has to show."""

    kind: str
    drawing: Drawing
    name: str
    cells: int


def _main(found: list[Candidate]) -> list[Candidate]:
    """The richest of each kind, as `SHARES` has it, filled up to `MOST`."""
    ranked = sorted(found, key=lambda each: (ORDER.index(each.kind), -each.cells))
    seen: Counter[str] = Counter()
    first: list[Candidate] = []
    for each in ranked:
        seen[each.kind] += 1
        if seen[each.kind] <= SHARES.get(each.kind, 0):
            first.append(each)
    rest = [each for each in ranked if each not in first]
    chosen = first + rest[: MOST - len(first)]
    return [each for each in found if each in chosen]


def _candidates(sources: Sequence[Source]) -> Iterator[Candidate]:
    """Curve by curve."""
    for source in sources:
        prefix = f"{source.name}-" if source.name else ""
        choices: dict[Setting, list[Comparison]] = {}
        for each in source.choices:
            choices.setdefault(setting_of(each.cell), []).append(each)
        for curve in curves_of(source):
            where, cells = _where(curve), len(curve.cells)
            for chart in charts(curve, choices.get(curve.setting, [])):
                yield Candidate(chart.kind, chart, f"{prefix}{chart.kind}-{where}", cells)
            found = phases(curve)
            if found is not None:
                yield Candidate("phases", found, f"{prefix}phases-{where}", cells)
        for roofline in rooflines(source):
            name = f"{prefix}roofline-{roofline.about}"
            yield Candidate("roofline", roofline, name, len(source.cells))


def _where(curve: Curve) -> str:
    setting = curve.setting
    return " ".join((setting.family, setting.dtype, setting.device, f"t{setting.threads}"))


def free_slug(text: str, taken: set[str]) -> str:
    """A file name made of letters, digits, `-` and `_` only, not used before; now it is."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", text.replace("×", "x")).strip("-")[:_LONGEST_SLUG]
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
