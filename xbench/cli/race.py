"""`xbench race`: measure lines of Python against each other."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.cli.options import folder, share
from xbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xbench.analysis.summary import CellSummary
    from xbench.engine.progress import Progress
    from xbench.plan.plan import Plan
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
        help="a contender: an expression, or statements. What it gives is compared with the "
        "others. Or the name of one file, FILE.py: each of its functions below @xbench.op is run "
        "on every framework, as it is and compiled",
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
    cells: list[CellSummary] = []
    for name, result in results(options):
        cells += result.cells
        print(result.to_json(name) if options.json else f"{name}\n\n{result}\n" if name else result)
        if options.out is not None:
            where = options.out / name
            result.report(where)
            print(f"report: {where / 'index.html'}", file=sys.stderr)
    return exit_status(cells)


def results(options: argparse.Namespace) -> Iterator[tuple[str, RaceResult]]:
    """The races that these options ask for, one after another: of the lines, without a name, or of
    each function of a file. Raises: UsageError."""
    if len(options.line) > 1 or not options.line[0].endswith(".py"):
        yield "", raced(options)
        return
    for option, given in (("--over", options.over), ("-s", options.setup), ("-n", options.name)):
        if given:
            raise UsageError(
                f"{option} is for lines, and {options.line[0]} is a file", "its functions say that"
            )
    yield from _of_file(Path(options.line[0]), options)


def _of_file(path: Path, options: argparse.Namespace) -> Iterator[tuple[str, RaceResult]]:
    from xbench.racing.declared import declared_in
    from xbench.racing.race import run_race
    from xbench.racing.request import read_time
    from xbench.racing.sending import send_by_value
    from xbench.reports.race_results import RaceResult

    found = declared_in(path)
    if not found:
        raise UsageError(f"{path} declares no function", "write @xbench.op(args=..., over=...)")
    for each in found:
        send_by_value(each.function.__module__)
        asked = replace(
            asked_for(options, each.args, each.over),
            backends="all",
            mode=options.mode or ["eager", "compiled"],
            budget=read_time(options.budget) / len(found),
        )
        outcome = run_race(each.function, asked, _progress(), options.command_line)
        yield each.name, RaceResult(outcome)


def raced(options: argparse.Namespace) -> RaceResult:
    """The race that these options ask for. Raises: UsageError."""
    from xbench.racing.contenders import SourceLine
    from xbench.racing.lines import named_lines
    from xbench.racing.race import run_race
    from xbench.reports.race_results import RaceResult

    setup, (name, over) = "\n".join(options.setup), options.over or ("", None)
    codes = named_lines(options.line, options.name)
    asked = asked_for(options, _arguments(codes, setup, name), over)
    lines = {called: SourceLine(code, setup) for called, code in codes.items()}
    return RaceResult(run_race(lines, asked, _progress(), options.command_line))


def _progress() -> Callable[[Plan], Progress] | None:
    """Live on a terminal; nothing in a pipe."""
    from xbench.engine.progress import LiveProgress

    return LiveProgress if sys.stderr.isatty() else None


def asked_for(
    options: argparse.Namespace, args: Callable[[Any], Any], over: Sequence[int] | None
) -> Options:
    """The race that the options of `add_racing` ask for; `args` makes the arguments of a size."""
    from xbench.racing.race import Options

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
