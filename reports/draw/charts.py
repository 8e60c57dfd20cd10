"""The charts of a scaling curve as data: lines of times and of speed-ups, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xbench.analysis.ratios import Comparison
from xbench.reports.curves import Curve, series_of
from xbench.reports.model import Chart, Point, Series
from xbench.text import plural

_BARS = "Bars are 95 % intervals; the figures are in the table."


def charts(curve: Curve, choices: Sequence[Comparison]) -> Iterator[Chart]:
    """Times; speed-ups of everything over one series; over a cell's own mode, gradient or
    allocator. `choices` are all pairs of the curve's cells."""
    title = f"{curve.setting.family}  ({curve.setting.about})"
    times: dict[tuple[Series, str], list[Point]] = {}
    for cell in curve.cells:
        if cell.time_s is not None:
            series = series_of(cell.plan)
            point = Point(cell.plan.width, cell.time_s, cell.low_s, cell.high_s)
            times.setdefault((series, series.label), []).append(point)
    if not times:
        return
    missing = sum(cell.time_s is None for cell in curve.cells)
    alt = f"Time of a call against width, both on logarithmic axes, for {_names(times)}. "
    alt += f"{plural(missing, 'cell')} without a number not drawn. " if missing else ""
    alt += _BARS
    yield Chart("time", title, "time of a call", alt, False, times)
    yield from _choices(curve, title, choices)
    yield from _speedup("speedup-modes", title, curve.over("mode"))
    yield from _speedup("speedup-gradients", title, curve.over("gradient"))
    yield from _speedup("speedup-allocators", title, curve.over("allocator"))


def _choices(curve: Curve, title: str, choices: Sequence[Comparison]) -> Iterator[Chart]:
    """How many times faster each series is than the usual reference: the backend that ratios are
    over, in its first mode and with its default gradient."""
    over = [each.reference for each in curve.over("backend")]
    reference = min(map(series_of, over), key=lambda each: each.rank, default=None)
    lines: dict[tuple[Series, str], list[Point]] = {}
    for each in choices:
        turned = each.inverse if series_of(each.cell) == reference else each
        if series_of(turned.reference) == reference:
            series = series_of(turned.cell)
            lines.setdefault((series, series.label), []).append(_speed(turned))
    if reference is None or not lines:
        return
    for points in lines.values():
        points.sort()
    alt = (
        f"Speed-up over {reference.label} against width, both on logarithmic axes, for "
        f"{_names(lines)}. Above 1 is faster. {_BARS}"
    )
    yield Chart("speedup", title, f"speed-up over {reference.label}", alt, True, lines)


def _speedup(kind: str, title: str, comparisons: list[Comparison]) -> Iterator[Chart]:
    """How many times faster each cell is than its reference, from the paired ratios."""
    if not comparisons:
        return
    references = sorted({getattr(each.reference.key, each.axis) for each in comparisons})
    lines: dict[tuple[Series, str], list[Point]] = {}
    for each in comparisons:
        series, other = series_of(each.cell), getattr(each.reference.key, each.axis)
        label = series.label if len(references) == 1 else f"{series.label} / {other}"
        lines.setdefault((series, label), []).append(_speed(each))
    over = references[0] if len(references) == 1 else "the reference"
    alt = (
        f"Speed-up over {' or '.join(references)} against width, both on logarithmic axes, for "
        f"{_names(lines)}. Above 1 is faster. {_BARS}"
    )
    yield Chart(kind, title, f"speed-up over {over}", alt, True, lines)


def _speed(each: Comparison) -> Point:
    low, high = each.ratio.low, each.ratio.high
    ends = (None, None) if low is None or high is None else (1.0 / high, 1.0 / low)
    return Point(each.cell.width, 1.0 / each.ratio.value, *ends)


def _names(lines: Iterable[tuple[Series, str]]) -> str:
    return ", ".join(label for _, label in lines)
