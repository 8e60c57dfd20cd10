"""Commands and options. Handlers are imported when their command runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from xbench import __version__

RESULTS = "xbench-results"
Handler = Callable[[argparse.Namespace], int]


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="xbench",
        description="Which of NumPy, TensorFlow and PyTorch is faster for an operation at a size "
        "on a device, by how much, and how sure is that?",
        epilog="Exit status: 0 done; 2 usage or input; 3 a cell crashed, timed out or was wrong; "
        "5 nothing was measured.",
    )
    parser.add_argument("--version", action="version", version=f"xbench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands.add_parser("run", help="measure, then report", description=_RUN))
    _add_list(commands.add_parser("list", help="show backends, suites, ops and presets"))
    _add_report(commands.add_parser("report", help="turn results into tables, plots and a page"))
    return parser


_RUN = (
    "Measure the cells of a preset, or those selected. Patterns may hold * and ?; an axis that is "
    "not named follows the preset. Every option of an axis takes several values."
)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="quick", metavar="NAME", help="smoke, quick or full")
    axes = parser.add_argument_group("selection")
    axes.add_argument(
        "--suite", nargs="+", action="extend", default=[], metavar="NAME", help="suites, or FILE.py"
    )
    for axis, about in (
        ("op", "operations, e.g. matmul 'mlp_*'"),
        ("backend", "numpy, torch, tensorflow"),
        ("device", "auto, cpu, gpu, cuda:0"),
        ("mode", "eager, graph, compiled"),
        ("gradient", "none, manual, autograd, custom, default"),
        ("width", "hidden widths, e.g. 512 '20*'"),
        ("dtype", "float32, float64"),
        ("threads", "all, or numbers"),
    ):
        axes.add_argument(
            f"--{axis}", nargs="+", action="extend", default=[], metavar=axis.upper(), help=about
        )
    how = parser.add_argument_group("measuring")
    how.add_argument("--launches", type=int, metavar="N", help="fresh processes a worker")
    how.add_argument("--seed", type=int, default=5, help="of data and orders (default 5)")
    how.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    how.add_argument("--no-report", action="store_true", help="measure only")
    how.add_argument(
        "--out", type=Path, default=Path(RESULTS), metavar="DIR", help=f"default {RESULTS}"
    )
    parser.set_defaults(handler=_late("xbench.cli.run"))


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(handler=_late("xbench.cli.listing"))


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="*", type=Path, metavar="RUN",
        help="a run's folder or run.jsonl, or a pytest-benchmark JSON file (default: the newest)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: report/ in the run")
    parser.add_argument(
        "--reference", metavar="BACKEND", help="what the others are compared with (default numpy)"
    )
    parser.add_argument(
        "--results", type=Path, default=Path(RESULTS), metavar="DIR", help="where runs are kept"
    )
    parser.set_defaults(handler=_late("xbench.cli.report"))


def _late(module: str) -> Handler:
    """A handler that imports its module when it is called."""

    def handler(options: argparse.Namespace) -> int:
        return int(import_module(module).main(options))

    return handler
