"""What every command that measures does: how it ends when told to, how it holds the machine, what
it selects and what it says of its plan."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Timer

from xbench.errors import UsageError
from xbench.machine.lock import MachineLease, one_at_a_time
from xbench.ops.suite import Preset, Suite
from xbench.plan.layers import BATCH, FOR_INSTANCE, layers_suite
from xbench.plan.plan import Plan
from xbench.plan.select import AXES, Selection
from xbench.registry import get_preset
from xbench.text import plural, show_seconds

SENT_AGAIN_S = 0.01
"""After so long a signal is sent again whose exception was lost."""


def end_cleanly_on_signals() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: readable, nothing left behind. Only the first of
    them counts: what tidies up takes seconds, and whoever ends a group of processes sends two."""
    ending, usual = 0, sys.unraisablehook

    def interrupt(number: int, frame: object) -> None:
        nonlocal ending
        if not ending:
            ending = number
            raise KeyboardInterrupt

    def repeat_if_lost(lost: sys.UnraisableHookArgs) -> None:
        """An exception that is raised while an object is destroyed goes no further. The signal is
        sent again, a moment later."""
        nonlocal ending
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            usual(lost)
            return
        number, ending = ending, 0
        Timer(SENT_AGAIN_S, os.kill, (os.getpid(), number or signal.SIGINT)).start()

    sys.unraisablehook = repeat_if_lost
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
    selection = Selection(get_preset(options.preset), tuple(options.suite), axes)
    layers = getattr(options, "layers", None)
    batch = getattr(options, "batch", None)
    if layers is None and batch is None:
        return selection
    return replace(selection, made=_own_sizes(selection, layers, batch))


def _own_sizes(selection: Selection, layers: tuple[int, ...] | None, batch: int | None) -> Suite:
    """The suite of --layers and --batch. Raises: UsageError."""
    if layers is None:
        raise UsageError("--batch is given without --layers", FOR_INSTANCE)
    for given, option in ((selection.suites, "--suite"), (selection.named("width"), "--width")):
        if given:
            raise UsageError(
                f"{option} is given beside --layers, which names the sizes", f"drop {option}"
            )
    ops = selection.preset.ops if not selection.named("op") else ("*",)
    samples = BATCH if batch is None else batch
    return layers_suite(layers, samples, lambda op: selection.wants("op", op, ops))


def plan_in_one_line(plan: Plan, preset: Preset | None) -> str:
    """How much there is to measure and how long it may take."""
    cells = sum(len(group.cells) for group in plan.groups)
    refused = len(plan.rows) - cells
    name = f"{preset.name}: " if preset else ""
    also = f"; {plural(refused, 'cell')} will have no number" if refused else ""
    then = ", then the peak memory of each cell" if plan.memory else ""
    launches, predicted = plural(plan.launches, "launch", "launches"), show_seconds(plan.total_s())
    if plan.time_s is not None:
        launches += f", and more within {show_seconds(plan.time_s)} where it is not decided"
        launches += " which cell is the fastest"
        predicted = show_seconds(max(plan.total_s(), plan.time_s))
    return (
        f"{name}{plural(cells, 'cell')} in {plural(len(plan.groups), 'group')}, "
        f"{launches}{then}, about {predicted} predicted{also}"
    )
