"""Tables of why a time is what it is: the machine's ceilings and what launching costs each worker;
what memory costs a call; what starting costs, and when leaving eager mode pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, inf
from statistics import median

from xbench.analysis.bound import CEILING_SHARE, FLOOR_SHARE, find_ceilings, moved_bytes
from xbench.analysis.crossover import BreakEven, break_evens
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CeilingsLine, Figure
from xbench.reports.curves import Curve, thread_label
from xbench.reports.model import Shown, Source, Table
from xbench.reports.prose.memory_costs import show_fault_costs, show_faults, show_fresh, show_size
from xbench.reports.prose.numbers import NOTHING, show_once, show_ratio, show_share
from xbench.reports.tables.cells import named, without_empty
from xbench.text import percent

CAUSES_TITLE = "What bounds the times"
SPREAD_SHOWN = 0.005


def cause_tables(source: Source) -> list[Table]:
    """The ceilings themselves, and what a call without work costs each worker."""
    return [*_ceilings(source.ceilings), *_launches(source)]


def _ceilings(lines: Sequence[CeilingsLine]) -> Iterator[Table]:
    if not lines:
        return
    columns = ("cells", "caches", "memory", "compute", "page fault", "measured (UTC)")
    rows: list[tuple[str, ...]] = [
        (
            _cells(line),
            _caches(line),
            _figure(line.bandwidth, 1e-9, "GB/s"),
            _figure(line.compute, 1e-9, "GFLOP/s"),
            _figure(line.fault_ns, 1e-3, "µs"),
            line.reason or f"{line.measured_utc[:16]}{' (cached)' if line.cached else ''}",
        )
        for line in lines
    ]
    yield Table("Ceilings: best of several readings, ± how far their median lies", columns, rows)


def _cells(line: CeilingsLine) -> str:
    unusual = "" if line.allocator == "reuse" else f", {line.allocator} allocator"
    unusual += "" if line.math == "ieee" else f", {line.math}"
    unusual += f", through {line.by}" if line.by else ""
    return f"{line.dtype}, {line.device}, {thread_label(line.threads)}{unusual}"


def _caches(line: CeilingsLine) -> str:
    """`L1 320, L2 160, L3 51 GB/s`."""
    if not line.caches:
        return NOTHING
    parts = [f"L{each.level} {each.bandwidth.best * 1e-9:.3g}" for each in line.caches]
    return f"{', '.join(parts)} GB/s"


def _figure(figure: Figure | None, scale: float, unit: str) -> str:
    if figure is None:
        return NOTHING
    spread = f" ± {show_share(figure.spread)}" if figure.spread >= SPREAD_SHOWN else ""
    return Shown(f"{figure.best * scale:.3g} {unit}{spread}", figure.best)


def _launches(source: Source) -> Iterator[Table]:
    costs: dict[str, list[tuple[int, int]]] = {}
    for worker in source.workers:
        if worker.dispatch_ns > 0:
            costs.setdefault(worker.worker.id, []).append((worker.dispatch_ns, worker.operator_ns))
    if not costs:
        return
    rows: list[tuple[str, ...]] = []
    for name, found in costs.items():
        call, operator = (median(each) * 1e-9 for each in zip(*found, strict=True))
        rows.append((name, show_once(call), show_once(operator)))
    caption = "Launching: a call without work, and each operator on a single entry (eager mode)"
    columns = ("worker", "empty call", "each operator")
    yield Table(caption, columns, rows, 1, frozenset({1, 2}))


def without_ceilings(source: Source) -> list[str]:
    """Which cells have a time but no ceilings to compare it with."""
    missing = {
        cell.plan.key.device
        for cell in source.cells
        if cell.time_s is not None and find_ceilings(cell.plan, source.ceilings) is None
    }
    if not missing:
        return []
    where = " and ".join(sorted(missing))
    return [f"No ceilings were measured on {where}: no bound but launching can be named there."]


def bound_note() -> str:
    """How to read rates, shares and bounds, in a few sentences."""
    return (
        "GFLOP/s counts the arithmetic of the op, GB/s the bytes its mode must move (eager: those "
        "of one kernel an operator; else all fused), in brackets as a share of the ceiling: for "
        "bytes that of the cache level that a call's data fit, for arithmetic that of the best "
        "product that NumPy or a framework of the run reaches. A ceiling is the best of several "
        "readings (±: how far their median lies). The bound is what explains the time: compute or "
        f"bandwidth from {percent(CEILING_SHARE)} of the ceiling, launch or allocation where empty "
        f"calls or page faults alone take {percent(FLOOR_SHARE)}; – where nothing measured "
        "explains it. A page fault is counted at its cheapest, on a small page: one that brings a "
        "huge page, as NumPy asks for, brings and costs more."
    )


# What memory costs a call, as a table: bytes moved, page faults, and allocators side by side.


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
            show_size(moved_bytes(cell.plan)),
            show_faults(cell),
            *_costs(cell, ceilings),
            against.get(cell.id, NOTHING),
        )
        for cell in curve.cells
        if cell.time_s is not None and cell.plan.width in widths
    ]
    caption = f"{curve.setting.family}: what memory costs a call"
    columns = (
        "width",
        "cell",
        "moves at least",
        "page faults",
        "fresh at least",
        "each fault",
        "all faults",
        "of processor time",
        "system against reuse",
    )
    return Table(caption, columns, rows, 2, frozenset({0, *range(2, 8)}))


def _costs(cell: CellSummary, lines: Sequence[CeilingsLine]) -> tuple[str, str, str, str]:
    """Fresh memory, one fault, all of them, their share of the processor time."""
    ceilings = find_ceilings(cell.plan, lines)
    if ceilings is None or show_faults(cell) == "0":
        return NOTHING, NOTHING, NOTHING, NOTHING
    share = NOTHING if cell.allocation_share is None else show_share(cell.allocation_share)
    return show_fresh(cell, ceilings), *show_fault_costs(cell, ceilings), share


# What starting costs: when compiling pays, a call alone against calls in a row, and how much of a
# call the device was at work.

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
