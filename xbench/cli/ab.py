"""`xbench ab`: two interpreters, revisions or policies, paired in the same rounds."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xbench.cli.run import hold_machine
from xbench.cli.start import end_cleanly_on_signals, refuse_windows
from xbench.engine.settings import new_run_id
from xbench.errors import UsageError
from xbench.machine.machine import available_bytes, devices, this_machine
from xbench.plan.build import Row
from xbench.plan.effort import Effort
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import AXES, Selection, choose_devices
from xbench.process.environment import read_given
from xbench.process.side import SideSetup
from xbench.registry import get_preset
from xbench.reports.verdict.finish import finish
from xbench.text import show_seconds
from xbench.tracking.ab import Pair, Work, make_pairs, rows_to_measure, side_of
from xbench.tracking.ab_sides import (
    Asked,
    Surveyed,
    load_ops,
    policy_of,
    read_side,
    selected,
    standing,
    survey,
)
from xbench.tracking.compare import differences
from xbench.tracking.thresholds import read_thresholds
from xbench.tracking.verdict import make_verdict

NAMES = ("base", "head")


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the verdict's exit status."""
    refuse_windows()
    end_cleanly_on_signals()
    here, run_id = Path.cwd(), new_run_id()
    asked = {name: read_side(getattr(options, name), here, this_machine().cores) for name in NAMES}
    thresholds, given = read_thresholds(here), read_given(options.env)
    axes = {axis: tuple(getattr(options, axis)) for axis in AXES if getattr(options, axis)}
    selection = Selection(get_preset(options.preset), tuple(options.suite), axes)
    planner = _planner(options, selection)
    with (
        hold_machine(options) as turn,
        _scratch(options.out, run_id) as scratch,
        standing(asked, scratch) as sides,
    ):
        surveyed = _survey(sides, asked, selection, scratch)
        load_ops(selection, surveyed["head"].side)
        pairs = make_pairs(
            surveyed["base"].rows,
            surveyed["head"].rows,
            [axis for one in asked.values() for axis in one.policy],
        )
        _say(_head_line(pairs, planner(rows_to_measure(pairs), 1.0)))
        work = Work(
            {name: found.side for name, found in surveyed.items()},
            planner,
            thresholds,
            options.out,
            run_id,
            selection.preset.name,
            options.command_line,
            options.seed,
            options.budget,
            turn.unlocked,
            given,
            _say,
        )
        findings, runs, notes = work.compare(pairs)
    notes += [f"{name}: {each.problem}" for name, each in surveyed.items() if each.problem]
    base, head = (
        side_of(name, asked[name], policy_of(selection, asked, name), runs) for name in NAMES
    )
    unlike, strict = differences(base, head), options.strict
    verdict = make_verdict(
        "ab", base, head, findings, differences=unlike, notes=notes, strict=strict
    )
    return finish(verdict, options.out)


def _planner(
    options: argparse.Namespace, selection: Selection
) -> Callable[[list[Row], float], Plan]:
    """What makes a plan of rows on this machine, whose groups get so many times the usual time.

    Raises: UsageError."""
    effort = Effort(options.launches, options.rounds, group_s=options.group_budget)
    launches = effort.launches_of(selection.preset)
    group_s, cores = effort.group_s or selection.preset.group_s, this_machine().cores

    def planner(rows: list[Row], times: float) -> Plan:
        memory = available_bytes()
        return make_plan(rows, launches, times * group_s, cores, memory, effort.rounds)

    return planner


def _survey(
    sides: Mapping[str, SideSetup], asked: Mapping[str, Asked], selection: Selection, scratch: Path
) -> dict[str, Surveyed]:
    """What both sides have. Raises: UsageError if head has nothing, or neither can have more than
    the other: only a revision may be from before there was anything."""
    there = choose_devices(selection.named("device"), devices())
    cores = this_machine().cores
    found = {
        name: survey(side, selected(selection, asked, name), there, cores, scratch)
        for name, side in sides.items()
    }
    for name, each in found.items():
        if not each.rows and each.problem and (name == "head" or not asked[name].commit):
            raise UsageError(f"{name}: {each.problem}", each.hint)
    return found


@contextmanager
def _scratch(out: Path, run_id: str) -> Iterator[Path]:
    """A folder for worktrees and questions, gone afterwards. Raises: UsageError."""
    folder = out.resolve() / f"{run_id}-scratch"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(
            f"cannot write results to {out}: {error.strerror}", "name another folder with --out"
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _head_line(pairs: list[Pair], plan: Plan) -> str:
    """How much there is to do and how long it may take."""
    both = sum(pair.base is not None and pair.head is not None for pair in pairs)
    return (
        f"ab: {both} cells of both sides in {len(plan.groups)} groups, {plan.launches} launches, "
        f"about {show_seconds(plan.total_s())} predicted; then again for what seems slower"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
