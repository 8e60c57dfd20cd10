"""`xbench ab`: two interpreters, revisions or policies, paired in the same rounds."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.cli.options import (
    add_env,
    add_no_lock,
    add_rounds,
    add_seed,
    add_selection,
    folder,
    seconds,
)
from xbench.defaults import RESULTS
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.plan.build import Row
    from xbench.plan.plan import Plan
    from xbench.plan.select import Selection
    from xbench.process.side import SideSetup
    from xbench.records.read import Run
    from xbench.tracking.ab import Pair
    from xbench.tracking.ab_sides import Asked, Surveyed
    from xbench.tracking.thresholds import Thresholds
    from xbench.tracking.verdict import Finding, Verdict

LAUNCHES = 7
SIDES = ("base", "head")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Find out whether cells are slower in head than in base. Both are measured in the same "
        "rounds. A SPEC is one of these: a Python executable, or the folder of a virtual "
        "environment; a revision of this git repository; a policy, which is one setting or several "
        "joined by commas (mode=compiled,threads=1); or `.`, which is what is "
        "here now. A cell is slower if it takes at least 5 % more time, its whole 95 % interval "
        "lies beyond 2 %, and fresh launches show both again."
    )
    parser.epilog = (
        "Exit status: 0 no confirmed regression; 1 a confirmed regression; 2 wrong usage; 3 a cell "
        "that base has, or could run, is missing or fails in head; 4 with --strict, a cell is "
        "undecided; 5 nothing was measured."
    )
    for side in SIDES:
        parser.add_argument(
            f"--{side}", default=".", metavar="SPEC", help="default: what is here now"
        )
    add_selection(parser)
    _add_measuring(parser.add_argument_group("measuring"))
    verdict = parser.add_argument_group("verdict")
    verdict.add_argument(
        "--strict", action="store_true", help="exit with status 4 if a cell is undecided"
    )
    verdict.add_argument(
        "--out",
        type=folder,
        default=Path(RESULTS) / "ab",
        metavar="DIR",
        help="write verdict.json and summary.md to this folder, and make the runs' folders in it "
        f"(default {RESULTS}/ab)",
    )
    parser.set_defaults(handler=main)


def _add_measuring(how: argparse._ActionsContainer) -> None:
    how.add_argument(
        "--launches",
        type=int,
        default=LAUNCHES,
        metavar="N",
        help=f"number of launches (default {LAUNCHES}); each starts fresh worker processes. What "
        "seems slower is confirmed by as many again",
    )
    add_rounds(how)
    how.add_argument(
        "--budget",
        type=seconds,
        metavar="TIME",
        help="stop when this time is spent, for instance 10m; a third of it is kept to confirm",
    )
    add_seed(how)
    add_env(how)
    add_no_lock(how)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the verdict's exit status."""
    from xbench.cli.measuring import end_cleanly_on_signals, refuse_windows, selection_of
    from xbench.cli.verdicts import finish
    from xbench.machine.machine import this_machine
    from xbench.process.environment import read_given
    from xbench.tracking.ab_sides import parse_side
    from xbench.tracking.thresholds import read_thresholds

    refuse_windows()
    end_cleanly_on_signals()
    here, cores = Path.cwd(), this_machine().cores
    asked = {name: parse_side(getattr(options, name), here, cores) for name in SIDES}
    thresholds, variables = read_thresholds(here), read_given(options.env)
    verdict = _measure(options, asked, selection_of(options), thresholds, variables)
    return finish(verdict, options.out)


def _measure(
    options: argparse.Namespace,
    asked: Mapping[str, Asked],
    selection: Selection,
    thresholds: Thresholds,
    variables: Mapping[str, str],
) -> Verdict:
    """Measure both sides and judge the pairs. Raises: UsageError."""
    from xbench.cli.measuring import hold_machine
    from xbench.engine.settings import new_run_id
    from xbench.tracking.ab import Work, make_pairs, rows_to_measure
    from xbench.tracking.ab_sides import load_ops, standing

    run_id, planner = new_run_id(), _planner(options, selection)
    with (
        hold_machine(options) as lease,
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
        _print_progress(_plan_in_one_line(pairs, planner(rows_to_measure(pairs), 1.0)))
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
            lease.unlocked,
            variables,
            _print_progress,
        )
        findings, runs, notes = work.compare(pairs)
    notes += [f"{name}: {each.problem}" for name, each in surveyed.items() if each.problem]
    return _verdict(asked, selection, findings, runs, notes, options.strict)


def _verdict(
    asked: Mapping[str, Asked],
    selection: Selection,
    findings: list[Finding],
    runs: list[Run],
    notes: list[str],
    strict: bool,
) -> Verdict:
    from xbench.tracking.ab import side_of
    from xbench.tracking.ab_sides import policy_of
    from xbench.tracking.compare import differences
    from xbench.tracking.verdict import make_verdict

    base, head = (
        side_of(name, asked[name], policy_of(selection, asked, name), runs) for name in SIDES
    )
    unlike = differences(base, head)
    return make_verdict("ab", base, head, findings, differences=unlike, notes=notes, strict=strict)


def _planner(
    options: argparse.Namespace, selection: Selection
) -> Callable[[list[Row], float], Plan]:
    """What makes a plan of rows on this machine, whose groups get so many times the usual time.

    Raises: UsageError."""
    from xbench.machine.machine import available_bytes, this_machine
    from xbench.plan.effort import Effort
    from xbench.plan.plan import make_plan

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
    from xbench.machine.machine import devices, this_machine
    from xbench.plan.select import choose_devices
    from xbench.tracking.ab_sides import selected, survey

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
    place = out.resolve() / f"{run_id}-scratch"
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise UsageError(
            f"cannot write results to {out}: {error.strerror}", "name another folder with --out"
        ) from None
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _plan_in_one_line(pairs: list[Pair], plan: Plan) -> str:
    """How much there is to measure and how long it may take."""
    from xbench.text import plural, show_seconds

    both = sum(pair.base is not None and pair.head is not None for pair in pairs)
    return (
        f"ab: {plural(both, 'cell')} of both sides in {plural(len(plan.groups), 'group')}, "
        f"{plural(plan.launches, 'launch', 'launches')}, about {show_seconds(plan.total_s())} "
        "predicted; cells that seem slower are then measured again"
    )


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
