"""After how many calls a mode that starts slowly has paid for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from xbench.records.compare import Comparison
from xbench.records.schema import CellPlan
from xbench.records.summary import CellSummary
from xbench.stats.deviation import deviation
from xbench.stats.student import half_width


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`cell` (graph or compiled) against `reference` (eager), the same in everything else.

    `extra_s`: what building and the first call take more, in the run's first launch, where nothing
    is cached. `gain_s`: what a call saves, the mean over launches. `calls`: after how many calls
    the saving exceeds the extra; `low` and `high` are its 95 % interval, whose ends are inf where
    the gain may be none. `calls` is inf where there is no gain, 0 where there is no extra."""

    cell: CellPlan
    reference: CellPlan
    extra_s: float
    gain_s: float
    calls: float
    low: float
    high: float


def break_evens(cells: Sequence[CellSummary], found: Sequence[Comparison]) -> list[BreakEven]:
    """One for each comparison of eager mode with another, whichever is the reference, of which both
    are among `cells`."""
    by_id = {cell.id: cell for cell in cells}
    modes = [(each.cell, each.reference) for each in found if each.axis == "mode"]
    return [
        break_even(by_id[other.id], by_id[base.id])
        for one, two in modes
        for other, base in [(two, one) if one.mode == "eager" else (one, two)]
        if base.mode == "eager" and other.id in by_id and base.id in by_id
    ]


def break_even(cell: CellSummary, reference: CellSummary) -> BreakEven:
    """Both cells have times, launch by launch."""
    extra = _start(cell) - _start(reference)
    gains = [slow - fast for slow, fast in zip(reference.launch_s, cell.launch_s, strict=False)]
    gain = fmean(gains)
    half = half_width(deviation(gains), len(gains)) if len(gains) > 1 else inf
    return BreakEven(
        cell.plan, reference.plan, extra, gain,
        _calls(extra, gain), _calls(extra, gain + half), _calls(extra, gain - half),
    )  # fmt: skip


def _start(cell: CellSummary) -> float:
    return (cell.first_s or 0.0) + (cell.build_s or 0.0)


def _calls(extra_s: float, gain_s: float) -> float:
    if extra_s <= 0.0:
        return 0.0 if gain_s >= 0.0 else inf
    return extra_s / gain_s if gain_s > 0.0 else inf
