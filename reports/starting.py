"""What starting costs: when compiling pays, and a call alone against calls in a row."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from reports.curves import Curve, series_of
from reports.model import Table
from reports.numbers import NOTHING, show_once
from xbench.records.breakeven import BreakEven, break_evens
from xbench.records.summary import CellSummary


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
    """`5 000 calls [4 700, 5 300]`; `never` where it is slower, `at once` where nothing is paid."""
    if found.calls == inf:
        return "never" if found.low == inf else f"not decided [{_count(found.low)}, never]"
    if found.high == 0.0:
        return "at once"
    return f"{_count(found.calls)} calls [{_count(found.low)}, {_count(found.high)}]"


def _count(calls: float) -> str:
    """Two digits: it is a quotient of differences."""
    if calls == inf:
        return "never"
    digits = len(str(int(calls)))
    rounded = round(calls, 2 - digits) if digits > 2 else round(calls)
    return f"{int(rounded):,}".replace(",", " ")


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
