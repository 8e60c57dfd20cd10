"""`xbench race`: measure lines of Python against each other."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from xbench.cli.options import folder, share
from xbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xbench.racing.race import Options
    from xbench.reports.race_results import RaceResult

NUMBER = re.compile(r"[0-9]{1,18}")
POWER = re.compile(r"([0-9]{1,4})\*\*([0-9]{1,3})")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Measure lines of Python against each other: each in fresh processes of its own, in the "
        "same rounds in random order, with the results compared. An example: xbench race -s "
        "'import numpy as np; x = np.ones(10**6)' 'x + x' 'np.add(x, x)'"
    )
    parser.epilog = (
        "Exit status: 0 success; 2 wrong usage or input; 3 a contender crashed, did not end, or "
        "gave a wrong result; 5 nothing was measured; 130 interrupted."
    )
    parser.add_argument(
        "line",
        nargs="+",
        metavar="LINE",
        help="a contender: an expression, or statements. What it gives is compared with the others",
    )
    parser.add_argument(
        "-n",
        "--name",
        action="append",
        default=[],
        help="what to call a line; several in the order of the lines (default: the line itself)",
    )
    add_racing(parser)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--json", action="store_true", help="print JSON, for programs")
    shown.add_argument(
        "--out", type=folder, metavar="DIR", help="write the whole report to this folder"
    )
    parser.set_defaults(handler=main)


def add_racing(parser: argparse.ArgumentParser) -> None:
    """The options of a race, in a shell and in a notebook."""
    parser.add_argument(
        "-s",
        "--setup",
        action="append",
        default=[],
        metavar="CODE",
        help="run this first, outside the time; several are run one after another. The arrays and "
        "other data that it makes are the arguments of the lines",
    )
    parser.add_argument(
        "--over",
        type=sizes,
        metavar="NAME=SIZES",
        help="race at each of these sizes, for instance n=64,512,10**6; the setup knows NAME",
    )
    parser.add_argument(
        "--budget",
        default="10s",
        metavar="TIME",
        help="time for all of it, for instance 2s or 5m (default 10s)",
    )
    _add_how(parser.add_argument_group("how"))


def _add_how(how: argparse._ActionsContainer) -> None:
    how.add_argument(
        "--device", default="cpu", help="where arguments lie: cpu (the default), cuda:0, mps"
    )
    how.add_argument(
        "--mode",
        choices=("eager", "graph", "compiled"),
        help="compile each line by the compiler of its framework (default: run it as it is)",
    )
    how.add_argument("--threads", default="all", metavar="N", help="number of threads, or all")
    how.add_argument(
        "--launches", type=int, metavar="N", help="number of fresh processes that each line gets"
    )
    how.add_argument(
        "--target",
        type=share,
        metavar="SHARE",
        help="stop when every ratio is known to this precision: 2%% means ±2 %%",
    )
    how.add_argument("--no-check", action="store_true", help="do not compare what the lines give")


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, 3 if a contender failed, 5 if nothing was measured."""
    from xbench.cli.measuring import end_cleanly_on_signals, refuse_windows
    from xbench.cli.run import exit_status

    refuse_windows()
    end_cleanly_on_signals()
    result = raced(options)
    print(result.to_json() if options.json else result)
    if options.out is not None:
        result.report(options.out)
        print(f"report: {options.out / 'index.html'}", file=sys.stderr)
    return exit_status(result.cells)


def raced(options: argparse.Namespace) -> RaceResult:
    """The race that these options ask for. Raises: UsageError."""
    from xbench.engine.progress import LiveProgress
    from xbench.racing.contenders import SourceLine
    from xbench.racing.lines import named_lines
    from xbench.racing.race import run_race
    from xbench.reports.race_results import RaceResult

    setup, (name, _) = "\n".join(options.setup), options.over or ("", None)
    codes = named_lines(options.line, options.name)
    asked = asked_for(options, _arguments(codes, setup, name))
    lines = {called: SourceLine(code, setup) for called, code in codes.items()}
    progress = LiveProgress if sys.stderr.isatty() else None
    return RaceResult(run_race(lines, asked, progress, options.command_line))


def asked_for(
    options: argparse.Namespace, args: Callable[[int | None], dict[str, object]]
) -> Options:
    """The race that the options of `add_racing` ask for; `args` makes the arguments of a size."""
    from xbench.racing.race import Options

    over = options.over[1] if options.over else None
    return Options(
        args=args if over else args(None),
        over=over,
        budget=options.budget,
        device=options.device,
        mode=options.mode,
        threads=options.threads,
        launches=options.launches,
        target=options.target,
        check=not options.no_check,
    )


def _arguments(
    codes: Mapping[str, str], setup: str, name: str
) -> Callable[[int | None], dict[str, object]]:
    """What makes the lines' arguments of a size, which the setup knows by this name."""
    from xbench.racing.lines import data_used, namespace_after

    def made(size: int | None) -> dict[str, object]:
        known = {} if size is None else {name: size}
        return known | data_used(codes.values(), namespace_after(setup, known))

    return made


def sizes(text: str) -> tuple[str, list[int]]:
    """`n=64,512,10**6`. Raises: UsageError."""
    name, _, values = text.partition("=")
    found = [_size(value.strip()) for value in values.split(",")]
    if not name.strip().isidentifier() or None in found:
        raise UsageError(
            f"--over is {text[:80]!r}", "a name and whole numbers, for instance n=64,512,10**6"
        )
    return name.strip(), [size for size in found if size]


def _size(text: str) -> int | None:
    if power := POWER.fullmatch(text):
        return int(int(power[1]) ** int(power[2]))
    return int(text) if NUMBER.fullmatch(text) else None
