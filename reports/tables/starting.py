"""What starting costs: when compiling pays, a call alone against calls in a row, and how much of a
call the device was at work."""

from __future__ import annotations

from math import ceil, inf

from reports.model import Shown, Table
from reports.read.curves import Curve
from reports.say.numbers import NOTHING, show_once
from reports.tables.cells import named
from xbench.records.breakeven import BreakEven, break_evens

_ROUNDING = 1e-6
"""What a quotient of floats may lie above a whole number by accident."""


def start_tables(curve: Curve) -> list[Table]:
    """Break-even of modes, and latency, as far as they were measured."""
    tables = (break_even_table(curve), latency_table(curve), device_table(curve))
    return [each for each in tables if each.rows]


def break_even_table(curve: Curve) -> Table:
    """A row for each mode that is compared with eager."""
    rows: list[tuple[str, ...]] = [
        (
            *named(each.cell),
            show_once(each.extra_s) if each.extra_s > 0.0 else "none",
            show_once(each.gain_s) if each.gain_s > 0.0 else "none",
            show_calls(each),
        )
        for each in break_evens(curve.cells, curve.over("mode"))
    ]
    caption = f"{curve.setting.family}: when leaving eager mode pays"
    columns = ("width", "cell", "longer start", "saved a call", "pays after [95 %]")
    return Table(caption, columns, rows, 2, frozenset({0, 2, 3, 4}))


def show_calls(found: BreakEven) -> str:
    """`5 000 calls [4 700, 5 300]`, rounded up; `from the first call` where one saves what is paid
    or nothing is; `never` where it is slower."""
    if found.calls == inf:
        return "never" if found.low == inf else f"not decided [{_count(found.low)}, never]"
    said = "from the first call" if found.calls <= 1.0 else f"{_count(found.calls)} calls"
    ends = "" if found.high <= 1.0 else f" [{_count(found.low)}, {_count(found.high)}]"
    return Shown(f"{said}{ends}", found.calls)


def _count(calls: float) -> str:
    """Two digits, since it is a quotient of differences; rounded up, and 1 at least: before that
    many calls it has not paid."""
    if calls == inf:
        return "never"
    step = 10 ** max(len(str(ceil(calls))) - 2, 0)
    rounded = max(1, ceil(calls / step - _ROUNDING) * step)
    return f"{rounded:,}".replace(",", " ")


def latency_table(curve: Curve) -> Table:
    """A row for each cell that was timed alone, too."""
    rows: list[tuple[str, ...]] = [
        (
            *named(cell.plan),
            show_once(cell.latency_s),
            show_once(cell.time_s) if cell.time_s else NOTHING,
        )
        for cell in curve.cells
        if cell.latency_s is not None
    ]
    caption = (
        f"{curve.setting.family}: a call alone (latency), and among others in a row (throughput)"
    )
    return Table(caption, ("width", "cell", "alone", "in a row"), rows, 2, frozenset({0, 2, 3}))


def device_table(curve: Curve) -> Table:
    """A row for each cell whose device has a clock of its own."""
    rows: list[tuple[str, ...]] = [
        (*named(cell.plan), show_once(cell.time_s), show_once(cell.device_s))
        for cell in curve.cells
        if cell.device_s is not None and cell.time_s is not None
    ]
    caption = (
        f"{curve.setting.family}: a call by the clock on the wall, and by the events of the device"
    )
    return Table(caption, ("width", "cell", "wall", "device"), rows, 2, frozenset({0, 2, 3}))
