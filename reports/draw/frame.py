"""What every static figure shares: its size, its style, how a series looks, its axes and legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from math import ceil, floor, log10
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from xbench.reports.model import Point, Series
from xbench.text import one_line, shortened, time_unit

# One look for every figure: a colour per backend, a line style per mode, a marker per gradient,
# hollow where memory is not kept.

_KNOWN = {"numpy": "#0072B2", "torch": "#D55E00", "tensorflow": "#009E73", "jax": "#CC79A7"}
_SPARE = ("#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito's colours, told apart by people of every colour vision."""

DASHES: Mapping[str, object] = {"eager": "-", "graph": (0, (5, 2)), "compiled": (0, (1.2, 1.6))}
PUBLISHED = "published"
"""The mode, gradient and allocator of a line that was printed elsewhere."""

MARKERS: Mapping[str, str] = {"none": "o", "manual": "s", "autograd": "^", "custom": "D"}

PLOTLY_DASHES: Mapping[str, str] = {"eager": "solid", "graph": "dash", "compiled": "dot"}
PLOTLY_SYMBOLS: Mapping[str, str] = {
    "none": "circle",
    "manual": "square",
    "autograd": "triangle-up",
    "custom": "diamond",
}
"""The same looks in the page's interactive plots."""

INK, GRID, PAPER = "#1b1f24", "#d9dcdf", "#fffffe"
"""Of the SVG these are replaced by the page's own colours, so that they suit light and dark."""


def colours(backends: Iterable[str]) -> dict[str, str]:
    """A colour for each; unknown ones take the spare colours in the order of their names, then
    those of known backends that are not among them."""
    names = set(backends)
    unknown = sorted(names - _KNOWN.keys())
    free = [*_SPARE, *(colour for name, colour in _KNOWN.items() if name not in names)]
    spare = {name: free[place % len(free)] for place, name in enumerate(unknown)}
    return {**_KNOWN, **spare}


WIDTH = 4.7
_PLOT_HEIGHT, _TOP, _BOTTOM, _SIDE, _RIGHT = 2.6, 0.36, 0.5, 0.78, 0.14
_LEGEND_ROW, _TWO_COLUMNS = 0.165, 29
_LONGEST = 56
STYLE: Any = {
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "xbench",
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "path.simplify": False,
    "text.hinting": "none",
}


class Canvas(Figure):
    """A figure that a notebook shows, whether pyplot was imported there or not."""

    def _repr_png_(self) -> bytes:
        png = BytesIO()
        self.savefig(png, format="png", dpi=130)
        return png.getvalue()


def with_legend(title: str, labels: Sequence[str]) -> tuple[Canvas, Any, int]:
    """A figure of the usual size with room below for a legend of these labels.

    Returns: the figure, its axes, and the legend's number of columns."""
    columns = 2 if max(len(short_label(label)) for label in labels) < _TWO_COLUMNS else 1
    bottom = _BOTTOM + _LEGEND_ROW * ceil(len(labels) / columns) + 0.1
    return *plain(title, _SIDE, _PLOT_HEIGHT, bottom), columns


def plain(title: str, side: float, height: float, bottom: float = _BOTTOM) -> tuple[Canvas, Any]:
    """A figure with axes whose plotting area is `height` inches high, whatever stands below."""
    total = _TOP + height + bottom
    canvas = Canvas(figsize=(WIDTH, total))
    box = (side / WIDTH, bottom / total, (WIDTH - side - _RIGHT) / WIDTH, height / total)
    axes = canvas.add_axes(box)
    axes.grid(visible=True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(left=False, bottom=False)
    canvas.text(0.02, 1.0 - 0.09 / total, short_label(title), va="top", fontsize=9.5)
    return canvas, axes


def legend(canvas: Canvas, columns: int) -> None:
    """The legend below the axes."""
    canvas.legend(
        loc="lower center",
        ncols=columns,
        frameon=False,
        handlelength=3.2,
        fontsize=8.5,
        borderaxespad=0.3,
        labelspacing=0.35,
        columnspacing=2.0,
    )


def look(series: Series, colours: Mapping[str, str]) -> dict[str, Any]:
    """Colour by backend, line by mode, marker by gradient, hollow where memory is not kept."""
    colour = colours[series.backend]
    return {
        "color": colour,
        "linestyle": DASHES.get(series.mode, "-."),
        "marker": MARKERS.get(series.gradient, "v"),
        "markerfacecolor": colour if series.allocator == "reuse" else PAPER,
        "linewidth": 1.6,
        "markersize": 4.8,
    }


def logarithmic(axis: Any, ends: tuple[float, float]) -> None:
    """Make an axis logarithmic between these ends."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": ends})


def ticks(axis: Any, places: Sequence[float], label: Any) -> None:
    """Ticks at these places only, labelled by `label`."""
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: label(value)))


def short_label(text: str) -> str:
    """One printable line; the tables have the whole text."""
    return shortened(one_line(text), _LONGEST)


# Logarithmic axes that are read without thinking: limits, and ticks at 1, 2 and 5.

BEYOND = 3.0
_LEAST_SPAN = 4.0
_ROOM, _ROOM_SHARE = 1.18, 0.06
MOST_TICKS = 7
MOST_WIDTHS = 8


def limits(points: Iterable[Point], also: float | None = None) -> tuple[float, float]:
    """Ends of an axis: every value, `also`, and intervals as far as `BEYOND` times the extremes."""
    found = list(points)
    values = [point.value for point in found] + ([] if also is None else [also])
    least, most = min(values), max(values)
    low = min([least, *(point.low for point in found if point.low is not None)])
    high = max([most, *(point.high for point in found if point.high is not None)])
    low, high = max(low, least / BEYOND), min(high, most * BEYOND)
    room = max(_ROOM, (high / low) ** _ROOM_SHARE)
    low, high = low / room, high * room
    widen = max(1.0, (_LEAST_SPAN * low / high) ** 0.5)
    return low / widen, high * widen


def tick_values(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """At most so many: 1-2-5 in each decade, or decades, or every so many decades."""
    first, last = floor(log10(low)), ceil(log10(high))
    for steps, stride in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 6)):
        decades = range(first - first % stride, last + 1, stride)
        found = [step * 10.0**decade for decade in decades for step in steps]
        inside = [each for each in found if low <= each <= high]
        if len(inside) <= most:
            break
    return inside


def thinned(widths: list[float]) -> list[float]:
    """Widths to be labelled: all, or evenly chosen ones where labels would run into each other."""
    return widths[:: ceil(len(widths) / MOST_WIDTHS)]


def time_label(seconds: float) -> str:
    """`20 µs`."""
    size, unit = time_unit(seconds / 0.999)  # a tick at 1e-6 is a µs, whatever its last digit
    return f"{seconds / size:g} {unit}"


def factor_label(factor: float) -> str:
    """`0.5×`."""
    return f"{factor:.3g}×"
