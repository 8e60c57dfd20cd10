"""`xbench history`: what the stored runs of a machine say, in the terminal and as a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.defaults import RESULTS
from xbench.errors import RecordError, UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Show how each cell, or each scaling curve, changed over the stored runs of one machine: "
        "that of the newest run. The worst stands first, with the steps found in it."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(RESULTS),
        metavar="DIR",
        help=f"the folder of the stored runs (default {RESULTS})",
    )
    parser.add_argument(
        "--cell",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="show each cell whose id or op matches in a row of its own; name the folder before "
        "this option",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write history.html to this folder")
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0."""
    from xbench.reports.verdict.history_table import show_past
    from xbench.text import near, plural
    from xbench.tracking.baseline import read_history
    from xbench.tracking.history import look_back
    from xbench.tracking.rule import ENOUGH
    from xbench.tracking.thresholds import read_thresholds

    thresholds = read_thresholds(Path.cwd())
    stored = read_history(options.folder)
    if not stored.runs:
        why = "; ".join(stored.notes) or "there are none"
        raise RecordError(
            f"{options.folder} holds no runs that can be read: {why}",
            "measure with `xbench run --out` into it",
        )
    rows = look_back(stored, thresholds, options.cell)
    if options.cell and not rows:
        raise UsageError(
            f"no cell with a time matches {' '.join(options.cell)!r}",
            near(options.cell[0], stored.series),
        )
    machine = stored.runs[-1].machine_key or "unknown"
    print(f"{plural(len(stored.runs), 'run')} of machine {machine} in {options.folder}")
    if len(stored.runs) < ENOUGH:
        print(f"note: fewer than {ENOUGH} runs: nothing is judged yet")
    for note in stored.notes:
        print(f"note: {note}")
    print()
    print("\n".join(show_past(rows, stored)))
    if options.out is not None:
        from xbench.reports.verdict.history_page import write_history

        print(f"written: {write_history(rows, stored, options.out)}")
    return 0
