"""`xbench compare`: two stored runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.cli.options import add_verdict


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Compare two stored runs of one machine, cell by cell. They were not measured in the same "
        "rounds, so a regression found here is only a candidate, which is no failure. `xbench ab` "
        "can confirm it. A RUN is a run's folder, or a file of pytest-benchmark, "
        "github-action-benchmark or Bencher."
    )
    parser.epilog = (
        "Exit status: 0 success; 2 wrong usage or input; 3 a cell that had a number has none; "
        "4 different machines, or, with --strict, a cell is undecided; 5 the later run measured "
        "nothing."
    )
    parser.add_argument("base", type=Path, metavar="BASE", help="the earlier RUN")
    parser.add_argument("head", type=Path, metavar="HEAD", help="the later RUN")
    add_verdict(parser)
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    from xbench.cli.verdicts import finish
    from xbench.tracking.compare import compare_runs
    from xbench.tracking.foreign import read_stored_or_foreign
    from xbench.tracking.thresholds import read_thresholds

    thresholds = read_thresholds(Path.cwd())
    base, head = read_stored_or_foreign(options.base), read_stored_or_foreign(options.head)
    return finish(compare_runs(base, head, thresholds, strict=options.strict), options.out)
