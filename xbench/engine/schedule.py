"""What is still to be measured: the order of a launch's groups, what the budget allows, and the
ratios that are not known as precisely as was asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, log
from random import Random

from xbench.analysis.ratios import Comparison, compare_cells
from xbench.analysis.stopping import Figure, level_of, may_stop, unmet
from xbench.analysis.summary import summarise
from xbench.plan.cell import Group
from xbench.plan.plan import Plan
from xbench.records.read import Run
from xbench.records.schema import CellPlan
from xbench.text import show_seconds


@dataclass(slots=True)
class Schedule:
    """Launches and groups in their order, less what the journal holds already.

    Time counts from the making of this object; `budget_s` None means no limit. `measured_s`: what
    each group took in its latest launch but its first, which compiles and checks more."""

    plan: Plan
    seed: int
    budget_s: float | None
    done: set[tuple[str, int]]
    measured_s: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    exhausted: bool = False
    """Whether something was left out for lack of time."""

    def order(self, groups: Sequence[Group], launch: int) -> list[Group]:
        """A launch's groups, in an order of its own, so that drift does not favour a width."""
        order = Random(f"{self.seed}/{launch}").sample(groups, len(groups))
        return [group for group in order if (group.id, launch) not in self.done]

    @property
    def left_s(self) -> float:
        """What the budget still holds; infinite without one."""
        if self.budget_s is None:
            return inf
        return self.budget_s - (time.monotonic() - self.started)

    def within_time(self, undecided: list[Group], opening_s: float) -> list[Group]:
        """As many of these groups as the plan's time still holds in one launch, whose workers take
        `opening_s` to start: the shortest first."""
        left_s = (self.plan.time_s or 0.0) - (time.monotonic() - self.started) - opening_s
        found: list[Group] = []
        for group in sorted(undecided, key=self._group_s):
            left_s -= self._group_s(group)
            if left_s >= 0.0:
                found.append(group)
        return found

    def _group_s(self, group: Group) -> float:
        return self.measured_s.get(group.id, self.plan.group_cost_s(group))

    def allows(self, seconds: float) -> bool:
        """Whether work of this length still fits. Once it does not, `exhausted` is set."""
        fits = seconds <= self.left_s
        self.exhausted |= not fits
        return fits


# Whether every ratio is known as precisely as was asked for, and what it would take.

DEFAULT_TARGET = 0.02


def precise(run: Run, launches: int, target: float) -> bool:
    """Whether a run with a target may end after so many launches."""
    return may_stop(launches, figures(run), target)


def missing(run: Run, target: float) -> list[str]:
    """A sentence for each ratio that is not known to ±`target`, with the launches it would take,
    and for each cell that was not measured at all."""
    launches = len({group.launch for group in run.groups}) or 1
    level = level_of(run.launching, launches)
    return [*unmet(figures(run), target, level), *not_measured(run)]


def not_measured(run: Run) -> list[str]:
    """A sentence for each cell that was planned and not measured at all."""
    measured = {line.id for group in run.groups for line in group.cells}
    left = [cell for cell in run.header.cells if cell.status is None and cell.id not in measured]
    return [f"{each.id}: not measured; {_predicted(each)}" for each in left]


def figures(run: Run) -> list[Figure]:
    """The logarithms of every ratio the run allows, and of the times of cells that are in none."""
    cells = summarise(run)
    ratios = compare_cells(run, cells)
    compared = {plan.id for each in ratios for plan in (each.cell, each.reference)}
    alone = [cell for cell in cells if cell.launch_s and cell.id not in compared]
    return [
        *(Figure(_name(each), each.logs) for each in ratios),
        *(Figure(cell.id, [log(each) for each in cell.launch_s]) for cell in alone),
    ]


def _predicted(cell: CellPlan) -> str:
    return f"one call is predicted to take {show_seconds(cell.predicted_s)}"


def _name(found: Comparison) -> str:
    """Both cells by backend and mode, and by the axis along which they are compared."""
    axis = [] if found.axis in ("backend", "mode") else [found.axis]
    axis += ["allocator"] if axis != ["allocator"] and found.cell.key.allocator != "reuse" else []
    one, other = (
        " ".join(getattr(each, name) for name in ("backend", "mode", *axis))
        for each in (found.cell.key, found.reference.key)
    )
    return f"{one} against {other}, {found.group}"
