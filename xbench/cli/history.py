"""`xbench history`: what the stored runs of a machine say, in the terminal and as a page."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from xbench.errors import RecordError, UsageError
from xbench.reports.verdict.history_table import show_past
from xbench.text import near
from xbench.tracking.baseline import read_history
from xbench.tracking.history import look_back
from xbench.tracking.rule import ENOUGH
from xbench.tracking.thresholds import read_thresholds


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0."""
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
    count = len(stored.runs)
    print(
        f"{count} {'run' if count == 1 else 'runs'} of machine "
        f"{stored.runs[-1].machine_key or 'unknown'} in {options.folder}"
    )
    if count < ENOUGH:
        print(f"note: fewer than {ENOUGH}: nothing is judged yet")
    for note in stored.notes:
        print(f"note: {note}")
    print()
    print("\n".join(show_past(rows, stored)))
    if options.out is not None:
        page = import_module("xbench.reports.verdict.history_page").write_history(
            rows, stored, options.out
        )
        print(f"written: {page}")
    return 0
