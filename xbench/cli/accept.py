"""`xbench accept`: a run's level is the new normal."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.errors import UsageError
from xbench.records.journal import JOURNAL
from xbench.text import near, one_line
from xbench.tracking.baseline import ACCEPTED, ALL, accept
from xbench.tracking.stored import StoredRun, find_runs, read_stored


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0."""
    reason = one_line(options.reason).strip()
    if not reason:
        raise UsageError("--reason is empty", "say why this is the new normal")
    run = _find(options.run, options.baseline)
    patterns: list[str] = options.cell or [ALL]
    for pattern in patterns:
        if not any(cell.plan.matches(pattern) for cell in run.cells.values()):
            raise UsageError(
                f"no cell of {run.head.run_id} matches {pattern!r}", near(pattern, run.cells)
            )
    made = accept(options.baseline, run.head.run_id, patterns, reason)
    count = sum(made.covers(cell.plan) for cell in run.cells.values())
    print(f"accepted: {count} cells of {made.run}, in {options.baseline / ACCEPTED}")
    return 0


def _find(name: str, folder: Path) -> StoredRun:
    """The run with this id, or at this path, in the folder. Raises: UsageError, RecordError."""
    folders = {path.resolve(): path for path in find_runs(folder)}
    for asked in (folder / name, Path(name)):
        place = asked.parent if asked.name == JOURNAL else asked
        if place.resolve() in folders:
            return read_stored(folders[place.resolve()])
    if (Path(name) / JOURNAL).is_file():
        raise UsageError(
            f"{name} does not lie in {folder}, where its level would have to be known",
            "move the run there, or name its folder with --baseline",
        )
    known = [path.name for path in folders]
    raise UsageError(f"{folder} holds no run {name!r}", near(name, known) if known else "")
