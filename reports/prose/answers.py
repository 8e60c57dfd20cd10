"""Who is fastest at an op, by how much and why, in sentences that say what verdicts allow.

Times rank the cells, but decide only which of them are named. Whatever is claimed of two cells is
the verdict of their ratio, printed with its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xbench.analysis.summary import CellSummary
from xbench.reports.curves import Contest, contests
from xbench.reports.model import Source
from xbench.reports.prose.names import Works, listed, way_names
from xbench.reports.prose.sentences import Clauses, has_interval, sure_factor
from xbench.text import plural

MOST_ANSWERS = 6
MOST_NAMED = 3
"""So many cells are named as the fastest, and so many as slower."""

NO_INTERVAL = (
    "One launch gives no interval, so nothing is said about what is faster; "
    "three launches or more would tell."
)
NOTHING_TO_COMPARE = (
    "No workload was run in two ways that could be compared: there is no answer here."
)
NOTHING_MEASURED = "No cell has a number: the table of cells says why."


def answers(source: Source) -> list[str]:
    """The answer of each curve at the largest width at which two cells have a number, those with
    the largest factor that an interval supports first; how many more there are. Nothing of a file
    without paired rounds."""
    if not source.paired:
        return []
    if source.choices and not any(map(has_interval, source.choices)):
        return [NO_INTERVAL]
    works = Works(source)
    found = [
        _answer(curve, works.name(curve[0].cells[0].plan), works.place)
        for every in contests(source).values()
        if (curve := [each for each in every if len(each.cells) > 1])
    ]
    if not found:
        return [_nothing(source)] if source.cells else []
    found.sort(key=lambda each: -each.factor)
    shown = [each.text for each in found[:MOST_ANSWERS]]
    more = len(found) - len(shown)
    return [*shown, f"{plural(more, 'more operation')} below."] if more else shown


def _nothing(source: Source) -> str:
    if any(cell.time_s is not None for cell in source.cells):
        return NOTHING_TO_COMPARE
    return NOTHING_MEASURED


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    factor: float
    """The largest that a claim about its first cell supports; 1 without one."""


def _answer(curve: Sequence[Contest], work: str, place: str) -> _Answer:
    """Of one curve, from the smallest width up; `place` is where every cell ran, if it is one."""
    last = curve[-1]
    names = way_names(cell.plan for contest in curve for cell in contest.cells)
    say = Clauses(last, names)
    if last.winner is None:
        said, cells = _open(say, work)
    else:
        said, cells = _decided(say, last.winner, work)
    causes = say.causes(cells)
    text = f"At width {last.width}{place}, {said}{'; ' if causes else ''}{causes}."
    factor = max(sure_factor(last.ratio(cells[0], other)) for other in cells[1:])
    return _Answer(text + _change(curve, names), factor)


Said = tuple[str, list[CellSummary]]
"""What is said, and the cells it names: all are compared with the first."""


def _decided(say: Clauses, winner: CellSummary, work: str) -> Said:
    others = [cell for cell in say.contest.cells if cell is not winner]
    rivals = (_rivals(say.contest, [winner]) or others)[:MOST_NAMED]
    parts = listed([say.faster(winner, each) for each in rivals])
    return f"{say.name(winner)} is {_fastest(say.contest, work)}: {parts}", [winner, *rivals]


def _open(say: Clauses, work: str) -> Said:
    """Those that may be the fastest, and the best of each other backend."""
    contest = say.contest
    leaders = contest.unbeaten or contest.cells
    first = leaders[0]
    doubt = leaders[1:] or [
        cell for cell in contest.cells if cell is not first and not contest.beats(first, cell)
    ]
    rivals = _rivals(contest, [first, *doubt])[:MOST_NAMED]
    ratio = contest.ratio(first, doubt[0])
    if len(leaders) == 2 and ratio is not None and ratio.verdict == "same":
        head = say.between(first, doubt[0], f" to run {work}")
        if contest.cells[2:]:
            head += f"; of {len(contest.cells)} ways none is known to be faster"
    else:
        which = f"which of {_some(say, leaders)}" if leaders[1:] else f"whether {say.name(first)}"
        pairs = [say.between(first, each) for each in doubt[: MOST_NAMED - 1]]
        head = f"it is not decided {which} is {_fastest(contest, work)}: {', '.join(pairs)}"
    rest = [say.between(each, first) for each in rivals]
    named = [first, *doubt[: MOST_NAMED - 1], *rivals]
    return "; ".join([head, ", ".join(rest)] if rest else [head]), named


def _some(say: Clauses, cells: Sequence[CellSummary]) -> str:
    names = [say.name(each) for each in cells[:MOST_NAMED]]
    more = len(cells) - len(names)
    return listed([*names, plural(more, "other")] if more else names)


def _fastest(contest: Contest, work: str) -> str:
    count = len(contest.cells)
    return f"the {'faster' if count == 2 else 'fastest'} of {count} ways to run {work}"


def _rivals(contest: Contest, named: Sequence[CellSummary]) -> list[CellSummary]:
    """The best cell of each backend that has none among these."""
    there = {cell.plan.key.backend for cell in named}
    best: dict[str, CellSummary] = {}
    for cell in contest.cells:
        if cell.plan.key.backend not in there:
            best.setdefault(cell.plan.key.backend, cell)
    return list(best.values())


def _change(curve: Sequence[Contest], names: dict[str, str]) -> str:
    """That another was the fastest at the smallest width, and where the two change places."""
    first, last = curve[0], curve[-1]
    early, late = first.winner, last.winner
    if early is None or late is None or names[early.id] == names[late.id]:
        return ""
    name, other = names[early.id], names[late.id]
    text = f" At width {first.width}, {name} is the fastest of {len(first.cells)}"
    theirs = next((each for each in first.cells if names[each.id] == other), None)
    if theirs is None:
        return f"{text}."
    text = f"{text}: {Clauses(first, names).faster(early, theirs)}"
    widths = _crossing(curve, names, name, other)
    if widths is None:
        return f"{text}."
    return f"{text}; the two change places between widths {widths[0]} and {widths[1]}."


def _crossing(
    curve: Sequence[Contest], names: dict[str, str], early: str, late: str
) -> tuple[int, int] | None:
    """The last width at which `early` is known to be faster before `late` is, and that width."""
    before, found = None, None
    for contest in curve:
        cells = {names[cell.id]: cell for cell in contest.cells}
        if early not in cells or late not in cells:
            continue
        if contest.beats(cells[early], cells[late]):
            before = contest.width
        elif before is not None and contest.beats(cells[late], cells[early]):
            found, before = (before, contest.width), None
    return found
