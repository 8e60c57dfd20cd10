"""What every command that measures does: how it ends when told to, how it holds the machine, what
it selects and what it says of its plan."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import AbstractContextManager

from xbench.errors import UsageError
from xbench.machine.lock import MachineLease, one_at_a_time
from xbench.ops.suite import Preset
from xbench.plan.plan import Plan
from xbench.plan.select import AXES, Selection
from xbench.registry import get_preset
from xbench.text import plural, show_seconds


def end_cleanly_on_signals() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: readable, nothing left behind. Only the first of
    them counts: what tidies up takes seconds, and whoever ends a group of processes sends two."""
    ending = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, interrupt)


def refuse_windows() -> None:
    """Raise UsageError on Windows."""
    if sys.platform == "win32":
        raise UsageError("xbench measures on Linux and macOS", "use WSL on Windows")


def hold_machine(options: argparse.Namespace) -> AbstractContextManager[MachineLease]:
    """This machine, for one run at a time, unless --no-lock was given."""
    return one_at_a_time(options.command_line, not options.no_lock, print_message)


def print_message(text: str) -> None:
    """Tell the user something on stderr."""
    print(f"xbench: {text}", file=sys.stderr, flush=True)


def selection_of(options: argparse.Namespace) -> Selection:
    """The cells that the options of `add_selection` ask for. Raises: UsageError."""
    axes = {axis: tuple(getattr(options, axis)) for axis in AXES if getattr(options, axis)}
    return Selection(get_preset(options.preset), tuple(options.suite), axes)


def plan_in_one_line(plan: Plan, preset: Preset | None) -> str:
    """How much there is to measure and how long it may take."""
    cells = sum(len(group.cells) for group in plan.groups)
    refused = len(plan.rows) - cells
    name = f"{preset.name}: " if preset else ""
    also = f"; {plural(refused, 'cell')} will have no number" if refused else ""
    then = ", then the peak memory of each cell" if plan.memory else ""
    return (
        f"{name}{plural(cells, 'cell')} in {plural(len(plan.groups), 'group')}, "
        f"{plural(plan.launches, 'launch', 'launches')}{then}, "
        f"about {show_seconds(plan.total_s())} predicted{also}"
    )
