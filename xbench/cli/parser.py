"""Commands and options. Handlers are imported when their command runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xbench.cli.late import RESULTS, late
from xbench.cli.parser_ab import add_ab
from xbench.cli.parser_axes import add_axes, add_env, add_no_lock, folder, seconds, share
from xbench.cli.parser_tracking import add_accept, add_compare, add_export, add_gate, add_history
from xbench.extensions import COMMANDS, resolve
from xbench.version import __version__

REPORT_FORMATS = ("md", "csv", "json", "latex", "html")


class LateParser(argparse.ArgumentParser):
    """A parser whose options may come from an extension, which is imported when they are needed."""

    brought_by = ""
    """"module:function" of `COMMANDS`, until it was called."""

    def parse_known_args(  # type: ignore[override]  # typeshed has it in three forms
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does, with the options of the extension."""
        if self.brought_by:
            add_options, self.brought_by = resolve(self.brought_by), ""
            add_options(self)
        return super().parse_known_args(args, namespace)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser: argparse.ArgumentParser = LateParser(
        prog="xbench",
        description="Which of NumPy, TensorFlow and PyTorch is faster for an operation at a size "
        "on a device, by how much, and how sure is that?",
        epilog="Exit status: 0 done; 2 usage or input; 3 a cell crashed, timed out or was wrong; "
        "5 nothing was measured; 130 interrupted (Ctrl-C, SIGTERM or SIGHUP). Of doctor: 3 this "
        "machine cannot be measured on. Of selftest: 3 a check failed.",
    )
    parser.add_argument("--version", action="version", version=f"xbench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands.add_parser("run", help="measure, then report", description=_RUN))
    _add_list(commands.add_parser("list", help="show backends, suites, ops and presets"))
    _add_report(commands.add_parser("report", help="turn results into tables, plots and a page"))
    for name, (about, path) in COMMANDS.items():
        brought = commands.add_parser(name, help=about)
        assert isinstance(brought, LateParser)
        brought.brought_by = path
    _add_doctor(
        commands.add_parser("doctor", help="what may spoil a measurement", description=_DOCTOR)
    )
    _add_selftest(
        commands.add_parser(
            "selftest", help="check xbench itself on this machine", description=_SELFTEST
        )
    )
    add_ab(commands)
    add_compare(commands)
    add_gate(commands)
    add_history(commands)
    add_accept(commands)
    add_export(commands)
    return parser


_RUN = (
    "Measure the cells of a preset, or those selected. Patterns may hold * and ?; an axis that is "
    "not named follows the preset. Every option of an axis takes several values."
)

_DOCTOR = (
    "Examine this machine, and a worker of each backend, for what may spoil a measurement: each "
    "finding says what was seen, why it matters and what to do. Changes nothing. Exit status: 0; 3 "
    "if a problem makes measuring here meaningless."
)

_SELFTEST = (
    "Measure what is known through the real engine, and say whether it came out: busy waits of "
    "known length, a known ratio, devices with and without a fence. Exit status 3 if a check fails."
)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="quick", metavar="NAME", help="smoke, quick or full")
    add_axes(parser)
    _add_measuring(parser)
    parser.set_defaults(handler=late("xbench.cli.run"))


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("measuring")
    how.add_argument(
        "--launches", type=int, metavar="N", help="fresh processes a worker, 1 or more"
    )
    how.add_argument(
        "--rounds", type=int, metavar="N", help="rounds a launch, 7 or more (default: by time)"
    )
    how.add_argument(
        "--group-budget",
        type=seconds,
        metavar="2s",
        help="time of rounds that the cells of a workload share in each launch",
    )
    how.add_argument(
        "--target", type=share, metavar="2%", help="launch until every ratio is known to ±2 %%, say"
    )
    how.add_argument(
        "--budget", type=seconds, metavar="120s", help="stop when this is spent: 120s, 5m, 2h"
    )
    how.add_argument(
        "--memory",
        action="store_true",
        help="then measure each cell's peak memory, in a fresh process, nothing beside it",
    )
    how.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="go on with a run that was interrupted, by the options that it was started with; of "
        "yours only --budget, --dry-run, --no-lock and --no-report count",
    )
    how.add_argument("--seed", type=int, default=5, help="of data and orders (default 5)")
    how.add_argument(
        "--fresh-ceilings", action="store_true", help="do not use those measured within a day"
    )
    add_env(how)
    add_no_lock(how)
    how.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    how.add_argument("--no-report", action="store_true", help="measure only")
    how.add_argument(
        "--out", type=folder, default=Path(RESULTS), metavar="DIR", help=f"default {RESULTS}"
    )


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(handler=late("xbench.cli.listing"))


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="a run's folder or run.jsonl, or a pytest-benchmark JSON file (default: the newest)",
    )
    parser.add_argument("--out", type=folder, metavar="DIR", help="default: report/ in the run")
    parser.add_argument(
        "--format",
        choices=REPORT_FORMATS,
        default=REPORT_FORMATS[0],
        help="what is printed (default md); the folder holds the same files whichever it is",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="only cells whose id, op, family or backend matches; name runs before it",
    )
    parser.add_argument(
        "--reference",
        metavar="BACKEND[/MODE]",
        help="what others are compared with: torch, or torch/compiled (default numpy, and eager)",
    )
    parser.add_argument("--title", metavar="TEXT", help="stands above the report")
    parser.add_argument("--open", action="store_true", help="show the page in your browser")
    parser.add_argument(
        "--results", type=Path, default=Path(RESULTS), metavar="DIR", help="where runs are kept"
    )
    parser.set_defaults(handler=late("xbench.cli.report"))


def _add_selftest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--aa",
        action="store_true",
        help="also compare equal things: this machine's false alarms and the smallest effect it "
        "can show, kept for later reports",
    )
    parser.add_argument(
        "--trials", type=int, default=8, metavar="N", help="runs of the A/A (default 8)"
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=2,
        metavar="N",
        help="of the A/A: pairs of commits that change nothing, which `xbench ab` compares "
        "(default 2; needs git)",
    )
    add_no_lock(parser)
    parser.set_defaults(handler=late("xbench.cli.selftest"))


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.add_argument(
        "--no-workers", action="store_true", help="start no backend (no framework is imported)"
    )
    parser.add_argument(
        "--out",
        type=folder,
        default=Path(RESULTS),
        metavar="DIR",
        help=f"where results will go (default {RESULTS})",
    )
    parser.set_defaults(handler=late("xbench.cli.doctor"))
