"""Paired ratios between the cells of a group, from the raw rounds of a journal.

A ratio varies exactly one axis. Between backends everything else is equal, where each backend's own
default gradient counts as equal to another's (NumPy by hand against autograd is what people ask).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations

from xbench.analysis.interval import (
    Estimate,
    Rounds,
    Verdict,
    opposite,
    over_launches,
    paired_log_ratio,
    verdict,
)
from xbench.analysis.stopping import level_of
from xbench.analysis.summary import CellSummary, per_call_s, summarise
from xbench.errors import UsageError
from xbench.records.read import Run
from xbench.records.schema import CellPlan, GroupLine

SIDE = "side"
AXES = ("backend", "mode", "gradient", "allocator", SIDE)
CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`cell`'s time over `reference`'s, paired round by round. Below 1 `cell` is faster."""

    group: str
    axis: str
    cell: CellPlan
    reference: CellPlan
    ratio: Estimate
    verdict: Verdict
    logs: tuple[float, ...]
    """Each launch's logarithm of the ratio."""

    @property
    def inverse(self) -> Comparison:
        """The same, said of the other cell."""
        low, high = self.ratio.low, self.ratio.high
        ratio = Estimate(
            1.0 / self.ratio.value,
            None if high is None else 1.0 / high,
            None if low is None else 1.0 / low,
            self.ratio.launches,
        )
        logs = tuple(-each for each in self.logs)
        return Comparison(
            self.group, self.axis, self.reference, self.cell, ratio, opposite(self.verdict), logs
        )


def compare_cells(
    run: Run, summaries: list[CellSummary], reference: str | None = None
) -> list[Comparison]:
    """Every comparison the run allows, against one reference per axis.

    The references: for backends that of `reference`, a backend or `backend/mode` (or else numpy,
    torch, the first there is), for modes its mode (or else `eager`), for gradients the backend's
    default, for allocators `reuse`, for the sides of an A/B `base`. Cells without a number
    are in none. Raises: UsageError if no cell of `reference` has one: no other takes its place."""
    _check_reference(run, summaries, reference)
    return [each for group in measured_groups(run, summaries) for each in group.against(reference)]


def ratios(
    run: Run, summaries: list[CellSummary], reference: str | None = None
) -> tuple[list[Comparison], list[Comparison]]:
    """What `compare_cells` gives, and the choices: every pair of cells that were measured in the
    same rounds, whatever they differ in, which is what a person chooses between, each named whole.

    A choice is the later cell of the plan over the earlier; its `axis` is `choice` where several
    axes differ. Raises: UsageError, as `compare_cells`."""
    _check_reference(run, summaries, reference)
    compared: list[Comparison] = []
    chosen: list[Comparison] = []
    for group in measured_groups(run, summaries):
        compared += group.against(reference)
        chosen += group.every_pair()
    return compared, chosen


def _check_reference(run: Run, summaries: list[CellSummary], reference: str | None) -> None:
    keys = [cell.plan.key for cell in summaries if cell.status in ("ok", "imprecise")]
    there = {name for each in keys for name in (each.backend, f"{each.backend}/{each.mode}")}
    listed = sorted(there, key=lambda name: ("/" in name, name))
    if reference is not None and reference not in there:
        raise UsageError(
            f"{run.journal} holds no number of {reference} to compare with",
            f"name one of those with a number: {', '.join(listed) or 'there is none'}",
        )


