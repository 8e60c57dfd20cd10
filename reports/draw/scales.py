"""Logarithmic axes that are read without thinking: limits, and ticks at 1, 2 and 5."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10

from reports.draw.charts import Point

BEYOND = 3.0
_LEAST_SPAN = 4.0
_ROOM, _ROOM_SHARE = 1.18, 0.06
MOST_TICKS = 7


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


def ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """At most so many: 1-2-5 in each decade, or decades, or every so many decades."""
    first, last = floor(log10(low)), ceil(log10(high))
    for steps, stride in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 6)):
        decades = range(first - first % stride, last + 1, stride)
        found = [step * 10.0**decade for decade in decades for step in steps]
        inside = [each for each in found if low <= each <= high]
        if len(inside) <= most:
            break
    return inside


def thinned(widths: list[float], most: int = 8) -> list[float]:
    """Widths to be labelled: all, or evenly chosen ones where labels would run into each other."""
    return widths[:: ceil(len(widths) / most)]


def time_label(seconds: float) -> str:
    """`20 µs`."""
    size, unit = next(
        (each for each in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")) if seconds >= 0.999 * each[0]),
        (1e-9, "ns"),
    )
    return f"{seconds / size:g} {unit}"


def factor_label(factor: float) -> str:
    """`0.5×`."""
    return f"{factor:.3g}×"
