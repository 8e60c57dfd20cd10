"""Who is fastest where, as a table: how the sides of each workload stand by their verdicts, and a
row of it in words.

A *side* is what a person chooses between: a backend, shown by its best cell, where a result has
numbers of several; else a way to run the one there is. Times choose which cell of a side is shown;
they decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CellPlan
from xbench.reports.curves import Contest, contests, series_of
from xbench.reports.model import (
    AnswerEntry,
    AnswerRow,
    AnswerTable,
    Series,
    Source,
    Standing,
)
from xbench.reports.prose.more_time import TimeToDecide
from xbench.reports.prose.names import Works, backend_names, either, listed, mode_names, way_names
from xbench.reports.prose.numbers import show_factor, show_short_time
from xbench.reports.prose.sentences import has_interval, sure_factor

Side = Callable[[CellPlan], str]
"""The name of the side that a cell is on."""


@lru_cache(maxsize=16)
def _by_backend(source: Source) -> bool:
    return len({cell.plan.key.backend for cell in source.cells if cell.time_s is not None}) > 1


def side_of(source: Source) -> Side:
    """What competes in this result."""
    if _by_backend(source):
        backends = backend_names(cell.plan for cell in source.cells)
        return lambda plan: backends[plan.key.backend]
    names = way_names(cell.plan for cell in source.cells)
    return lambda plan: names[plan.id]


class Lead(NamedTuple):
    """The ratio of the fastest over the cell it is ahead of by the smallest factor that is sure,
    and that cell's side: over every cell of that side the lead is as large."""

    ratio: Comparison
    over: str

    @property
    def factor(self) -> float:
        """The one that is sure."""
        return sure_factor(self.ratio)


@dataclass(frozen=True, slots=True)
class Ranking:
    """A workload's sides: the cell shown of each, the leader's first and then by time, and how each
    stands. `leader` is the fastest, or else an unbeaten one, with which the others are compared."""

    contest: Contest
    leader: str
    shown: dict[str, CellSummary]
    standings: dict[str, Standing]
    open_ratios: list[Comparison | None]
    """The leader's cell over each that may be as fast or faster."""

    lead: Lead | None
    """Of the fastest; None without one."""

    @property
    def others(self) -> list[str]:
        """All but the leader."""
        return [name for name in self.shown if name != self.leader]

    def standing_as(self, *wanted: Standing) -> list[str]:
        """The sides that stand so."""
        return [name for name, standing in self.standings.items() if standing in wanted]


@lru_cache(maxsize=16)
def rankings(source: Source) -> list[list[Ranking]]:
    """Of every workload that has a number, curve by curve, from the smallest width up."""
    side = side_of(source)
    return [[rank(contest, side) for contest in curve] for curve in contests(source).values()]


def rank(contest: Contest, side: Side) -> Ranking:
    """The sides of a workload and how each stands."""
    ahead = contest.ahead(side)
    first = ahead or (contest.unbeaten or contest.cells)[0]
    leader = side(first.plan)
    members: dict[str, list[CellSummary]] = {leader: []}
    for cell in contest.cells:
        members.setdefault(side(cell.plan), []).append(cell)
    rivals = {name: cells for name, cells in members.items() if name != leader}
    stand = _cells_stand(contest, first, rivals)
    shown, standings = {leader: first}, {leader: _of_the_leader(ahead, [*stand.values()])}
    for name, cells in rivals.items():
        found = {stand[cell.id] for cell in cells}
        standings[name] = next(each for each in _ORDER if each in found)
        those = [cell for cell in cells if stand[cell.id] == standings[name]]
        best = [cell for cell in those if not any(contest.beats(each, cell) for each in those)]
        shown[name] = (best or those)[0]
    undecided = [cell for cells in rivals.values() for cell in cells if stand[cell.id] == "open"]
    ratios = [contest.ratio(first, cell) for cell in undecided]
    lead = _lead(contest, first, rivals) if ahead else None
    return Ranking(contest, leader, shown, standings, ratios, lead)


def _lead(contest: Contest, first: CellSummary, rivals: dict[str, list[CellSummary]]) -> Lead:
    leads = [
        Lead(ratio, name)
        for name, cells in rivals.items()
        for cell in cells
        if (ratio := contest.ratio(first, cell)) is not None
    ]
    return min(leads, key=lambda each: each.factor)


