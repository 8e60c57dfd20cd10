"""The stored runs of a machine, looked back on: what each cell or curve did, the worst first.

One row for a scaling curve (the widths of an operation with one backend, device, mode and so on),
not one for each width: what slows an operation slows it at several. Steps of neighbouring widths
that happen in the same run or the next are one. Over all series, Holm's procedure keeps the
probability that any step is false at 5 %: nothing can be measured again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import log
from statistics import fmean, median

from xbench.tracking.baseline import History, Values
from xbench.tracking.compare import differences, side_of
from xbench.tracking.rule import ENOUGH, Judged
from xbench.tracking.steps import Step, find_steps, holm
from xbench.tracking.stored import TIME, StoredPlan
from xbench.tracking.thresholds import Threshold, Thresholds
from xbench.tracking.verdict import Difference

NEAR = 2
"""Runs by which the steps of a curve's widths may be apart and still be one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A step, from the run at `place` on: the median of its cells' `change` (of logarithms), in so
    many `cells`."""

    place: int
    change: float
    cells: int


@dataclass(slots=True)
class Past:
    """One cell: its times at the places of runs, what the last one was, against what, and its
    steps (of places in `values`, before and after the control over all series)."""

    plan: StoredPlan
    values: Values
    judged: Judged
    baseline: float | None
    anchor: float | None
    steps: list[Step] = field(default_factory=list)

    @property
    def last(self) -> float:
        """Its newest time, in seconds."""
        return self.values.values[-1]


@dataclass(slots=True)
class Row:
    """A cell or a curve: `cells` in order of width, `changes` oldest first, `line` the mean
    logarithm over cells at each of `places`, against the medians of each."""

    name: str
    cells: list[Past]
    changes: list[Change]
    places: list[int]
    line: list[float]

    @property
    def worst(self) -> Past:
        """The cell that is slowest against its baseline."""
        return max(self.cells, key=_worse)


def look_back(stored: History, thresholds: Thresholds, patterns: Sequence[str]) -> list[Row]:
    """Rows, the worst first. With patterns a row is a cell, of those that match; without, a curve.
    Cells that never had a time have no row."""
    pasts = [
        _past(stored, name, thresholds.of(series.plan))
        for name, series in stored.series.items()
        if TIME.name in series.values and _wanted(series.plan, patterns)
    ]
    _control(pasts)
    rows: dict[str, list[Past]] = {}
    for past in pasts:
        name = past.plan.id if patterns else curve_name(past.plan)
        rows.setdefault(name, []).append(past)
    return sorted(map(_row, rows.items()), key=lambda row: (-_worse(row.worst), row.name))


def curve_name(plan: StoredPlan) -> str:
    """What its cells have in common: family and everything the id says but the parameters; its name
    where it is on no curve."""
    if plan.key is None or not plan.family:
        return plan.id
    return f"{plan.family}/{plan.key.policy_id}"


def _wanted(plan: StoredPlan, patterns: Sequence[str]) -> bool:
    return not patterns or any(map(plan.matches, patterns))


def _past(stored: History, name: str, threshold: Threshold) -> Past:
    series = stored.series[name]
    values = series.values[TIME.name]
    track, judged = stored.follow(name, TIME, threshold)
    levels = track.baseline(), track.anchor()
    known = [TIME.back(each.centre) if each else None for each in levels]
    logs = [log(each) for each in values.values]
    if known[0] is not None and known[1] is None:
        known[1] = TIME.back(median(track.values[:ENOUGH]))
    steps = find_steps(logs, threshold.effect)
    return Past(series.plan, values, judged[-1], known[0], known[1], steps)


def _control(pasts: Sequence[Past]) -> None:
    """Leave the steps that stand among all series."""
    found = [(past, step) for past in pasts for step in past.steps]
    stands = holm([step.chance for _, step in found], max(len(pasts), len(found)))
    for past in pasts:
        past.steps = []
    for (past, step), stood in zip(found, stands, strict=True):
        if stood:
            past.steps.append(step)


def _row(named: tuple[str, list[Past]]) -> Row:
    name, cells = named
    cells.sort(key=lambda past: (past.plan.width, past.plan.id))
    places = sorted({place for past in cells for place in past.values.places})
    logs: dict[int, list[float]] = {place: [] for place in places}
    for past in cells:
        middle = log(median(past.values.values))
        for place, value in zip(past.values.places, past.values.values, strict=True):
            logs[place].append(log(value) - middle)
    return Row(name, cells, _changes(cells), places, [fmean(logs[place]) for place in places])


def _changes(cells: Iterable[Past]) -> list[Change]:
    """The steps of all cells, those that are one together."""
    found = sorted(
        (past.values.places[step.place], step.change) for past in cells for step in past.steps
    )
    return [
        Change(
            int(median(place for place, _ in together)),
            median(size for _, size in together),
            len(together),
        )
        for together in _together(found)
    ]


def _together(steps: Sequence[tuple[int, float]]) -> Iterator[list[tuple[int, float]]]:
    """Steps in the same direction, each within `NEAR` runs of the one before."""
    for sign in (1.0, -1.0):
        part: list[tuple[int, float]] = []
        for place, size in steps:
            if size * sign <= 0.0:
                continue
            if part and place - part[-1][0] > NEAR:
                yield part
                part = []
            part.append((place, size))
        if part:
            yield part


def _worse(past: Past) -> float:
    """How much slower it is than the worse of baseline and anchor, on logarithms."""
    levels = [each for each in (past.baseline, past.anchor) if each is not None]
    return max((log(past.last / each) for each in levels), default=-1e9)


def what_changed(stored: History, place: int) -> list[Difference]:
    """What is recorded of the run at `place` that was not so in the run before: versions, driver,
    commit; not the load, which is never the same."""
    if place == 0:
        return []
    before, after = (side_of(stored.runs[each]) for each in (place - 1, place))
    return [each for each in differences(before, after) if not each.label.startswith("load")]
