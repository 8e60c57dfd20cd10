"""Who is fastest at an op at every width that was measured, and how far to trust it, in sentences
that say what verdicts allow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from math import sqrt
from statistics import median

from xbench.reports.model import Proposal, Source, Standing
from xbench.reports.prose.answer_table import Ranking, modes_in, rankings
from xbench.reports.prose.more_time import TimeToDecide
from xbench.reports.prose.names import Works, either, listed
from xbench.reports.prose.numbers import show_factor
from xbench.reports.prose.sentences import has_interval, launch_count
from xbench.text import percent, plural

MOST_ANSWERS = 6
LEAST_SLOW = 0.01
"""A smaller share of rounds is no sign of a busy machine."""

NO_INTERVAL = (
    "One launch gives no interval, so nothing is said about what is faster; "
    "three launches or more would tell."
)
NOTHING_TO_COMPARE = (
    "No workload was run in two ways that could be compared: there is no answer here."
)
LEADS = "is the fastest"
NOT_REACHED = "not reached before the run ended"
NOTHING_MEASURED = "No cell has a number: the table of cells says why."


def answers(source: Source) -> list[str]:
    """A sentence for each curve of which a width has numbers of two sides, in the table's order;
    of many, those whose claims have the largest factors. How many more there are. Nothing of a
    file without paired rounds."""
    if not source.paired:
        return []
    if source.choices and not any(map(has_interval, source.choices)):
        return [NO_INTERVAL]
    works = Works(source)
    found = [
        (works.name(curve[0].contest.cells[0].plan), Answer(curve, modes_in(source, curve)))
        for curve in rankings(source)
        if any(each.others for each in curve)
    ]
    if not found:
        return [_nothing(source)] if source.cells else []
    kept = sorted(found, key=lambda each: -each[1].factor)[:MOST_ANSWERS]
    shown = [f"{work}: {each.text}." for work, each in found if (work, each) in kept]
    more = len(found) - len(shown)
    return [*shown, f"{plural(more, 'more operation')} below."] if more else shown


def _nothing(source: Source) -> str:
    if any(cell.time_s is not None for cell in source.cells):
        return NOTHING_TO_COMPARE
    return NOTHING_MEASURED


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What two neighbouring widths have in common if one clause says both."""

    standing: Standing
    names: tuple[str, ...]


def _outcome(ranking: Ranking) -> _Outcome:
    """The sides that the clause names; the leader first where it is told from the others."""
    standing, leader = ranking.standings[ranking.leader], ranking.leader
    if standing == "fastest" or not ranking.others:
        return _Outcome(standing, (leader,))
    if standing == "tie":
        tied = sorted(ranking.standing_as("tie"), key=lambda name: (name != leader, name))
        return _Outcome(standing, tuple(tied if tied[2:] else sorted(tied)))
    if standing == "open":
        return _Outcome(standing, tuple(sorted(ranking.standing_as("open", "tie"))))
    return _Outcome(standing, ())


