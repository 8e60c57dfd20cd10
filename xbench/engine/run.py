"""A whole run: launches of fresh processes, each serving every group, written to the journal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

from xbench.cell import Cell, Group
from xbench.engine.calibrate import Burst
from xbench.engine.group import GroupRun
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers, start_oracle
from xbench.launch.process import Process
from xbench.plan.plan import Plan
from xbench.progress import Progress
from xbench.records.journal import JOURNAL, SUMMARY, Journal
from xbench.records.read import Run, read_run
from xbench.records.schema import Footer, Header, WorkerLine
from xbench.records.summary import CellSummary, summarise, write_summary


def run_plan(
    plan: Plan, settings: Settings, header: Header, progress: Progress
) -> tuple[Run, list[CellSummary]]:
    """Measure a plan into `settings.folder`, which exists, and read the journal back.

    A KeyboardInterrupt ends it early with a readable run, then goes on."""
    journal = Journal(settings.folder / JOURNAL)
    journal.write(header)
    outcome = "interrupted"
    try:
        with progress:
            _measure(plan, settings, journal, progress)
        outcome = "complete"
    finally:
        journal.write(Footer(ended_utc=_now(), outcome=outcome))
        shutil.rmtree(settings.scratch, ignore_errors=True)
        run = read_run(settings.folder)
        summaries = summarise(run)
        write_summary(settings.folder / SUMMARY, summaries)
    return run, summaries


def _measure(plan: Plan, settings: Settings, journal: Journal, progress: Progress) -> None:
    if not plan.groups:
        return
    bursts: dict[str, Burst] = {}
    given_up: set[str] = set()
    oracle = start_oracle(settings)
    try:
        for launch in range(plan.launches):
            with Workers(settings, launch, plan.cores) as workers:
                order = _shuffled(plan.groups, settings.seed, launch)
                for group in order:
                    _one_group(
                        group, plan, settings, journal, progress, workers, oracle, bursts,
                        given_up, launch,
                    )  # fmt: skip
    finally:
        oracle.close()


def _one_group(
    group: Group, plan: Plan, settings: Settings, journal: Journal, progress: Progress,
    workers: Workers, oracle: Process, bursts: dict[str, Burst], given_up: set[str], launch: int,
) -> None:  # fmt: skip
    cells: list[Cell] = [cell for cell in group.cells if cell.id not in given_up]
    if not cells:
        return
    known = set(workers.facts)
    run = GroupRun(plan, settings, workers, oracle, bursts, group, launch, progress.doing)
    line = run.measure(cells)
    for key in workers.facts.keys() - known:
        journal.write(WorkerLine(**workers.facts[key]))
    given_up |= run.failed.keys()
    journal.write(line)
    progress.measured(line)


def _shuffled(groups: Sequence[Group], seed: int, launch: int) -> list[Group]:
    """Groups in an order of each launch's own, so that drift does not favour a width."""
    return Random(f"{seed}/{launch}").sample(groups, len(groups))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
