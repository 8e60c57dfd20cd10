"""`xbench run`: plan, measure and report; with `--resume`, go on with an interrupted run."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xbench.cli import EXIT_FAILED, EXIT_NOTHING
from xbench.cli.options import (
    add_env,
    add_new_runs_folder,
    add_no_lock,
    add_rounds,
    add_seed,
    add_selection,
    layers,
    seconds,
    share,
)
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.analysis.summary import CellSummary
    from xbench.engine.progress import Progress
    from xbench.engine.settings import Settings
    from xbench.plan.plan import Plan
    from xbench.records.read import Run
    from xbench.records.schema import Header

MOST_REASONS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Measure the cells of a preset, or those that you select, and write a report. A cell is an "
        "op with its sizes, on a backend, a device and so on: one thing that gets a time."
    )
    parser.epilog = (
        "Exit status: 0 success; 2 wrong usage or input; 3 a cell crashed, timed out or gave a "
        "wrong result; 5 nothing was measured; 130 interrupted."
    )
    add_selection(parser)
    _add_layers(parser.add_argument_group("your own layer sizes"))
    _add_measuring(parser.add_argument_group("measuring"))
    run = parser.add_argument_group("the run")
    run.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    run.add_argument("--no-report", action="store_true", help="do not write a report")
    add_new_runs_folder(run)
    run.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="go on with an interrupted run, with the options it was started with. Of the options "
        "given now, only --budget, --dry-run, --no-lock and --no-report have an effect",
    )
    parser.set_defaults(handler=main)


def _add_layers(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--layers",
        type=layers,
        metavar="SIZES",
        help="measure these sizes and no others: inputs, hidden units and outputs of a network "
        "(--op mlp_train mlp_forward mlp_backward --layers 784,4096,10), or inputs and outputs of "
        "a product (--op matmul --layers 784,4096). Networks have biases, and are trained by Adam "
        "with mean squared error",
    )
    group.add_argument(
        "--batch", type=int, metavar="N", help="samples in a call, with --layers (default 64)"
    )


def _add_measuring(how: argparse._ActionsContainer) -> None:
    how.add_argument(
        "--launches",
        type=int,
        metavar="N",
        help="number of launches, at least 1; each starts fresh worker processes (default: from "
        "the preset)",
    )
    add_rounds(how)
    how.add_argument(
        "--target",
        type=share,
        metavar="SHARE",
        help="make launches until every ratio is known to this precision: 2%% means ±2 %%",
    )
    how.add_argument(
        "--budget",
        type=seconds,
        metavar="TIME",
        help="stop when this time is spent, for instance 120s, 5m or 2h. The preset quick uses all "
        "of it (default 4m), unless --launches or --target is given: a workload gets more launches "
        "until it is decided which cell is the fastest",
    )
    how.add_argument(
        "--memory",
        action="store_true",
        help="after all timing, also measure the peak memory of each cell, in a fresh process with "
        "no other beside it",
    )
    add_seed(how)
    how.add_argument(
        "--fresh-ceilings",
        action="store_true",
        help="measure the limits of this machine (its ceilings) again, even if they were measured "
        "less than a day ago",
    )
    add_env(how)
    add_no_lock(how)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, 3 if a cell failed, 5 if nothing was measured."""
    from xbench.cli.measuring import (
        end_cleanly_on_signals,
        hold_machine,
        plan_in_one_line,
        refuse_windows,
    )
    from xbench.cli.run_options import plan_of, settings_of
    from xbench.engine.progress import make_progress
    from xbench.engine.settings import make_header, new_run_id
    from xbench.process.environment import read_given
    from xbench.records.journal import make_run_folder

    refuse_windows()
    end_cleanly_on_signals()
    if options.resume is not None:
        return _resume(options)
    preset, plan = plan_of(options)
    read_given(options.env)  # a mistake is told before anything is measured
    if options.dry_run:
        print(describe_plan(plan))
        return 0
    with hold_machine(options) as lease:
        if lease.waited:
            preset, plan = plan_of(options)
        print(plan_in_one_line(plan, preset), file=sys.stderr)
        run_id = new_run_id()
        folder = make_run_folder(options.out, run_id)
        settings = settings_of(options, folder, lease)
        header = make_header(
            plan, run_id, preset.name, options.command_line, options.seed, settings.variables
        )
        return _measure(plan, settings, header, make_progress(plan), False, options)


def _measure(
    plan: Plan,
    settings: Settings,
    header: Header,
    progress: Progress,
    resumed: bool,
    options: argparse.Namespace,
) -> int:
    from xbench.engine.run_plan import run_plan

    run, summaries = run_plan(plan, settings, header, progress, resumed)
    for sentence in run.footer.unmet if run.footer else []:
        print(f"not reached: {sentence}", file=sys.stderr)
    if not options.no_report:
        _write_report(settings.folder)
    status = exit_status(summaries)
    if status == EXIT_NOTHING:
        print("\n".join(["nothing was measured:", *reasons(summaries)]), file=sys.stderr)
    return status


