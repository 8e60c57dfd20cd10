"""What memory costs, in figures and sentences: page faults, allocators, bytes that fusing saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from xbench.analysis.bound import find_ceilings, moved_bytes
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CeilingsLine, CellPlan
from xbench.reports.curves import Contest, contests, series_of
from xbench.reports.model import Series, Shown, Source
from xbench.reports.prose.names import listed
from xbench.reports.prose.numbers import NOTHING, show_factor, show_once, show_ratio, show_share
from xbench.text import percent, plural, show_bytes

COSTLY, MOST_NAMED = 1.1, 5
"""An allocator is worth a sentence from this factor on; so many are named."""

MOVED = 1.5
"""So is fusing, where it saves this factor of the bytes, at least."""

BUSY = 1.5
"""A cell that could use all cores and is this busy at most works on one, mostly."""


def memory_sentences(source: Source) -> list[str]:
    """Whatever there is to say about it, the dearest first."""
    cells = {cell.id: cell for cell in source.cells}
    return [
        *_allocators(source.comparisons, cells),
        *_allocation(source),
        *_traffic(source),
    ]


def _name(plan: CellPlan) -> str:
    return f"{series_of(plan).label}, {plan.key.op} at {plan.width}"


def _also(others: int) -> str:
    if not others:
        return ""
    return f"; so {'is' if others == 1 else 'are'} {plural(others, 'other cell')}"


def _allocators(comparisons: Sequence[Comparison], cells: dict[str, CellSummary]) -> Iterator[str]:
    """For each series that loses where memory is not kept its worst cell, with the page faults of
    both; how many more cells there are, or that there is none."""
    known = [each for each in comparisons if each.axis == "allocator" and each.ratio.low]
    found = [each for each in known if each.verdict == "slower" and each.ratio.value > COSTLY]
    more = f"more than {percent(COSTLY - 1.0)} longer"
    if known and not found:
        yield f"No cell is known to take {more} with allocator system than with reuse."
    worst: dict[Series, Comparison] = {}
    for each in sorted(found, key=lambda each: each.ratio.low or 0.0, reverse=True):
        worst.setdefault(series_of(each.cell), each)
    shown = list(worst.values())[:MOST_NAMED]
    for each in shown:
        ratio = show_ratio(each.ratio, each.verdict)
        faults, kept = show_faults(cells[each.cell.id]), show_faults(cells[each.reference.id])
        yield (
            f"{_name(each.reference)}: {ratio} with allocator system (as shipped) than with reuse "
            f"(freed memory kept): {faults} page faults a call against {kept}."
        )
    others = len(found) - len(shown)
    if others:
        yield f"With allocator system {plural(others, 'other cell')} took {more}, too."


def _allocation(source: Source) -> Iterator[str]:
    """The cell that page faults explain most, with the sum; how many more there are."""
    found = [cell for cell in source.cells if cell.bound == "allocation"]
    if not found:
        return
    worst = max(found, key=lambda cell: cell.allocation_share or 0.0)
    ceilings = find_ceilings(worst.plan, source.ceilings)
    if ceilings is None:
        return
    each, total = show_fault_costs(worst, ceilings)
    fresh = f" ({show_fresh(worst, ceilings)} of fresh memory)" if ceilings.page_bytes else ""
    share = show_share(worst.allocation_share or 0.0)
    yield (
        f"{_name(worst.plan)} is allocation-bound: {show_faults(worst)} page faults a call{fresh} "
        f"× {each} = {total}, {share} of its processor time{_also(len(found) - 1)}."
    )


def _traffic(source: Source) -> Iterator[str]:
    """For the workload in which eager kernels move most: how much, and what a fused one must."""
    every = (contest for curve in contests(source).values() for contest in curve)
    found = [text for text in map(_fusing, every) if text is not None]
    if found:
        yield max(found)[1]


def _fusing(contest: Contest) -> tuple[float, str] | None:
    """What fusing explains in a workload, and how many bytes it saves; None if it has nothing to,
    or the interval does not say that it is faster."""
    cells = [cell for cell in contest.cells if cell.plan.key.allocator == "reuse"]
    bound = [cell for cell in cells if cell.plan.key.mode == "eager" and cell.bound == "bandwidth"]
    fused = [cell for cell in cells if cell.plan.key.mode == "compiled"]
    if not bound or not fused:
        return None
    idle = [cell for cell in cells if cell.plan.key.mode == "eager" and _half_idle(cell)]
    slow = max([*bound, *idle], key=lambda cell: cell.time_s or 0.0)
    fast = fused[0]
    if not contest.beats(fast, slow):
        return None
    ratio = contest.ratios[fast.id, slow.id]
    moved, needed = moved_bytes(slow.plan), moved_bytes(fast.plan)
    factor = 1.0 / ratio.ratio.value
    if moved < MOVED * needed or factor < MOVED:
        return None
    too = f" ({_labels(idle)} too, on {idle[0].cores_busy:.1f} cores)" if idle else ""
    shown, ends = show_factor(ratio.ratio, ratio.verdict)
    return moved - needed, (
        f"{slow.plan.key.op} at {slow.plan.width}: one kernel an operator, {_labels(bound)} must "
        f"move {show_bytes(moved)} a call{too}, and the memory bounds them; all fused, as "
        f"{series_of(fast.plan).label}, it takes {show_bytes(needed)} at least. Of the factor "
        f"{shown} {ends} between {series_of(slow.plan).label} and {series_of(fast.plan).label}, "
        f"fewer bytes explain up to {min(factor, moved / needed):.1f}."
    )


def _half_idle(cell: CellSummary) -> bool:
    """Whether nothing that was measured bounds it and it leaves cores idle: it could use more of
    the memory's rate if it used more of them."""
    return not cell.bound and cell.plan.key.threads == "all" and (cell.cores_busy or 9.0) < BUSY


def _labels(cells: Iterable[CellSummary]) -> str:
    series: list[Series] = sorted((series_of(cell.plan) for cell in cells), key=lambda s: s.rank)
    return listed([each.label for each in series])


# Figures of page faults, for these sentences and for the tables.


def show_faults(cell: CellSummary) -> Shown:
    """`60 511`: of a call."""
    faults = cell.faults_per_call or 0.0
    return Shown(f"{faults:,.0f}".replace(",", " "), faults)


def show_fresh(cell: CellSummary, ceilings: CeilingsLine) -> str:
    """`248 MB`: what so many faults bring at least, a page each."""
    fresh = round((cell.faults_per_call or 0.0) * ceilings.page_bytes)
    return show_size(fresh) if fresh else NOTHING


def show_size(count: int) -> Shown:
    """`248 MB`, to be sorted by the bytes."""
    return Shown(show_bytes(count), count)


def show_fault_costs(cell: CellSummary, ceilings: CeilingsLine) -> tuple[str, str]:
    """`1.4 µs`, `87 ms`: of one fault at its cheapest, and of a call's."""
    if ceilings.fault_ns is None:
        return NOTHING, NOTHING
    each_s = ceilings.fault_ns.best * 1e-9
    return show_once(each_s), show_once(each_s * (cell.faults_per_call or 0.0))
