"""`xbench gate`: a run against the stored ones; with `--confirm`, flagged cells once more."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.cli.options import add_no_lock, add_stored_runs_folder, add_verdict, newest_run
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.records.read import Run
    from xbench.tracking.stored import StoredRun


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Judge a run by the stored runs of its machine: by a baseline of the latest runs, and by "
        "an anchor that stays where it is. A regression is only a candidate, which is no failure, "
        "unless --confirm finds it again."
    )
    parser.epilog = (
        "Exit status: 0 success; 1 a confirmed regression; 2 wrong usage or input; 3 a cell that "
        "had a number has none; 4 fewer than 10 comparable runs, or, with --strict, a cell is "
        "undecided; 5 the run measured nothing."
    )
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="a run's folder, or another tool's file (default: the newest stored run)",
    )
    add_stored_runs_folder(parser, "--baseline")
    parser.add_argument(
        "--learning", action="store_true", help="do not fail because there are too few stored runs"
    )
    parser.add_argument(
        "--confirm",
        action="store_true",
        help="measure flagged cells again now, in fresh launches on this machine",
    )
    add_no_lock(parser)
    add_verdict(parser)
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    from xbench.cli.verdicts import finish
    from xbench.tracking.foreign import read_stored_or_foreign
    from xbench.tracking.gate import gate
    from xbench.tracking.thresholds import read_thresholds

    thresholds = read_thresholds(Path.cwd())
    candidate = read_stored_or_foreign(options.run or newest_run(options.baseline))
    again = partial(_measure_again, candidate, not options.no_lock) if options.confirm else None
    verdict = gate(
        candidate,
        options.baseline,
        thresholds,
        again=again,
        learning=options.learning,
        strict=options.strict,
    )
    return finish(verdict, options.out)


def _measure_again(
    candidate: StoredRun, locked: bool, cells: Collection[str], memory: bool
) -> StoredRun:
    """Measure the groups of these cells again, on the same machine with the same versions, and
    their peak memory if it is asked for. The new run lies in `confirm/` of the candidate's folder.
    `locked`: with this machine's lock.

    Raises: UsageError if that cannot be the same measurement; RecordError."""
    from xbench.cli.measuring import (
        end_cleanly_on_signals,
        plan_in_one_line,
        print_message,
        refuse_windows,
    )
    from xbench.cli.run_options import check_unchanged, options_of, plan_of, settings_of
    from xbench.engine.progress import make_progress
    from xbench.engine.run_plan import measure_again, only
    from xbench.machine.lock import one_at_a_time
    from xbench.tracking.stored import read_stored

    refuse_windows()
    end_cleanly_on_signals()
    run = _read_measured_by_run(candidate.folder)
    options = options_of(run)
    preset, whole = plan_of(options)
    check_unchanged(run, whole, options)
    _check_commit(run)
    part = only(whole, cells, memory)
    with one_at_a_time(["xbench", "gate", "--confirm"], locked, print_message) as lease:
        print(f"confirming: {plan_in_one_line(part, preset)}", file=sys.stderr)
        settings = settings_of(options, candidate.folder, lease)
        return read_stored(measure_again(part, settings, run.header, make_progress))


def _read_measured_by_run(folder: Path) -> Run:
    """The run in a folder. Raises: RecordError; UsageError unless `xbench run` measured it."""
    from xbench.records.read import read_run

    if not folder.is_dir():
        raise UsageError(
            f"{folder} is another tool's file, which --confirm cannot measure again",
            "leave out --confirm",
        )
    run = read_run(folder)
    if run.header.command[:2] != ["xbench", "run"]:
        raise UsageError(
            f"{folder} was not measured by `xbench run`, so --confirm cannot repeat it",
            "leave out --confirm, or measure it again by its own command",
        )
    return run


def _check_commit(run: Run) -> None:
    """Raises: UsageError where the working directory is at another commit than the run was."""
    from xbench.machine.surroundings import machine_state

    before, now = (found.get("git") for found in (run.header.environment, machine_state()))
    if not isinstance(before, dict) or not isinstance(now, dict):
        return
    if before and now and before.get("commit") != now.get("commit"):
        raise UsageError(
            f"the run was measured at commit {before.get('commit')}, and this is "
            f"{now.get('commit')}",
            "go back to that commit, or measure a new run and gate that",
        )
