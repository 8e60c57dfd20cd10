"""A run: launches of fresh processes, each serving every group, written to the journal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from xbench.cell import Group, WorkerKey
from xbench.engine.calibrate import Burst
from xbench.engine.cellwork import CellWork
from xbench.engine.group import GroupRun
from xbench.engine.oracle import Oracle
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.plan.plan import Plan
from xbench.progress import Progress
from xbench.records.journal import JOURNAL, SUMMARY, Journal
from xbench.records.read import Run, read_run
from xbench.records.schema import Footer, GroupLine, Header, WorkerLine
from xbench.records.summary import CellSummary, summarise, write_summary


@dataclass(slots=True)
class Recording:
    """A plan that is being measured into `settings.folder`, which exists.

    `bursts` and `given_up` hold for the whole run: a cell keeps its burst, and one that failed is
    not tried again."""

    plan: Plan
    settings: Settings
    header: Header
    progress: Progress
    bursts: dict[str, Burst] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._journal.write(self.header)

    @property
    def _journal(self) -> Journal:
        return Journal(self.settings.folder / JOURNAL)

    def measure(self, groups: Sequence[Group]) -> list[GroupLine]:
        """Measure groups of the plan in all launches; each launch has an order of its own, so that
        drift does not favour a width. Returns: what was written to the journal."""
        lines: list[GroupLine] = []
        if not groups:
            return lines
        oracle = Oracle(self.settings)
        try:
            for launch in range(self.plan.launches):
                order = Random(f"{self.settings.seed}/{launch}").sample(groups, len(groups))
                with Workers(self.settings, launch, self.plan.cores, self._opened) as workers:
                    workers.start(self._keys(groups))
                    for group in order:
                        lines += self._one_group(group, launch, workers, oracle)
        finally:
            oracle.close()
        return lines

    def _opened(self, facts: dict[str, Any]) -> None:
        self._journal.write(WorkerLine(**facts))

    def _keys(self, groups: Sequence[Group]) -> list[WorkerKey]:
        """The workers that these groups' cells still need."""
        cells = [cell for group in groups for cell in group.cells if cell.id not in self.given_up]
        return list(dict.fromkeys(cell.worker for cell in cells))

    def finish(self, outcome: str) -> tuple[Run, list[CellSummary]]:
        """End the journal, delete what was only needed while measuring, and read it back."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        self._journal.write(Footer(ended_utc=ended, outcome=outcome))
        shutil.rmtree(self.settings.scratch, ignore_errors=True)
        run = read_run(self.settings.folder)
        summaries = summarise(run)
        write_summary(self.settings.folder / SUMMARY, summaries)
        return run, summaries

    def _one_group(
        self, group: Group, launch: int, workers: Workers, oracle: Oracle
    ) -> list[GroupLine]:
        cells = [cell for cell in group.cells if cell.id not in self.given_up]
        if not cells:
            return []
        work = CellWork(self.plan, self.settings, workers, oracle, self.bursts, self.progress.doing)
        run = GroupRun(work, group, launch)
        line = run.measure(cells)
        self.given_up |= run.failed.keys()
        self._journal.write(line)
        self.progress.measured(line)
        return [line]


def run_plan(
    plan: Plan, settings: Settings, header: Header, progress: Progress
) -> tuple[Run, list[CellSummary]]:
    """Measure a whole plan. An exception, Ctrl-C too, ends it with a readable run and goes on."""
    recording = Recording(plan, settings, header, progress)
    outcome = "interrupted"
    try:
        with progress:
            recording.measure(plan.groups)
        outcome = "complete"
    finally:
        found = recording.finish(outcome)
    return found
