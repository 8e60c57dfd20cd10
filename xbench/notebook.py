"""The cell magic `%%race` of IPython and Jupyter: each line of a cell is a contender."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from xbench.cli.race import add_racing, asked_for
from xbench.engine.progress import LiveProgress, Progress, SilentProgress, TimeLeft
from xbench.errors import UsageError, XbenchError
from xbench.racing.lines import code_used, data_used, named_lines, namespace_after
from xbench.racing.race import run_race
from xbench.racing.sending import function_of
from xbench.reports.race_results import RaceResult
from xbench.text import plural, show_seconds

if TYPE_CHECKING:
    from xbench.plan.plan import Plan
    from xbench.records.schema import GroupLine


def add_magic(shell: Any) -> None:
    """Give a shell of IPython the magic."""

    def race(line: str, cell: str) -> RaceResult | None:
        return _raced(shell, line, cell)

    race.__doc__ = _parser().format_help()
    shell.register_magic_function(race, "cell", "race")


class _HelpShown(Exception):
    """There is nothing more to do."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong, and does not end the kernel."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, "%%race --help lists the options")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _HelpShown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="%%race",
        description="Measure the lines of this cell against each other. They read the names of the "
        "notebook: arrays and other data are their arguments.",
    )
    add_racing(parser)
    parser.add_argument("--to", metavar="NAME", help="keep the result under this name")
    return parser


def _raced(shell: Any, line: str, cell: str) -> RaceResult | None:
    """Run the cell. Raises: IPython's UsageError, which a notebook shows without a traceback."""
    from IPython.core.error import UsageError as Refused

    try:
        options = _parser().parse_args(shlex.split(line))
        result = _race_of(options, cell, shell.user_ns, _progress(shell))
        repr(result)  # what cannot be shown is told here
    except _HelpShown:
        return None
    except XbenchError as error:
        raise Refused(str(error)) from None
    except KeyboardInterrupt:
        raise Refused("the race was interrupted: it has no result") from None
    if options.to:
        shell.user_ns[options.to] = result
    return result


def _race_of(
    options: argparse.Namespace,
    cell: str,
    namespace: dict[str, object],
    progress: Callable[[Plan], Progress] | None,
) -> RaceResult:
    lines = [line.strip() for line in cell.splitlines()]
    codes = named_lines(line for line in lines if line and not line.startswith("#"))
    if not codes:
        raise UsageError("the cell has no contender", "write one on each line, for instance a @ b")
    size_name, over = options.over or ("", None)
    first = over[0] if over else None

    def scope_at(size: int | None) -> dict[str, object]:
        known = namespace if size is None else namespace | {size_name: size}
        return namespace_after("\n".join(options.setup), known) if options.setup else known

    def arguments(size: int | None) -> dict[str, object]:
        given = {} if size is None else {size_name: size}
        return given | data_used(codes.values(), scope_at(size))

    scope = scope_at(first)
    names = tuple(arguments(first))
    code = code_used(codes.values(), scope)
    contenders = {name: function_of(source, "", names, code) for name, source in codes.items()}
    return RaceResult(
        run_race(contenders, asked_for(options, arguments, over), progress, ["%%race"])
    )


# Progress, in one line of the cell.


def _progress(shell: Any) -> Callable[[Plan], Progress] | None:
    """A line of the cell in a notebook; the usual display in a terminal."""
    if getattr(shell, "kernel", None) is not None:
        return _CellProgress
    return LiveProgress if sys.stderr.isatty() else None


class _CellProgress(SilentProgress):
    """One line below the cell, written anew after each group."""

    def __init__(self, plan: Plan) -> None:
        display: Any = import_module("IPython.display").display
        self._clock, self._launches = TimeLeft(plan), plan.launches
        self._line: Any = display(_Line(self._said(0)), display_id=True)

    def _said(self, launch: int) -> str:
        clock = self._clock
        left = show_seconds(max(round(clock.left_s()), 1))
        done = f"launch {launch} of {self._launches}, " if launch else ""
        return f"Race: {done}{clock.done} of {plural(clock.total, 'step')} done, {left} left"

    def __exit__(self, *error: object) -> None:
        self._line.update(_Line(""))

    def starting(self, what: str) -> None:
        self._line.update(_Line(f"Race: {what} …"))

    def measured(self, line: GroupLine) -> None:
        self._clock.measured(line)
        self._line.update(_Line(self._said(line.launch + 1)))


class _Line:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
