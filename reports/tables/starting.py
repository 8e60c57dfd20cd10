"""What starting costs: when compiling pays, and a call alone against calls in a row."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

from reports.model import Table
from reports.read.curves import Curve, series_of
from reports.say.numbers import NOTHING, show_once
from xbench.records.breakeven import BreakEven, break_evens
from xbench.records.summary import CellSummary

_ROUNDING = 1e-6
"""What a quotient of floats may lie above a whole number by accident."""


def start_tables(curve: Curve) -> list[Table]:
    """Break-even of modes, and latency, as far as they were measured."""
    return [*_break_evens(curve), *_latencies(curve.cells, curve.setting.family)]


def _break_evens(curve: Curve) -> list[Table]:
    rows: list[tuple[str, ...]] = [
        (
            str(each.cell.width),
            series_of(each.cell).label,
            show_once(each.extra_s) if each.extra_s > 0.0 else "none",
            show_once(each.gain_s) if each.gain_s > 0.0 else "none",
            show_calls(each),
        )
        for each in break_evens(curve.cells, curve.over("mode"))
    ]
    caption = f"{curve.setting.family}: when leaving eager mode pays"
    columns = ("width", "cell", "longer start", "saved a call", "pays after [95 %]")
    return [Table(caption, columns, rows, 2, frozenset({0, 2, 3, 4}))] if rows else []


def show_calls(found: BreakEven) -> str:
    """`5 000 calls [4 700, 5 300]`, rounded up; `from the first call` where one saves what is paid
    or nothing is; `never` where it is slower."""
    if found.calls == inf:
        return "never" if found.low == inf else f"not decided [{_count(found.low)}, never]"
    said = "from the first call" if found.calls <= 1.0 else f"{_count(found.calls)} calls"
    return said if found.high <= 1.0 else f"{said} [{_count(found.low)}, {_count(found.high)}]"


def _count(calls: float) -> str:
    """Two digits, since it is a quotient of differences; rounded up, and 1 at least: before that
    many calls it has not paid."""
    if calls == inf:
        return "never"
    step = 10 ** max(len(str(ceil(calls))) - 2, 0)
    rounded = max(1, ceil(calls / step - _ROUNDING) * step)
    return f"{rounded:,}".replace(",", " ")


def _latencies(cells: Sequence[CellSummary], family: str) -> list[Table]:
    rows: list[tuple[str, ...]] = [
        (
            str(cell.plan.width),
            series_of(cell.plan).label,
            show_once(cell.latency_s),
            show_once(cell.time_s) if cell.time_s else NOTHING,
        )
        for cell in cells
        if cell.latency_s is not None
    ]
    caption = f"{family}: a call alone (latency), and among others in a row (throughput)"
    columns = ("width", "cell", "alone", "in a row")
    return [Table(caption, columns, rows, 2, frozenset({0, 2, 3}))] if rows else []
