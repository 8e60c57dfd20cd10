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
