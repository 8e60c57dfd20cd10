"""Commands that track regressions, and what goes to and comes from other tools for that."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.cli.late import RESULTS, late
from xbench.cli.parser_axes import add_no_lock

FORMATS = ("pytest-benchmark", "github-action-benchmark", "bencher")
Commands = argparse._SubParsersAction


def add_export(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench export`."""
    parser = commands.add_parser(
        "export",
        help="write a run in another tool's format",
        description="Write a run for pytest-benchmark, github-action-benchmark or Bencher. Cells "
        "without a number are left out. Exit status: 0; 2 what cannot be read; 5 no cell has one.",
    )
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="a run's folder or run.jsonl (default: the newest)",
    )
    parser.add_argument("--format", choices=FORMATS, required=True, help="whose format")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: the terminal")
    parser.add_argument(
        "--results", type=Path, default=Path(RESULTS), metavar="DIR", help="where runs are kept"
    )
    parser.set_defaults(handler=late("xbench.cli.export"))


def add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench compare`."""
    parser = commands.add_parser(
        "compare",
        help="two stored runs of one machine, cell by cell",
        description="Compare two stored runs. They were not measured in the same rounds, so that a "
        "regression is a candidate and fails nothing; `xbench ab` confirms. Exit status: 0; 2 what "
        "cannot be read; 3 a cell that had a number has none; 4 different machines, or --strict "
        "and not every cell is decided; 5 head measured nothing.",
    )
    parser.add_argument("base", type=Path, metavar="BASE", help="the earlier run")
    parser.add_argument("head", type=Path, metavar="HEAD", help="the later run")
    parser.add_argument(
        "--strict", action="store_true", help="candidates and inconclusive cells are exit status 4"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write verdict.json and summary.md there"
    )
    parser.set_defaults(handler=late("xbench.cli.compare"))


def add_gate(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench gate`."""
    parser = commands.add_parser(
        "gate",
        help="a run against the stored ones of its machine",
        description="Judge a run by the stored runs of its machine: a rolling baseline, and an "
        "anchor that stays. Regressions are candidates, which fail nothing, unless --confirm finds "
        "them again. Exit status: 0; 1 a confirmed regression; 2 what cannot be read; 3 a cell "
        "that had a number has none; 4 fewer than 10 comparable runs, or --strict and not every "
        "cell is decided; 5 the run measured nothing.",
    )
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="a run's folder, or another tool's file (default: the newest of the baseline folder)",
    )
    _add_baseline(parser)
    parser.add_argument(
        "--learning", action="store_true", help="too few stored runs are no failure"
    )
    parser.add_argument(
        "--strict", action="store_true", help="candidates and inconclusive cells are exit status 4"
    )
    parser.add_argument(
        "--confirm",
        action="store_true",
        help="measure flagged cells again, in fresh launches, here and now",
    )
    add_no_lock(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write verdict.json and summary.md there"
    )
    parser.set_defaults(handler=late("xbench.cli.gate"))


def add_accept(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench accept`."""
    parser = commands.add_parser(
        "accept",
        help="make a run's level the new normal",
        description="Note in accepted.jsonl of the baseline folder that a run is as it should be. "
        "Its level is baseline and anchor of these cells from then on.",
    )
    parser.add_argument("run", metavar="RUN", help="a run's id, or its folder")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why")
    parser.add_argument(
        "--cell",
        nargs="+",
        action="extend",
        metavar="PATTERN",
        help="only cells whose id or op matches (default: all)",
    )
    _add_baseline(parser)
    parser.set_defaults(handler=late("xbench.cli.accept"))


def add_history(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench history`."""
    parser = commands.add_parser(
        "history",
        help="what the stored runs of a machine say",
        description="Show the course of each cell, or scaling curve, over the stored runs of the "
        "newest run's machine, the worst first, with the steps found in it.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(RESULTS),
        metavar="FOLDER",
        help=f"where the runs are stored (default {RESULTS})",
    )
    parser.add_argument(
        "--cell",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="a row for each cell whose id or op matches; name the folder before it",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write history.html there")
    parser.set_defaults(handler=late("xbench.cli.history"))


def _add_baseline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--baseline",
        type=Path,
        default=Path(RESULTS),
        metavar="FOLDER",
        help=f"where the runs are stored (default {RESULTS})",
    )
