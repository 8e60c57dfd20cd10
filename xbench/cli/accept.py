"""`xbench accept`: a run's level is the new normal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.cli.options import add_stored_runs_folder
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.tracking.stored import StoredRun


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Accept that a run is as it should be. From then on, `xbench gate` judges its cells by "
        "this run's level: it is their baseline and their anchor. A line in accepted.jsonl, in the "
        "folder of the stored runs, records that."
    )
    parser.add_argument("run", metavar="RUN", help="a run's id, or its folder")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why this is the new normal"
    )
    parser.add_argument(
        "--cell",
        nargs="+",
        action="extend",
        metavar="PATTERN",
        help="accept only cells whose id or op matches (default: all)",
    )
    add_stored_runs_folder(parser, "--baseline")
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0."""
    from xbench.text import near, one_line, plural
    from xbench.tracking.baseline import ACCEPTED, ALL, accept

    reason = one_line(options.reason).strip()
    if not reason:
        raise UsageError("--reason is empty", "say why this is the new normal")
    run = _find_run(options.run, options.baseline)
    patterns: list[str] = options.cell or [ALL]
    for pattern in patterns:
        if not any(cell.plan.matches(pattern) for cell in run.cells.values()):
            raise UsageError(
                f"no cell of {run.head.run_id} matches {pattern!r}", near(pattern, run.cells)
            )
    made = accept(options.baseline, run.head.run_id, patterns, reason)
    count = sum(made.covers(cell.plan) for cell in run.cells.values())
    print(f"accepted: {plural(count, 'cell')} of {made.run}, in {options.baseline / ACCEPTED}")
    return 0


def _find_run(name: str, folder: Path) -> StoredRun:
    """The run with this id, or at this path, in the folder. Raises: UsageError, RecordError."""
    from xbench.records.journal import JOURNAL
    from xbench.text import near
    from xbench.tracking.stored import find_runs, read_stored

    folders = {path.resolve(): path for path in find_runs(folder)}
    for asked in (folder / name, Path(name)):
        place = asked.parent if asked.name == JOURNAL else asked
        if place.resolve() in folders:
            return read_stored(folders[place.resolve()])
    if (Path(name) / JOURNAL).is_file():
        raise UsageError(
            f"{name} is not in {folder}, the folder of the stored runs",
            "move the run there, or name its folder with --baseline",
        )
    known = [path.name for path in folders]
    hint = near(name, known) if known else f"measure one with `xbench run --out {folder}`"
    raise UsageError(f"{folder} holds no run {name!r}", hint)
