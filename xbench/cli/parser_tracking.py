"""Commands that track regressions, and what goes to and comes from other tools for that."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.cli.late import RESULTS, late

FORMATS = ("pytest-benchmark", "github-action-benchmark", "bencher")
Commands = argparse._SubParsersAction


def add_export(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench export`."""
    parser = commands.add_parser(
        "export", help="write a run in another tool's format",
        description="Write a run for pytest-benchmark, github-action-benchmark or Bencher. Cells "
        "without a number are left out. Exit status: 0; 2 what cannot be read; 5 no cell has one.",
    )  # fmt: skip
    parser.add_argument(
        "run", nargs="?", type=Path, metavar="RUN",
        help="a run's folder or run.jsonl (default: the newest)",
    )  # fmt: skip
    parser.add_argument("--format", choices=FORMATS, required=True, help="whose format")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: the terminal")
    parser.add_argument(
        "--results", type=Path, default=Path(RESULTS), metavar="DIR", help="where runs are kept"
    )
    parser.set_defaults(handler=late("xbench.cli.export"))


def add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench compare`."""
    parser = commands.add_parser(
        "compare", help="two stored runs of one machine, cell by cell",
        description="Compare two stored runs. They were not measured in the same rounds, so that a "
        "regression is a candidate and fails nothing; `xbench ab` confirms. Exit status: 0; 2 what "
        "cannot be read; 3 a cell that had a number has none; 4 different machines, or --strict "
        "and not every cell is decided; 5 head measured nothing.",
    )  # fmt: skip
    parser.add_argument("base", type=Path, metavar="BASE", help="the earlier run")
    parser.add_argument("head", type=Path, metavar="HEAD", help="the later run")
    parser.add_argument(
        "--strict", action="store_true", help="candidates and inconclusive cells are exit status 4"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write verdict.json and summary.md there"
    )
    parser.set_defaults(handler=late("xbench.cli.compare"))