def _write_report(folder: Path) -> None:
    """Write the report of what was just measured, and print its answer. Raises: UsageError where a
    library that draws it cannot be used, as by settings of the user's own."""
    try:
        from xbench.reports.assemble import write_report

        write_report([folder], folder / "report", None, output_format="answer")
    except (ImportError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"the report could not be written: {type(error).__name__}: {error}",
            f"the measurements are kept; repair this, then `xbench report {folder}`",
        ) from error


def describe_plan(plan: Plan) -> str:
    """What `--dry-run` prints: every cell with its predicted time and memory, then the total."""
    from xbench.cli.measuring import plan_in_one_line
    from xbench.text import show_bytes, show_seconds

    width = max(len(row.cell.id) for row in plan.rows)
    lines = [f"{'cell':{width}}  {'one call':>9}  {'memory':>8}"]
    for row in plan.rows:
        predicted = plan.predictions[row.cell.id]
        memory = show_bytes(predicted.held_bytes)
        note = f"  {row.status}: {row.reason}" if row.status else ""
        time = show_seconds(predicted.call_s)
        lines.append(f"{row.cell.id:{width}}  {time:>9}  {memory:>8}{note}")
    return "\n".join([*lines, "", plan_in_one_line(plan, None)])


def exit_status(summaries: list[CellSummary]) -> int:
    """The command's exit status for these results."""
    statuses = {cell.status for cell in summaries}
    if not statuses & {"ok", "imprecise"}:
        return EXIT_NOTHING
    return EXIT_FAILED if statuses & {"crashed", "timeout", "invalid"} else 0


def reasons(summaries: list[CellSummary]) -> list[str]:
    """Why cells have no number, the most frequent first: `  12 cells unsupported: …`."""
    from xbench.text import plural

    found = Counter((cell.status, cell.reason) for cell in summaries).most_common()
    lines = [
        f"  {plural(count, 'cell')} {status}: {reason or 'no reason is known'}"
        for (status, reason), count in found[:MOST_REASONS]
    ]
    more = sum(count for _, count in found[MOST_REASONS:])
    return [*lines, f"  {more} more for other reasons"] if more else lines


# With `--resume`.


class _Interrupted(NamedTuple):
    """A run that can go on: with the options it was started with, their plan, and a line that says
    what there is to do."""

    run: Run
    options: argparse.Namespace
    plan: Plan
    line: str


def _resume(options: argparse.Namespace) -> int:
    """Go on with the run whose folder or journal was named, as its own command asked for it."""
    from xbench.cli.measuring import hold_machine
    from xbench.cli.run_options import settings_of
    from xbench.engine.progress import make_progress

    before = _read_interrupted(options)
    if options.dry_run:
        print(before.line)
        return 0
    with hold_machine(options) as lease:
        if lease.waited:  # for somebody who measured it to its end, perhaps
            before = _read_interrupted(options)
        print(before.line, file=sys.stderr)
        run, plan = before.run, before.plan
        known = [line.id for line in run.memory]
        failed = [cell.id for line in run.groups for cell in line.cells if cell.status != "ok"]
        progress = make_progress(plan, [line.group for line in run.groups], [*known, *failed])
        settings = settings_of(before.options, run.folder, lease)
        return _measure(plan, settings, run.header, progress, True, options)


def _read_interrupted(options: argparse.Namespace) -> _Interrupted:
    """Read the run that `--resume` names, and touch nothing.

    Raises: RecordError; UsageError if there is nothing left to do, or it cannot go on here."""
    from xbench.cli.measuring import plan_in_one_line
    from xbench.cli.run_options import check_unchanged, options_of, plan_of
    from xbench.records.read import read_run
    from xbench.text import plural

    run = read_run(options.resume)
    if run.header.command[:2] != ["xbench", "run"]:
        raise UsageError(
            f"{run.journal} was not measured by `xbench run` but by "
            f"`{' '.join(run.header.command[:2])}`",
            "measure it again by that command",
        )
    if run.complete:
        raise UsageError(f"{run.journal} is complete", "start another with `xbench run`")
    started_with = options_of(run)
    started_with.budget = options.budget
    preset, plan = plan_of(started_with)
    check_unchanged(run, plan, started_with)
    also = f", the peak memory of {plural(len(run.memory), 'cell')} too" if run.memory else ""
    done = f"{plural(len(run.groups), 'group')} measured already{also}"
    return _Interrupted(run, started_with, plan, f"{plan_in_one_line(plan, preset)}; {done}")
