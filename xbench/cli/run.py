"""`xbench run`: plan, measure, report."""

from __future__ import annotations

import argparse
import signal
import sys
from importlib import import_module
from pathlib import Path

from xbench.engine.header import make_header, new_run_id
from xbench.engine.run import run_plan
from xbench.engine.settings import Settings
from xbench.errors import UsageError
from xbench.plan.build import build_rows
from xbench.plan.plan import Plan, make_plan
from xbench.plan.preset import Preset
from xbench.plan.select import AXES, Selection, choose_devices
from xbench.progress import make_progress
from xbench.records.journal import make_run_folder
from xbench.records.machine import available_bytes, devices, this_machine
from xbench.records.summary import CellSummary
from xbench.text import near, show_bytes, show_seconds

EXIT_FAILED, EXIT_NOTHING = 3, 5


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, 3 if a cell failed, 5 if nothing was measured."""
    _refuse_windows()
    _end_cleanly_on_signals()
    preset = get_preset(options.preset)
    axes = {axis: tuple(getattr(options, axis)) for axis in AXES if getattr(options, axis)}
    selection = Selection(preset, tuple(options.suite), axes)
    plan = plan_selection(selection, options.launches)
    if options.dry_run:
        print(describe_plan(plan))
        return 0
    print(head_line(plan, preset), file=sys.stderr)
    run_id = new_run_id()
    folder = make_run_folder(options.out, run_id)
    files = tuple(str(Path(name).resolve()) for name in options.suite if name.endswith(".py"))
    settings = Settings(options.seed, folder.resolve(), files)
    header = make_header(plan, run_id, preset.name, options.command_line, options.seed)
    _, summaries = run_plan(plan, settings, header, make_progress(plan))
    if not options.no_report:
        import_module("reports.command").write_report([folder], folder / "report", None)
    return exit_status(summaries)


def get_preset(name: str) -> Preset:
    """A preset by name. Raises: UsageError."""
    presets: dict[str, Preset] = import_module("suites.presets").PRESETS
    if name not in presets:
        raise UsageError(f"no preset is called {name!r}", near(name, presets))
    return presets[name]


def plan_selection(selection: Selection, launches: int | None) -> Plan:
    """The plan of a selection on this machine. Raises: UsageError."""
    preset, cores = selection.preset, this_machine().cores
    if launches is not None and launches < 1:
        raise UsageError(f"launches is {launches}", "at least 1; 3 or more for an interval")
    chosen = choose_devices(selection.named("device"), devices())
    rows = build_rows(selection, chosen, cores)
    return make_plan(rows, launches or preset.launches, preset.group_s, cores, available_bytes())


def describe_plan(plan: Plan) -> str:
    """What `--dry-run` prints: every cell with its predicted time and memory, then the total."""
    width = max(len(row.cell.id) for row in plan.rows)
    lines = [f"{'cell':{width}}  {'one call':>9}  {'memory':>8}"]
    for row in plan.rows:
        predicted = plan.predictions[row.cell.id]
        memory = show_bytes(predicted.held_bytes)
        note = f"  {row.status}: {row.reason}" if row.status else ""
        time = show_seconds(predicted.call_s)
        lines.append(f"{row.cell.id:{width}}  {time:>9}  {memory:>8}{note}")
    return "\n".join([*lines, "", head_line(plan, None)])


def head_line(plan: Plan, preset: Preset | None) -> str:
    """One line: how much there is to do and how long it may take."""
    cells = sum(len(group.cells) for group in plan.groups)
    refused = len(plan.rows) - cells
    name = f"{preset.name}: " if preset else ""
    also = f", {refused} cells will have no number" if refused else ""
    return (
        f"{name}{cells} cells in {len(plan.groups)} groups, {plan.launches} launches, "
        f"about {show_seconds(plan.total_s())} predicted{also}"
    )


def exit_status(summaries: list[CellSummary]) -> int:
    """The command's exit status for these results."""
    statuses = {cell.status for cell in summaries}
    if not statuses & {"ok", "unstable"}:
        return EXIT_NOTHING
    return EXIT_FAILED if statuses & {"crashed", "timeout", "invalid"} else 0


def _end_cleanly_on_signals() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: readable, nothing left behind."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise UsageError("xbench measures on Linux and macOS", "use WSL on Windows")
