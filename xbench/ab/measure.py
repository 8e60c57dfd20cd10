"""The two measurements of an A/B: all pairs, then the candidates alone, in fresh launches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from xbench.ab.judge import confirm, judge
from xbench.ab.pairs import Pair, rows_to_measure
from xbench.engine.header import make_header
from xbench.engine.run import run_plan
from xbench.engine.settings import Settings
from xbench.gate.model import Finding
from xbench.gate.thresholds import Thresholds
from xbench.launch.side import Side
from xbench.plan.build import Row
from xbench.plan.plan import Plan
from xbench.progress import make_progress
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.text import show_seconds

CONFIRM_SHARE = 1 / 3
"""Of a budget, what the first measurement leaves: a candidate that cannot be confirmed is none."""


@dataclass(frozen=True, slots=True)
class Work:
    """What both measurements share. `plan_of` makes a plan of rows; `say` tells the user; runs go
    into folders of `out` named after `run_id`. `budget_s` is for both."""

    sides: Mapping[str, Side]
    plan_of: Callable[[list[Row]], Plan]
    thresholds: Thresholds
    out: Path
    run_id: str
    preset: str
    command: list[str]
    seed: int
    budget_s: float | None
    say: Callable[[str], None]

    def compare(self, pairs: list[Pair]) -> tuple[list[Finding], list[Run], list[str]]:
        """Measure, judge, confirm. Returns: the findings, the runs that they rest on, and what a
        reader must know."""
        began = time.monotonic()
        budget = None if self.budget_s is None else self.budget_s * (1.0 - CONFIRM_SHARE)
        run, findings = self._measure(pairs, self.run_id, self.seed, budget)
        left_s = inf if self.budget_s is None else self.budget_s - (time.monotonic() - began)
        candidates = {each.cell for each in findings if each.kind == "regressed"}
        if not candidates:
            return findings, [run], _ended(run)
        flagged = [pair for pair in pairs if pair.name in candidates]
        plan = self.plan_of(rows_to_measure(flagged))
        least_s = plan.launch_s()
        if left_s < least_s:
            note = f"no time was left to confirm: that takes {show_seconds(least_s)} at least"
            return confirm(findings, {}, plan.launches), [run], [*_ended(run), note]
        self.say(f"{len(flagged)} to be confirmed in fresh launches: {', '.join(candidates)}")
        budget = None if self.budget_s is None else left_s
        again, confirmed = self._measure(flagged, f"{self.run_id}-again", self.seed + 1, budget)
        by_cell = {each.cell: each for each in confirmed}
        return confirm(findings, by_cell, plan.launches), [run, again], _ended(run)

    def _measure(
        self, pairs: Iterable[Pair], run_id: str, seed: int, budget_s: float | None
    ) -> tuple[Run, list[Finding]]:
        pairs = list(pairs)
        plan = self.plan_of(rows_to_measure(pairs))
        folder = make_run_folder(self.out, run_id).resolve()
        settings = Settings(
            seed, folder, self.sides["head"].suites, budget_s=budget_s, sides=self.sides
        )
        header = make_header(plan, run_id, self.preset, self.command, seed)
        run, summaries = run_plan(plan, settings, header, make_progress(plan))
        return run, judge(pairs, run, summaries, self.thresholds)


def _ended(run: Run) -> list[str]:
    """Whether the budget cut the first measurement short."""
    if run.footer is None or run.footer.outcome != "budget":
        return []
    launches = len({line.launch for line in run.groups})
    return [f"the budget ended measuring after {launches} of {run.header.launches} launches"]