_ORDER: tuple[Standing, ...] = ("open", "unknown", "tie", "slower")
"""A side stands as the first of these that a cell of it does: it is slower only if all are."""


def _cells_stand(
    contest: Contest, first: CellSummary, rivals: dict[str, list[CellSummary]]
) -> dict[str, Standing]:
    """How each cell of the other sides stands, by its id: slower if a cell of a side not its own is
    faster, else by its ratio with the leader's. If that leaves nobody beside a leader who is not
    known to be faster than all, those that the leader is not faster than are open: no tie is
    claimed with a cell that another cell of the leader's side is faster than."""
    known = not contest.ratios or any(map(has_interval, contest.ratios.values()))
    if not known:
        return {cell.id: "unknown" for cells in rivals.values() for cell in cells}
    direct = {
        cell.id: _against(contest.ratio(first, cell)) for cells in rivals.values() for cell in cells
    }
    if set(direct.values()) <= {"slower"}:
        return direct
    found = dict(direct)
    for cells in rivals.values():
        others = [each for each in contest.cells if each not in cells]
        found |= {
            cell.id: "slower" for cell in cells if any(contest.beats(o, cell) for o in others)
        }
    if set(found.values()) <= {"slower"}:
        return {key: "slower" if stands == "slower" else "open" for key, stands in direct.items()}
    return found


def _against(ratio: Comparison | None) -> Standing:
    """How a cell stands by the leader's ratio over it."""
    verdicts: dict[str, Standing] = {"faster": "slower", "same": "tie"}
    return verdicts.get(ratio.verdict, "open") if ratio else "open"


def _of_the_leader(ahead: CellSummary | None, others: Sequence[Standing]) -> Standing:
    """Alone, there is nothing to know of it."""
    if ahead is not None:
        return "fastest"
    return next((each for each in _ORDER if each in others), "unknown")


def modes_in(source: Source, curve: Sequence[Ranking]) -> dict[str, str]:
    """What tells a curve's cells from others of their side, by their ids."""
    plans = (cell.plan for each in curve for cell in each.contest.cells)
    return mode_names(plans) if _by_backend(source) else {}


# The table.


def answer_table(source: Source) -> AnswerTable | None:
    """A row a workload and a column a side; None where there are no paired rounds, or no number."""
    curves = rankings(source) if source.paired else []
    if not curves:
        return None
    ranks: dict[str, Series] = {}
    side, works, time = side_of(source), Works(source), TimeToDecide(source)
    for cell in source.cells:
        if cell.time_s is not None:
            ranks.setdefault(side(cell.plan), series_of(cell.plan))
    sides = tuple(sorted(ranks, key=lambda name: ranks[name].rank))
    rows = []
    for curve in curves:
        modes = modes_in(source, curve)
        rows += [
            AnswerRow(
                works.in_table(each.contest.cells[0].plan),
                each.contest.width,
                tuple(_entry(each, name, modes) for name in sides),
                _verdict(each, time.to_decide(each.open_ratios)),
            )
            for each in curve
        ]
    return AnswerTable(sides, rows)


def _entry(ranking: Ranking, name: str, modes: dict[str, str]) -> AnswerEntry | None:
    cell = ranking.shown.get(name)
    if cell is None or cell.time_s is None:
        return None
    time = show_short_time(cell.time_s, cell.low_s, cell.high_s)
    return AnswerEntry(time, modes.get(cell.id, ""), ranking.standings[name])


def _verdict(ranking: Ranking, more: str) -> tuple[str, str, str]:
    leader, lead = ranking.leader, ranking.lead
    if not ranking.others:
        return ("–",) * 3
    if lead:
        factor = f"{show_factor(lead.ratio.ratio, lead.ratio.verdict)[0]}×"
        return f"{leader} {factor}", f"{leader} {factor}", factor
    match ranking.standings[leader]:
        case "tie":
            names = listed(ranking.standing_as("tie"))
            return f"tie: {names}", "tie", "tie"
        case "open":
            names = either(sorted(ranking.standing_as("open", "tie")))
            after = f" ({more})" if more else ""
            return f"not decided: {names}{after}", f"not decided{after}", "not decided"
    return ("no interval",) * 3
