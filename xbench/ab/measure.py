"""The two measurements of an A/B: all pairs, then the candidates alone, in fresh launches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
from xbench.records.summary import CellSummary
from xbench.text import show_seconds

CONFIRM_SHARE = 1 / 3
"""Of a budget, what the first measurement leaves: a candidate that cannot be confirmed is none."""

ATTEMPTS = 2
"""How often a candidate is looked for again, until it is confirmed or excluded."""

BUSY = 0.5
"""A load beyond this share of the cores is said."""

CONFIRM_TIMES = 2.0
"""How much longer a cell is measured then: there are few, and a candidate is worth it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What both measurements share. `plan_of` makes a plan of rows, whose groups get so many times
    the usual time; `say` tells the user; runs go into folders of `out` named after `run_id`.
    `budget_s` is for both; `unlocked`: others may measure meanwhile; `variables` are the user's own
    for every worker of either side."""

    sides: Mapping[str, Side]
    plan_of: Callable[[list[Row], float], Plan]
    thresholds: Thresholds
    out: Path
    run_id: str
    preset: str
    command: list[str]
    seed: int
    budget_s: float | None
    unlocked: bool
    variables: Mapping[str, str]
    say: Callable[[str], None]

    def compare(self, pairs: list[Pair]) -> tuple[list[Finding], list[Run], list[str]]:
        """Measure, judge, confirm. Returns: the findings, the runs that they rest on, and what a
        reader must know."""
        end = inf if self.budget_s is None else time.monotonic() + self.budget_s
        first_s = None if self.budget_s is None else self.budget_s * (1.0 - CONFIRM_SHARE)
        plan = self.plan_of(rows_to_measure(pairs), 1.0)
        run = self._measure(plan, self.run_id, self.seed, first_s)
        findings = judge(pairs, *run, self.thresholds)
        runs, notes = [run[0]], _notes(run[0])
        for attempt in range(1, ATTEMPTS + 1):
            flagged = [pair for pair in pairs if pair.name in _candidates(findings)]
            if not flagged:
                break
            plan = self.plan_of(rows_to_measure(flagged), CONFIRM_TIMES)
            least_s, left_s = plan.launch_s(), end - time.monotonic()
            if left_s < least_s:
                notes.append(f"no time was left to confirm: it takes {show_seconds(least_s)}")
                findings = confirm(findings, {}, plan.launches) if attempt == 1 else findings
                break
            self.say(f"again, in fresh launches: {', '.join(pair.name for pair in flagged)}")
            run_id, left = f"{self.run_id}-again{attempt}", None if left_s == inf else left_s
            again = self._measure(plan, run_id, self.seed + attempt, left)
            seen = {each.cell: each for each in judge(flagged, *again, self.thresholds)}
            findings = confirm(findings, seen, plan.launches)
            runs.append(again[0])
        return findings, runs, notes

    def _measure(
        self, plan: Plan, run_id: str, seed: int, budget_s: float | None
    ) -> tuple[Run, list[CellSummary]]:
        folder = make_run_folder(self.out, run_id).resolve()
        settings = Settings(
            seed, folder, self.sides["head"].suites, budget_s=budget_s, sides=self.sides,
            unlocked=self.unlocked, variables=self.variables,
        )  # fmt: skip
        header = make_header(plan, run_id, self.preset, self.command, seed, self.variables)
        return run_plan(plan, settings, header, make_progress(plan))


def _candidates(findings: list[Finding]) -> set[str]:
    return {each.cell for each in findings if each.kind == "regressed" and each.confirmed is None}


def _notes(run: Run) -> list[str]:
    """What about the first measurement makes its verdict weaker."""
    environment, found = run.header.environment, []
    load, cores = environment["load_average"][0], environment["machine"]["cores"]
    if load > BUSY * cores:
        found.append(f"the machine was busy when measuring began (load {load:.1f}, {cores} cores)")
    if run.footer is not None and run.footer.outcome == "budget":
        launches = len({line.launch for line in run.groups})
        found.append(
            f"the budget ended measuring after {launches} of {run.header.launches} launches"
        )
    return found