def _sure_lead(ranking: Ranking) -> float:
    """The factor that is sure of the fastest; 1 where there is none."""
    return ranking.lead.factor if ranking.lead else 1.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How a sentence says where, and who: by which word and how a width is written, and how a side
    is. Without a word it says nothing of where, since there is one place only."""

    word: str = "width"
    written: Callable[[int], str] = str
    named: Callable[[str], str] = str

    def at(self, stretch: Sequence[Ranking], first: bool, last: bool) -> str:
        """`at width 512`, `up to width 2048`; later in a sentence `at 2048 to 8192`, `from 2048
        on`."""
        if not self.word:
            return ""
        low, high = (self.written(each.contest.width) for each in (stretch[0], stretch[-1]))
        word = f"{self.word} " if first else ""
        if len(stretch) == 1:
            return f"at {word}{low}"
        if first == last:
            return f"at {f'{self.word}s ' if first else ''}{low} to {high}"
        return f"up to {word}{high}" if first else f"from {low} on"


BY_WIDTH = Wording()


class Answer:
    """The sentence of a curve; neighbouring widths with the same outcome make one clause."""

    def __init__(
        self, curve: Sequence[Ranking], modes: dict[str, str], words: Wording = BY_WIDTH
    ) -> None:
        """`modes` are the names of cells within their sides, by their ids."""
        self._modes, self._words = modes, words
        self._clearest = max(curve, key=_sure_lead)
        self.factor = _sure_lead(self._clearest)
        self.text = "; ".join(self._clauses(curve))

    def _clauses(self, curve: Sequence[Ranking]) -> Iterator[str]:
        """One for each stretch of widths; the verb is said once where it stays the same."""
        done, verb = 0, ""
        for outcome, found in groupby(curve, _outcome):
            stretch = list(found)
            at = self._words.at(stretch, done == 0, done + len(stretch) == len(curve))
            who, does, after = self._said(outcome, stretch)
            yield " ".join(part for part in (who, does if does != verb else "", at) if part) + after
            done, verb = done + len(stretch), does

    def _said(self, outcome: _Outcome, stretch: Sequence[Ranking]) -> tuple[str, str, str]:
        """Whom the clause is about, what they do there, and what follows."""
        names = tuple(map(self._words.named, outcome.names))
        if not stretch[0].others:
            return f"only {names[0]}", "has a number", ""
        match outcome.standing:
            case "fastest":
                labels = {self._named(each, each.leader) for each in stretch}
                name = labels.pop() if len(labels) == 1 else names[0]
                return name, LEADS, self._claim(stretch)
            case "open":
                return either(names), LEADS, " (not decided)"
            case "tie":
                same = f"as {names[0]} " if names[2:] else ""
                others = names[1:] if same else names
                return listed(others), f"take the same time {same}within 2 %", ""
        return "nothing", "is known without an interval", ""

    def _named(self, ranking: Ranking, name: str) -> str:
        """`PyTorch (compiled)`: a side, with the mode of the cell that is shown of it."""
        mode = self._modes.get(ranking.shown[name].id, "")
        return f"{self._words.named(name)}{f' ({mode})' if mode else ''}"

    def _claim(self, stretch: Sequence[Ranking]) -> str:
        """The largest factor, where its width is one of these."""
        lead, width = self._clearest.lead, self._clearest.contest.width
        if lead is None or self._clearest not in stretch:
            return ""
        factor, ends = show_factor(lead.ratio.ratio, lead.ratio.verdict)
        at = f" at {self._words.written(width)}" if len(stretch) > 1 else ""
        return f", {factor}× {ends} faster than {self._words.named(lead.over)}{at}"


# How far to trust it, and what would tell more.


def trust_in_short(source: Source) -> str:
    """`3 launches; ratios to ±8 % (median); 5 of 12 decided; machine slow before 45 % of rounds`;
    nothing of a file without paired rounds."""
    if not source.paired or source.launches is None:
        return ""
    parts = (precision(source), _decided(source), _refused(source), disturbance(source))
    return "; ".join(chain.from_iterable(parts))


def precision(source: Source) -> Iterator[str]:
    """How many launches there are, and how well ratios are known."""
    yield launch_count(source)
    ends = [(each.ratio.low, each.ratio.high) for each in source.choices]
    halves = [sqrt(high / low) - 1.0 for low, high in ends if low and high]
    if halves:
        half = median(halves)
        yield f"ratios to {f'±{percent(half)}' if half < 1.0 else '±100 % or worse'} (median)"


def _decided(source: Source) -> Iterator[str]:
    asked = [each for curve in rankings(source) for each in curve if each.others]
    if asked:
        decided = [each for each in asked if each.standings[each.leader] in ("fastest", "tie")]
        yield f"{len(decided)} of {len(asked)} decided"


def _refused(source: Source) -> Iterator[str]:
    without = [cell for cell in source.cells if cell.time_s is None]
    counts = Counter(
        NOT_REACHED if cell.status == "skipped" and cell.plan.status is None else cell.status
        for cell in without
    )
    if counts:
        why = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        yield f"{plural(counts.total(), 'cell')} without a number ({why})"


def disturbance(source: Source) -> Iterator[str]:
    """What else the machine did meanwhile, as far as is known."""
    if source.busy:
        yield "machine busy at the start"
    if source.slow is not None and source.slow >= LEAST_SLOW:
        yield f"machine slow before {percent(source.slow)} of rounds"
    elif source.slow is not None and not source.busy:
        yield "machine quiet"


def more_time(source: Source) -> Proposal | None:
    """What to type to have more workloads decided, and how long that takes; or else to have the
    launches that were planned. None where more time is not known to do."""
    found = [each.open_ratios for curve in rankings(source) for each in curve if _is_open(each)]
    if not source.paired:
        return None
    time = TimeToDecide(source)
    return time.proposal(found) or time.rest(source)


def _is_open(ranking: Ranking) -> bool:
    return ranking.standings[ranking.leader] == "open"
