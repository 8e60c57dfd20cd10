"""`xbench compare`: two stored runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.reports.verdict.finish import finish
from xbench.tracking.compare import compare_runs
from xbench.tracking.foreign import read_side
from xbench.tracking.thresholds import read_thresholds


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    thresholds = read_thresholds(Path.cwd())
    base, head = read_side(options.base), read_side(options.head)
    return finish(compare_runs(base, head, thresholds, strict=options.strict), options.out)
