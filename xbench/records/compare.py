"""Paired ratios between the cells of a group, from the raw rounds of a journal.

A ratio varies exactly one axis. Between backends everything else is equal, where each backend's own
default gradient counts as equal to another's (NumPy by hand against autograd is what people ask).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from xbench.records.read import Run
from xbench.records.schema import CellLine, CellPlan
from xbench.records.summary import CellSummary, per_call_s
from xbench.stats.interval import Estimate, over_launches, paired_log_ratio
from xbench.stats.verdict import Verdict, verdict

AXES = ("backend", "mode", "gradient")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`cell`'s time over `reference`'s, paired round by round. Below 1 `cell` is faster."""

    group: str
    axis: str
    cell: CellPlan
    reference: CellPlan
    ratio: Estimate
    verdict: Verdict


def compare_cells(
    run: Run, summaries: list[CellSummary], reference: str | None = None
) -> list[Comparison]:
    """Every comparison the run allows, against one reference per axis.

    The references: for backends `reference` (or else numpy, torch, the first there is), for modes
    `eager`, for gradients the backend's default. Cells without a number are in none."""
    by_id = {cell.id: cell for cell in summaries if cell.status in ("ok", "unstable")}
    lines: dict[str, dict[int, dict[str, CellLine]]] = {}
    for group in run.groups:
        good = {line.id: line for line in group.cells if line.id in by_id}
        lines.setdefault(group.group, {})[group.launch] = good
    found: list[Comparison] = []
    for name, launches in lines.items():
        plans = list({key: by_id[key].plan for each in launches.values() for key in each}.values())
        for cell, base, axis in _pairs(plans, reference):
            ratio = _ratio(launches, cell.id, base.id)
            if ratio is not None:
                found.append(Comparison(name, axis, cell, base, ratio, verdict(ratio)))
    return found


def one_axis(cell: CellPlan, other: CellPlan) -> str | None:
    """The only axis in which two cells of a group differ, or None."""
    differing = [axis for axis in AXES if getattr(cell, axis) != getattr(other, axis)]
    if "backend" in differing and cell.default_gradient and other.default_gradient:
        differing = [axis for axis in differing if axis != "gradient"]
    return differing[0] if len(differing) == 1 else None


def _pairs(
    plans: list[CellPlan], reference: str | None
) -> Iterator[tuple[CellPlan, CellPlan, str]]:
    preferred = [reference] if reference else ["numpy", "torch", *(plan.backend for plan in plans)]
    for one, other in combinations(plans, 2):
        axis = one_axis(one, other)
        if axis is None:
            continue
        for cell, base in ((one, other), (other, one)):
            if _is_reference(base, axis, _first(preferred, plans, cell)):
                yield cell, base, axis
                break


def _first(preferred: list[str], plans: list[CellPlan], cell: CellPlan) -> str | None:
    """The first preferred backend that this cell can be compared with, or is itself."""
    there = {plan.backend for plan in plans if plan is cell or one_axis(plan, cell) == "backend"}
    return next((name for name in preferred if name in there), None)


def _is_reference(base: CellPlan, axis: str, backend: str | None) -> bool:
    if axis == "backend":
        return base.backend == backend
    return base.mode == "eager" if axis == "mode" else base.default_gradient


def _ratio(launches: dict[int, dict[str, CellLine]], cell: str, reference: str) -> Estimate | None:
    logs: list[float] = []
    for lines in launches.values():
        if cell not in lines or reference not in lines:
            continue
        upper, lower = per_call_s(lines[cell]), per_call_s(lines[reference])
        if len(upper) == len(lower) and upper:
            logs.append(paired_log_ratio(upper, lower))
    return over_launches(logs) if logs else None
