"""Measuring flagged cells of a run again, in fresh launches, by the command of the run."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from xbench.cli.resume import asked_by, check_same
from xbench.cli.run import head_line, planned, say, settings_of
from xbench.cli.start import end_cleanly_on_signals, refuse_windows
from xbench.engine.progress import make_progress
from xbench.engine.run_plan import measure_again, only
from xbench.errors import UsageError
from xbench.machine.lock import one_at_a_time
from xbench.machine.surroundings import environment
from xbench.records.read import Run, read_run
from xbench.tracking.stored import StoredRun, read_stored


def repeat(folder: Path, cells: Collection[str], memory: bool, locked: bool) -> StoredRun:
    """Measure the groups of these cells again, on the same machine with the same versions, and
    their peak memory if it is asked for. The run lies in `confirm/` of the folder. `locked`: with
    this machine's lock.

    Raises: UsageError if that cannot be the same measurement; RecordError."""
    refuse_windows()
    end_cleanly_on_signals()
    run = read_run(folder)
    if run.header.command[:2] != ["xbench", "run"]:
        raise UsageError(
            f"{folder} was not measured by `xbench run`, so --confirm cannot repeat it",
            "leave out --confirm, or measure it again the way it was",
        )
    options = asked_by(run)
    preset, whole = planned(options)
    check_same(run, whole, options)
    _check_commit(run)
    part = only(whole, cells, memory)
    with one_at_a_time(["xbench", "gate", "--confirm"], locked, say) as turn:
        print(f"confirming: {head_line(part, preset)}", file=sys.stderr)
        settings = settings_of(options, folder, turn)
        return read_stored(measure_again(part, settings, run.header, make_progress))


def _check_commit(run: Run) -> None:
    """Raises: UsageError where the working directory is at another commit than the run was."""
    before, now = (found.get("git") for found in (run.header.environment, environment()))
    if not isinstance(before, dict) or not isinstance(now, dict):
        return
    if before and now and before.get("commit") != now.get("commit"):
        raise UsageError(
            f"the run was measured at commit {before.get('commit')}, and this is "
            f"{now.get('commit')}",
            "go back to that commit, or measure a new run and gate that",
        )
