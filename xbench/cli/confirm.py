"""Measuring flagged cells of a run again, in fresh launches, by the command of the run."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from xbench.cli.parser import make_parser
from xbench.cli.resume import check_same
from xbench.cli.run import end_cleanly_on_signals, head_line, planned, refuse_windows, settings_of
from xbench.engine.header import make_header, new_run_id
from xbench.engine.run import run_plan
from xbench.errors import UsageError
from xbench.gate.stored import StoredRun, read_stored
from xbench.plan.plan import Plan
from xbench.progress import make_progress
from xbench.records.journal import make_run_folder
from xbench.records.machine import environment
from xbench.records.read import Run, read_run

CONFIRM = "confirm"
"""The folder in the run that confirming runs lie in: they are no stored runs of their own, since
one occasion would then count twice."""


def measure_again(folder: Path, cells: Collection[str], memory: bool) -> StoredRun:
    """Measure the groups of these cells again, on the same machine with the same versions, and
    their peak memory if it is asked for. The run lies in `confirm/` of the folder.

    Raises: UsageError if that cannot be the same measurement; RecordError."""
    refuse_windows()
    end_cleanly_on_signals()
    run = read_run(folder)
    if run.header.command[:2] != ["xbench", "run"]:
        raise UsageError(
            f"{folder} was not measured by `xbench run`, so --confirm cannot repeat it",
            "leave out --confirm, or measure it again the way it was",
        )
    options = make_parser().parse_args(run.header.command[1:])
    preset, whole = planned(options)
    check_same(run, whole)
    _check_commit(run)
    plan = replace(_only(whole, cells), memory=memory)
    print(f"confirming: {head_line(plan, preset)}", file=sys.stderr)
    run_id = new_run_id()
    made = make_run_folder(folder / CONFIRM, run_id)
    header = make_header(plan, run_id, preset.name, run.header.command, options.seed)
    run_plan(plan, settings_of(options, made), header, make_progress(plan), False)
    return read_stored(made)


def _check_commit(run: Run) -> None:
    """Raises: UsageError where the working directory is at another commit than the run was."""
    before, now = (found.get("git") or {} for found in (run.header.environment, environment()))
    if before and now and before.get("commit") != now.get("commit"):
        raise UsageError(
            f"the run was measured at commit {before.get('commit')}, and this is "
            f"{now.get('commit')}",
            "go back to that commit, or measure a new run and gate that",
        )


def _only(plan: Plan, cells: Collection[str]) -> Plan:
    """The plan of the groups that hold any of the cells: they were measured side by side."""
    groups = tuple(group for group in plan.groups if any(cell.id in cells for cell in group.cells))
    kept = {cell.id for group in groups for cell in group.cells}
    rows = tuple(row for row in plan.rows if row.cell.id in kept)
    return replace(plan, groups=groups, rows=rows)
