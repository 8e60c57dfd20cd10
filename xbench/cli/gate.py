"""`xbench gate`: a run against the stored ones."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from xbench.cli.report import newest_run
from xbench.errors import UsageError
from xbench.reports.verdict.finish import finish
from xbench.tracking.foreign import read_side
from xbench.tracking.gate import gate
from xbench.tracking.stored import StoredRun
from xbench.tracking.thresholds import read_thresholds


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    thresholds = read_thresholds(Path.cwd())
    candidate = read_side(options.run or newest_run(options.baseline))
    verdict = gate(
        candidate,
        options.baseline,
        thresholds,
        again=partial(_again, candidate, not options.no_lock) if options.confirm else None,
        learning=options.learning,
        strict=options.strict,
    )
    return finish(verdict, options.out)


def _again(candidate: StoredRun, locked: bool, cells: set[str], memory: bool) -> StoredRun:
    """Measure cells of the run again. Raises: UsageError, RecordError."""
    from xbench.cli.confirm import repeat  # the engine, which a gate without it does without

    if not candidate.folder.is_dir():
        raise UsageError(
            f"{candidate.folder} is another tool's file, which --confirm cannot measure again",
            "leave out --confirm",
        )
    return repeat(candidate.folder, cells, memory, locked)
