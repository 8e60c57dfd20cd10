"""What is still to be measured, and whether the budget allows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf
from random import Random

from xbench.cell import Group
from xbench.plan.plan import Plan


@dataclass(slots=True)
class Schedule:
    """Launches and groups in their order, less what the journal holds already.

    Time counts from the making of this object; `budget_s` None means no limit."""

    plan: Plan
    seed: int
    budget_s: float | None
    done: set[tuple[str, int]]
    started: float = field(default_factory=time.monotonic)
    exhausted: bool = False
    """Whether something was left out for lack of time."""

    def order(self, groups: list[Group], launch: int) -> list[Group]:
        """A launch's groups, in an order of its own, so that drift does not favour a width."""
        order = Random(f"{self.seed}/{launch}").sample(groups, len(groups))
        return [group for group in order if (group.id, launch) not in self.done]

    @property
    def left_s(self) -> float:
        """What the budget still holds; infinite without one."""
        if self.budget_s is None:
            return inf
        return self.budget_s - (time.monotonic() - self.started)

    def allows(self, seconds: float) -> bool:
        """Whether work of this length still fits. Once it does not, `exhausted` is set."""
        fits = seconds <= self.left_s
        self.exhausted |= not fits
        return fits
