"""What memory costs a call, as a table: bytes moved, page faults, and allocators side by side."""

from __future__ import annotations

from collections.abc import Sequence

from reports.model import Shown, Table
from reports.read.curves import Curve
from reports.say.numbers import NOTHING, show_once, show_ratio, show_share
from reports.tables.cells import named, without_empty
from xbench.records.bound import find_ceilings, moved_bytes
from xbench.records.schema import CeilingsLine
from xbench.records.summary import CellSummary
from xbench.text import show_bytes


def memory_tables(curve: Curve, ceilings: Sequence[CeilingsLine]) -> list[Table]:
    """`memory_table` less its empty columns, if it has rows."""
    table = memory_table(curve, ceilings)
    return [without_empty(table)] if table.rows else []


def memory_table(curve: Curve, ceilings: Sequence[CeilingsLine]) -> Table:
    """All cells of the widths at which allocators are compared or page faults explain a time."""
    widths = {each.cell.width for each in curve.over("allocator")}
    widths |= {cell.plan.width for cell in curve.cells if cell.bound == "allocation"}
    against = {
        each.cell.id: show_ratio(each.ratio, each.verdict) for each in curve.over("allocator")
    }
    rows: list[tuple[str, ...]] = [
        (
            *named(cell.plan),
            _bytes(moved_bytes(cell.plan)),
            show_faults(cell),
            *_costs(cell, ceilings),
            against.get(cell.id, NOTHING),
        )
        for cell in curve.cells
        if cell.time_s is not None and cell.plan.width in widths
    ]
    caption = f"{curve.setting.family}: what memory costs a call"
    columns = (
        "width", "cell", "moves at least", "page faults", "fresh at least", "each fault",
        "all faults", "of processor time", "system against reuse",
    )  # fmt: skip
    return Table(caption, columns, rows, 2, frozenset({0, *range(2, 8)}))


def show_faults(cell: CellSummary) -> Shown:
    """`60 511`: of a call."""
    faults = cell.faults_per_call or 0.0
    return Shown(f"{faults:,.0f}".replace(",", " "), faults)


def show_fresh(cell: CellSummary, ceilings: CeilingsLine) -> str:
    """`248 MB`: what so many faults bring at least, a page each."""
    fresh = round((cell.faults_per_call or 0.0) * ceilings.page_bytes)
    return _bytes(fresh) if fresh else NOTHING


def _bytes(count: int) -> Shown:
    return Shown(show_bytes(count), count)


def show_fault_costs(cell: CellSummary, ceilings: CeilingsLine) -> tuple[str, str]:
    """`1.4 µs`, `87 ms`: of one fault at its cheapest, and of a call's."""
    if ceilings.fault_ns is None:
        return NOTHING, NOTHING
    each_s = ceilings.fault_ns.best * 1e-9
    return show_once(each_s), show_once(each_s * (cell.faults_per_call or 0.0))


def _costs(cell: CellSummary, lines: Sequence[CeilingsLine]) -> tuple[str, str, str, str]:
    """Fresh memory, one fault, all of them, their share of the processor time."""
    ceilings = find_ceilings(cell.plan, lines)
    if ceilings is None or show_faults(cell) == "0":
        return NOTHING, NOTHING, NOTHING, NOTHING
    share = NOTHING if cell.allocation_share is None else show_share(cell.allocation_share)
    return show_fresh(cell, ceilings), *show_fault_costs(cell, ceilings), share
