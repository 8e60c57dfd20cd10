"""How far a run is, and how long the rest will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from xbench.plan.plan import Plan
from xbench.plan.predict import oracle_s
from xbench.records.schema import GroupLine


class Clock:
    """How much of the plan is done, and how long the rest will take.

    That is the prediction of the rest, times how much slower or faster than predicted the work done
    went. Half a launch as predicted counts beside it: a cold first group alone says little."""

    def __init__(self, plan: Plan, done: Sequence[str] = (), settled: Sequence[str] = ()) -> None:
        """`done`: groups that were measured before; `settled`: see `settle`."""
        self._memory_s = plan.memory_costs_s()
        self.total = len(plan.groups) * plan.launches + len(self._memory_s)
        self.done = 0
        self.start = time.monotonic()
        self._cost_s = {group.id: plan.group_cost_s(group) for group in plan.groups}
        self._oracle_s = {group.id: oracle_s(group.spec, plan.cores) for group in plan.groups}
        self._opening_s = plan.launch_s() - sum(self._cost_s.values())
        self._damping_s = 0.5 * plan.launch_s() or 1.0
        self._rest_s = plan.total_s()
        self._launches: Counter[str] = Counter()
        for group in done:
            self.step(group)
        for cell in settled:
            self.settle(cell)
        self._began_s = self._rest_s

    def step(self, group: str) -> None:
        """One group is done in one launch: the first one of a launch had its workers opened, the
        first launch of a group had its answers worked out."""
        self.done += 1
        if self._launches[group] == max(self._launches.values(), default=0):
            self._rest_s -= self._opening_s
        self._launches[group] += 1
        self._rest_s -= self._cost_s[group] + self._oracle_s.pop(group, 0.0)

    def settle(self, cell: str) -> None:
        """A cell's peak memory is known, or never will be: the cell has failed."""
        if cell in self._memory_s:
            self.done += 1
            self._rest_s -= self._memory_s.pop(cell)

    def measured(self, line: GroupLine) -> None:
        """A group was measured, and some of its cells may have failed."""
        self.step(line.group)
        for cell in line.cells:
            if cell.status != "ok":
                self.settle(cell.id)

    def left_s(self) -> float:
        """Seconds left."""
        spent = time.monotonic() - self.start
        done = self._began_s - self._rest_s
        pace = (spent + self._damping_s) / (done + self._damping_s)
        return max(self._rest_s, 0.0) * pace
