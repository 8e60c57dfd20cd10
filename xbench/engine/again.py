"""Measuring some cells of a run again, in fresh launches."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from xbench.engine.header import make_header, new_run_id
from xbench.engine.run import run_plan
from xbench.engine.settings import Settings
from xbench.plan.plan import Plan
from xbench.progress import Progress
from xbench.records.journal import make_run_folder
from xbench.records.schema import Header

CONFIRM = "confirm"
"""The folder in the run that confirming runs lie in: they are no stored runs of their own, since
one occasion would then count twice."""


def only(plan: Plan, cells: Collection[str], memory: bool) -> Plan:
    """The plan of the groups that hold any of the cells: they were measured side by side. `memory`:
    with their peak memory."""
    groups = tuple(group for group in plan.groups if any(cell.id in cells for cell in group.cells))
    kept = {cell.id for group in groups for cell in group.cells}
    rows = tuple(row for row in plan.rows if row.cell.id in kept)
    return replace(plan, groups=groups, rows=rows, memory=memory)


def measure_again(
    part: Plan, settings: Settings, header: Header, progress: Callable[[Plan], Progress]
) -> Path:
    """Measure a part of a run's plan once more. `settings` and `header` are those of the run.

    Returns: the new run's folder, in `confirm/` of the old one's. Raises: UsageError if it cannot
    be written."""
    run_id = new_run_id()
    folder = make_run_folder(settings.folder / CONFIRM, run_id)
    own = make_header(part, run_id, header.preset, header.command, header.seed, settings.variables)
    run_plan(part, replace(settings, folder=folder), own, progress(part), False)
    return folder
