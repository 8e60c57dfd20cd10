"""`xbench run`: plan, measure, report."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

from xbench.analysis.summary import CellSummary
from xbench.cli.resume import asked_by, check_same, open_run
from xbench.cli.start import end_cleanly_on_signals, refuse_windows
from xbench.engine.progress import Progress, make_progress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header, new_run_id
from xbench.errors import UsageError
from xbench.machine.lock import MachineLease, one_at_a_time
from xbench.ops.suite import Preset
from xbench.plan.effort import Effort, plan_selection
from xbench.plan.plan import Plan
from xbench.plan.select import AXES, Selection
from xbench.process.environment import read_given
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.records.schema import Header
from xbench.registry import get_preset, left_out, plugin_suites
from xbench.text import show_bytes, show_seconds

EXIT_FAILED, EXIT_NOTHING = 3, 5
MOST_REASONS = 5


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, 3 if a cell failed, 5 if nothing was measured."""
    refuse_windows()
    end_cleanly_on_signals()
    if options.resume is not None:
        return _resume(options)
    preset, plan = planned(options)
    read_given(options.env)  # a mistake is told before anything is measured
    if options.dry_run:
        print(describe_plan(plan))
        return 0
    with hold_machine(options) as turn:
        if turn.waited:
            preset, plan = planned(options)
        print(head_line(plan, preset), file=sys.stderr)
        run_id = new_run_id()
        folder = make_run_folder(options.out, run_id)
        settings = settings_of(options, folder, turn)
        header = make_header(
            plan, run_id, preset.name, options.command_line, options.seed, settings.variables
        )
        return _measure(plan, settings, header, make_progress(plan), False, options)


def hold_machine(options: argparse.Namespace) -> AbstractContextManager[MachineLease]:
    """This machine, for one run at a time, unless --no-lock was given."""
    return one_at_a_time(options.command_line, not options.no_lock, say)


def say(text: str) -> None:
    """Tell the user, beside what is printed."""
    print(f"xbench: {text}", file=sys.stderr, flush=True)


def planned(options: argparse.Namespace) -> tuple[Preset, Plan]:
    """The plan that these options ask for, on this machine. Raises: UsageError."""
    for line in left_out():
        print(f"note: {line}", file=sys.stderr)
    preset = get_preset(options.preset)
    axes = {axis: tuple(getattr(options, axis)) for axis in AXES if getattr(options, axis)}
    selection = Selection(preset, tuple(options.suite), axes)
    effort = Effort(
        options.launches, options.rounds, options.target, options.group_budget, options.memory
    )
    return preset, plan_selection(selection, effort)


def _resume(options: argparse.Namespace) -> int:
    """Continue the run whose folder or journal was named, as its own command asked for it."""
    run, asked, plan, head = _taken_up(options)
    if options.dry_run:
        print(head)
        return 0
    with hold_machine(options) as turn:
        if turn.waited:  # for somebody who measured it to its end, perhaps
            run, asked, plan, head = _taken_up(options)
        print(head, file=sys.stderr)
        known = [line.id for line in run.memory]
        failed = [cell.id for line in run.groups for cell in line.cells if cell.status != "ok"]
        progress = make_progress(plan, [line.group for line in run.groups], [*known, *failed])
        settings = settings_of(asked, run.path.parent, turn)
        return _measure(plan, settings, run.header, progress, True, options)


def _taken_up(options: argparse.Namespace) -> tuple[Run, argparse.Namespace, Plan, str]:
    """The run, what its command asked for, its plan, and a line that says what is left."""
    run = open_run(options.resume)
    asked = asked_by(run)
    asked.budget = options.budget
    preset, plan = planned(asked)
    check_same(run, plan, asked)
    also = f", the peak memory of {len(run.memory)} cells too" if run.memory else ""
    head = f"{head_line(plan, preset)}; {len(run.groups)} measured already{also}"
    return run, asked, plan, head


def settings_of(options: argparse.Namespace, folder: Path, turn: MachineLease) -> Settings:
    """How the engine measures into `folder`, by these options of `run`, in this turn."""
    files = [str(Path(name).resolve()) for name in options.suite if name.endswith(".py")]
    brought = [
        path
        for name, path in plugin_suites().items()
        if any(fnmatchcase(name, pattern) for pattern in options.suite)
    ]
    return Settings(
        options.seed,
        folder.resolve(),
        (*files, *brought),
        budget_s=options.budget,
        fresh_ceilings=options.fresh_ceilings,
        unlocked=turn.unlocked,
        variables=read_given(options.env),
    )


def _measure(
    plan: Plan,
    settings: Settings,
    header: Header,
    progress: Progress,
    resumed: bool,
    options: argparse.Namespace,
) -> int:
    run, summaries = run_plan(plan, settings, header, progress, resumed)
    folder = settings.folder
    if not options.no_report:
        _report(folder)
    for sentence in run.footer.unmet if run.footer else []:
        print(f"not reached: {sentence}", file=sys.stderr)
    status = exit_status(summaries)
    if status == EXIT_NOTHING:
        print("\n".join(["nothing was measured:", *reasons(summaries)]), file=sys.stderr)
    return status


def _report(folder: Path) -> None:
    """Write the report of what was just measured. Raises: UsageError where a library that draws it
    cannot be used, as by settings of the user's own."""
    try:
        import_module("xbench.reports.command").write_report([folder], folder / "report", None)
    except (ImportError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"the report could not be written: {type(error).__name__}: {error}",
            f"the measurements are kept; mend this, then `xbench report {folder}`",
        ) from error


def describe_plan(plan: Plan) -> str:
    """What `--dry-run` prints: every cell with its predicted time and memory, then the total."""
    width = max(len(row.cell.id) for row in plan.rows)
    lines = [f"{'cell':{width}}  {'one call':>9}  {'memory':>8}"]
    for row in plan.rows:
        predicted = plan.predictions[row.cell.id]
        memory = show_bytes(predicted.held_bytes)
        note = f"  {row.status}: {row.reason}" if row.status else ""
        time = show_seconds(predicted.call_s)
        lines.append(f"{row.cell.id:{width}}  {time:>9}  {memory:>8}{note}")
    return "\n".join([*lines, "", head_line(plan, None)])


def head_line(plan: Plan, preset: Preset | None) -> str:
    """One line: how much there is to do and how long it may take."""
    cells = sum(len(group.cells) for group in plan.groups)
    refused = len(plan.rows) - cells
    name = f"{preset.name}: " if preset else ""
    also = f", {refused} cells will have no number" if refused else ""
    then = ", then the peak memory of each cell" if plan.memory else ""
    return (
        f"{name}{cells} cells in {len(plan.groups)} groups, {plan.launches} launches{then}, "
        f"about {show_seconds(plan.total_s())} predicted{also}"
    )


def exit_status(summaries: list[CellSummary]) -> int:
    """The command's exit status for these results."""
    statuses = {cell.status for cell in summaries}
    if not statuses & {"ok", "unstable"}:
        return EXIT_NOTHING
    return EXIT_FAILED if statuses & {"crashed", "timeout", "invalid"} else 0


def reasons(summaries: list[CellSummary]) -> list[str]:
    """Why cells have no number, the most frequent first: `  12 cells unsupported: …`."""
    found = Counter((cell.status, cell.reason) for cell in summaries).most_common()
    lines = [
        f"  {count} {'cell' if count == 1 else 'cells'} {status}: {reason or 'no reason is known'}"
        for (status, reason), count in found[:MOST_REASONS]
    ]
    more = sum(count for _, count in found[MOST_REASONS:])
    return [*lines, f"  {more} more for other reasons"] if more else lines
