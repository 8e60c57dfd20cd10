"""`xbench compare`: two stored runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.gate.compare import compare_runs
from xbench.gate.finish import finish
from xbench.gate.sides import read_side
from xbench.gate.thresholds import read_thresholds


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    thresholds = read_thresholds(Path.cwd())
    base, head = read_side(options.base), read_side(options.head)
    return finish(compare_runs(base, head, thresholds, strict=options.strict), options.out)
