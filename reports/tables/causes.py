"""What bounds the times: the machine's ceilings, and what launching costs each worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from reports.model import Shown, Source, Table
from reports.read.curves import thread_label
from reports.say.numbers import NOTHING, percent, show_once, show_share
from xbench.records.bound import CEILING_SHARE, FLOOR_SHARE, find_ceilings
from xbench.records.schema import CeilingsLine, Figure

CAUSES = "What bounds the times"
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
            costs.setdefault(worker.worker, []).append((worker.dispatch_ns, worker.operator_ns))
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
        cell.plan.device
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
