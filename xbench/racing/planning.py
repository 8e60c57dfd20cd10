"""The plan of a race: its cells, what they will take, and how the budget is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xbench.analysis.stopping import LOOKS
from xbench.keys import CellKey
from xbench.plan.build import Row
from xbench.plan.cell import Cell, make_groups
from xbench.plan.plan import GOOD_ROUNDS, GOOD_TIMES, MIN_ROUNDS, WARMUP_S, Plan
from xbench.plan.predict import Prediction
from xbench.racing.examine import HELD_TIMES, Known, Place, cells_of
from xbench.racing.payload import OP, SIZE
from xbench.racing.request import Asked, Entry, Given

WANTED, MOST_LAUNCHES, LEAST_LAUNCHES = 8, 24, 3
"""Launches: from three on there is an interval; each more makes it narrower, ever less."""

LEAST_GROUP_S, MOST_GROUP_S = 0.06, 0.5
"""Seconds of rounds of one size in a launch."""

LOAD_S = 0.02
"""What loading a cell takes beside its first call."""

BURST_S = 0.004
"""What a burst of short calls takes, with its waiting and placing."""

CHECKS_S, CHECKS_CALLS = 0.15, 12
"""What checking a cell takes in its first launch: seconds, and so many calls."""

WARMUP_CALLS = 15
"""Calls, or bursts of short ones, that a cell is warmed up for at most."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Launches, and seconds of rounds of each size in one of them."""

    launches: int
    group_s: float


def race_plan(
    asked: Asked,
    known: Mapping[Place, Known],
    open_s: float,
    left_s: float,
    cores: int,
    once: bool = False,
) -> Plan:
    """The plan of what is left of the budget. `open_s`: what all workers take to start; `once`:
    there is one launch."""
    rows: list[Row] = []
    predictions: dict[str, Prediction] = {}
    for given in asked.given:
        for place, entry in cells_of(asked, given):
            cell = _cell(asked, entry, place)
            rows.append(_row(cell, known[place]))
            predictions[cell.id] = _predicted(known[place], given)
    groups = make_groups(row.cell for row in rows if row.status is None)
    cells = [[predictions[cell.id] for cell in group.cells] for group in groups]
    slowest_s = max((each.call_s for mine in cells for each in mine), default=0.0)
    warmup_s = min(WARMUP_S, WARMUP_CALLS * max(slowest_s, BURST_S))
    effort = Effort(1, left_s)
    if not once:
        wanted = LOOKS[-1] if asked.target is not None else asked.launches
        effort = choose_effort(wanted, cells, open_s, left_s, warmup_s)
    return Plan(
        tuple(rows),
        tuple(groups),
        predictions,
        effort.launches,
        effort.group_s,
        cores,
        target=asked.target,
        warmup_s=warmup_s,
    )


def _cell(asked: Asked, entry: Entry, place: Place) -> Cell:
    _, mode, width = place
    key = CellKey(
        OP, {SIZE: width}, asked.dtype, entry.slug, asked.device, mode, "none", asked.threads
    )
    return Cell(key, family="race", width=width)


def _row(cell: Cell, known: Known) -> Row:
    if known.refused is None:
        return Row(cell)
    status, reason = known.refused
    return Row(cell, status, reason)


def _predicted(known: Known, given: Given) -> Prediction:
    held = HELD_TIMES * sum(each.nbytes for each in given.arrays.values())
    return Prediction(known.call_s, known.first_s + LOAD_S, held)


def choose_effort(
    launches: int | None,
    groups: list[list[Prediction]],
    open_s: float,
    left_s: float,
    warmup_s: float,
) -> Effort:
    """What `left_s` seconds are spent on. First as many launches as `WANTED`, with rounds of the
    least time; then longer rounds; then more launches. `launches`: fixed by the user; `open_s`:
    what all workers take to start, but for those of the first launch, which are there."""
    every = [each for cells in groups for each in cells]
    fixed_s = open_s + sum(each.load_s + warmup_s for each in every)
    checks_s = sum(CHECKS_S + CHECKS_CALLS * each.call_s for each in every)
    spare_s = max(left_s - checks_s + open_s, 0.0)

    def launches_of(group_s: float) -> int:
        one_s = fixed_s + sum(_rounds_s(cells, group_s) for cells in groups)
        return max(1, int(spare_s / one_s))

    wanted = launches or min(launches_of(LEAST_GROUP_S), WANTED)
    group_s = MOST_GROUP_S
    while group_s > LEAST_GROUP_S and launches_of(group_s) < wanted:
        group_s = max(group_s * 0.9, LEAST_GROUP_S)
    more = min(launches_of(group_s), MOST_LAUNCHES)
    return Effort(launches or max(wanted, more), group_s)


def _rounds_s(cells: list[Prediction], group_s: float) -> float:
    """Seconds of the rounds of one size in a launch; a burst comes after as many calls that are not
    timed."""
    round_s = sum(max(2 * each.call_s, BURST_S) for each in cells)
    good_s = min(GOOD_ROUNDS * round_s, GOOD_TIMES * group_s)
    return max(group_s, good_s, MIN_ROUNDS * round_s)