Judged = tuple[Estimate, Verdict, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class MeasuredGroup:
    """A group's cells that have a number, and what judges two of them, by their ids."""

    name: str
    plans: list[CellPlan]
    judge: Callable[[str, str], Judged | None]

    def every_pair(self) -> Iterator[Comparison]:
        """The choices."""
        for base, cell in combinations(self.plans, 2):
            if judged := self.judge(cell.id, base.id):
                axis = one_axis(cell, base) or CHOICE
                yield Comparison(self.name, axis, cell, base, *judged)

    def against(self, reference: str | None) -> Iterator[Comparison]:
        """As `compare_cells` has them."""
        for cell, base, axis in _pairs(self.plans, reference):
            if judged := self.judge(cell.id, base.id):
                yield Comparison(self.name, axis, cell, base, *judged)


def measured_groups(
    run: Run, summaries: list[CellSummary], level: Callable[[int], float] | None = None
) -> Iterator[MeasuredGroup]:
    """The groups in the order in which they were first measured, one after another in memory.
    `level` is that of a ratio's interval after so many launches; without, as the run's kind has
    it."""
    by_id = {cell.id: cell.plan for cell in summaries if cell.status in ("ok", "imprecise")}
    lines: dict[str, dict[int, GroupLine]] = {}
    for group in run.groups:
        lines.setdefault(group.group, {})[group.launch] = group
    level = level or partial(level_of, run.launching)
    for name, launches in lines.items():
        rounds = [rounds_of(group, by_id) for group in launches.values()]
        plans = [by_id[key] for key in dict.fromkeys(key for each in rounds for key in each)]
        yield MeasuredGroup(name, plans, cache(partial(_judge, rounds, level)))


def _judge(
    launches: list[dict[str, Rounds]], level: Callable[[int], float], cell: str, base: str
) -> Judged | None:
    """The ratio of two cells, or None where they share no launch."""
    both = [(each[cell], each[base]) for each in launches if cell in each and base in each]
    logs = [
        paired_log_ratio(upper, lower)
        for upper, lower in both
        if len(upper.seconds) == len(lower.seconds)
    ]
    if not logs:
        return None
    ratio = over_launches(logs, level(len(logs)))
    return ratio, verdict(ratio), tuple(logs)


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A comparison that there would be, had both cells fitted into memory at once."""

    axis: str
    cell: CellPlan
    reference: CellPlan


def unpaired_cells(summaries: list[CellSummary], reference: str | None = None) -> list[Unpaired]:
    """What `compare_cells` leaves out because a group was measured in parts (`#1`, `#2` …), whose
    rounds are not the same."""
    groups: dict[str, list[CellPlan]] = {}
    for cell in summaries:
        if cell.status in ("ok", "imprecise"):
            groups.setdefault(cell.plan.key.group_id, []).append(cell.plan)
    in_parts = [plans for plans in groups.values() if len({plan.group for plan in plans}) > 1]
    return [
        Unpaired(axis, cell, base)
        for plans in in_parts
        for cell, base, axis in _pairs(plans, reference)
        if cell.group != base.group
    ]


def rounds_of(group: GroupLine, wanted: Container[str]) -> dict[str, Rounds]:
    """The rounds of one launch by cell, of those wanted; with their canaries where all were
    taken."""
    canary = [each * 1e-9 for each in group.canary_ns]
    return {
        line.id: Rounds(per_call_s(line), canary if len(canary) == len(line.timed.wall_ns) else ())
        for line in group.cells
        if line.id in wanted
    }


def one_axis(cell: CellPlan, other: CellPlan) -> str | None:
    """The only axis in which two cells of a group differ, or None. The sides of an A/B may differ
    in a policy, which is then what is compared: there a pair is what was planned as one."""
    key, other_key = cell.key, other.key
    if key.side != other_key.side:
        return SIDE if cell.pair == other.pair else None
    differing = [axis for axis in AXES if getattr(key, axis) != getattr(other_key, axis)]
    if "backend" in differing and cell.default_gradient and other.default_gradient:
        differing = [axis for axis in differing if axis != "gradient"]
    return differing[0] if len(differing) == 1 else None


def _pairs(
    plans: list[CellPlan], reference: str | None
) -> Iterator[tuple[CellPlan, CellPlan, str]]:
    backend, _, mode = (reference or "").partition("/")
    preferred = [backend] if backend else ["numpy", "torch", *(plan.key.backend for plan in plans)]
    first = cache(lambda place: _first(preferred, plans, plans[place]))
    for (here, one), (there, other) in combinations(enumerate(plans), 2):
        axis = one_axis(one, other)
        if axis is None:
            continue
        for cell, base, place in ((one, other, here), (other, one, there)):
            wanted = first(place) if axis == "backend" else None
            if _is_reference(base, axis, wanted, mode or "eager"):
                yield cell, base, axis
                break


def _first(preferred: list[str], plans: list[CellPlan], cell: CellPlan) -> str | None:
    """The first preferred backend that this cell can be compared with, or is itself."""
    there = {
        plan.key.backend for plan in plans if plan is cell or one_axis(plan, cell) == "backend"
    }
    return next((name for name in preferred if name in there), None)


def _is_reference(base: CellPlan, axis: str, backend: str | None, mode: str) -> bool:
    if axis == "backend":
        return base.key.backend == backend
    if axis == SIDE:
        return base.key.side == "base"
    if axis == "allocator":
        return base.key.allocator == "reuse"
    return base.key.mode == mode if axis == "mode" else base.default_gradient


# Whether it is decided which cell of a group is the fastest.


def undecided_groups(run: Run, level: float) -> list[str]:
    """The groups of which it is not decided which cell is the fastest, with intervals of this
    `level` for every ratio. Cells without a number do not count."""
    groups = measured_groups(run, summarise(run), lambda _: level)
    return [group.name for group in groups if not is_decided(group)]


def is_decided(group: MeasuredGroup) -> bool:
    """Whether one cell is faster than each other one, or some are the same and each of them is
    faster than all the rest."""
    ids = [plan.id for plan in group.plans]
    verdicts = {}
    for each in group.every_pair():
        verdicts[each.cell.id, each.reference.id] = each.verdict
        verdicts[each.reference.id, each.cell.id] = opposite(each.verdict)
    beaten = {one for (one, _), said in verdicts.items() if said == "slower"}
    leaders = [one for one in ids if one not in beaten]
    return all(
        verdicts.get((leader, other)) == ("faster" if other in beaten else "same")
        for leader in leaders
        for other in ids
        if other != leader
    )
