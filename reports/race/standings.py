"""A race's figures by the user's names: who stands how at each size, and each ratio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xbench.analysis.interval import Verdict
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.errors import UsageError
from xbench.racing.outcome import Contender, Outcome, Size
from xbench.records.schema import CellPlan
from xbench.reports.curves import Contest, contests
from xbench.reports.model import Source
from xbench.reports.prose.answer_table import Ranking, rank
from xbench.reports.prose.numbers import show_ratio
from xbench.reports.sources import source_of
from xbench.text import near

COLUMNS = (
    "size",
    "contender",
    "framework",
    "mode",
    "status",
    "reason",
    "time_s",
    "low_s",
    "high_s",
    "launches",
    "rounds",
    "against",
    "ratio",
    "ratio_low",
    "ratio_high",
    "verdict",
)


@dataclass(frozen=True, slots=True, repr=False)
class Ratio:
    """The time of `name` over that of `other`: below 1 `name` is faster. `low` and `high` are the
    ends of its 95 % interval, None where there is none. The verdict is `faster`, `slower`, `same`
    (within 2 %) or `inconclusive`."""

    name: str
    other: str
    value: float
    low: float | None
    high: float | None
    verdict: Verdict
    shown: str

    def __repr__(self) -> str:
        """`torch against numpy: 2.31× faster [2.21, 2.41]`."""
        return f"{self.name} against {self.other}: {self.shown}"


@dataclass(frozen=True, slots=True)
class Field:
    """The contenders at one size: the cell of each, in their order, and how they stand; there is no
    ranking where none has a time."""

    size: Size
    cells: dict[str, CellSummary]
    ranking: Ranking | None

    @property
    def by_time(self) -> list[str]:
        """The names, the leader's first, then by time, those without one last."""
        first = list(self.ranking.shown) if self.ranking else []
        return [*first, *(name for name in self.cells if name not in first)]

    def against_leader(self, name: str) -> Comparison | None:
        """The ratio of this contender over the leader; None for itself and without a time."""
        if self.ranking is None or name == self.ranking.leader or name not in self.ranking.shown:
            return None
        leader = self.ranking.shown[self.ranking.leader]
        return self.ranking.contest.ratio(self.ranking.shown[name], leader)


class Standings:
    """Every size of a race."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.source: Source = source_of(outcome.run, None)
        self.contenders = _by_label(outcome.contenders)
        self._labels = {(c.backend, c.mode): label for label, c in self.contenders.items()}
        self.fields = self._fields()

    def name_of(self, plan: CellPlan) -> str:
        """The contender that a cell is of."""
        return self._labels[plan.key.backend, plan.key.mode]

    def _fields(self) -> list[Field]:
        found = {each.width: each for curve in contests(self.source).values() for each in curve}
        return [self._field(size, found.get(size.width)) for size in self.outcome.sizes]

    def _field(self, size: Size, contest: Contest | None) -> Field:
        cells = {
            self.name_of(cell.plan): cell
            for cell in self.source.cells
            if cell.plan.width == size.width
        }
        ordered = {label: cells[label] for label in self.contenders if label in cells}
        return Field(size, ordered, rank(contest, self.name_of) if contest else None)

    @property
    def ranked(self) -> list[Ranking]:
        """Of every size at which a contender has a time."""
        return [each.ranking for each in self.fields if each.ranking]

    @property
    def several_sizes(self) -> bool:
        """Whether the race went over sizes, and did not take one tuple of arguments."""
        return len(self.fields) > 1 or any(each.size.given is not None for each in self.fields)

    # What a user asks for, by name and size.

    def field_at(self, size: object) -> Field:
        """At a size; None is the only one there is. Raises: UsageError."""
        if size is None and len(self.fields) == 1:
            return self.fields[0]
        for each in self.fields:
            if size is not None and each.size.given == size:
                return each
        sizes = ", ".join(each.size.shown for each in self.fields)
        if size is None:
            raise UsageError("the race has several sizes", f"name one with at=: {sizes}")
        if not self.several_sizes:
            raise UsageError("the race has no sizes: its arguments were given", "leave at= out")
        raise UsageError(f"the race has no size {size!r}", f"its sizes: {sizes}")

    def ratio(self, name: str, other: str, size: object) -> Ratio:
        """One contender's time over another's. Raises: UsageError for a name or a size that is not
        there, for one name twice, and where one of them has no time."""
        for each in (name, other):
            if each not in self.contenders:
                known = near(str(each), self.contenders)
                raise UsageError(f"no contender is called {each!r}", known)
        if name == other:
            raise UsageError(f"{name!r} is named twice", "a ratio is of two contenders")
        found = self.field_at(size)
        for each in (name, other):
            self._check_timed(found, each)
        assert found.ranking is not None
        shown = found.ranking.shown
        ratio = found.ranking.contest.ratio(shown[name], shown[other])
        if ratio is None:
            raise UsageError(
                f"{name} and {other} were not measured in the same rounds",
                "they did not fit into memory together; race them at a smaller size",
            )
        estimate = ratio.ratio
        text = show_ratio(estimate, ratio.verdict)
        ends = estimate.low, estimate.high
        return Ratio(name, other, estimate.value, *ends, ratio.verdict, text)

    def _check_timed(self, field: Field, name: str) -> None:
        cell = field.cells.get(name)
        if cell is None or cell.time_s is None:
            at = f" at size {field.size.shown}" if self.several_sizes else ""
            why = f"{cell.status}: {cell.reason}" if cell else "it was not measured"
            raise UsageError(f"{name} has no time{at}", why)

    def winner(self, size: object) -> str | None:
        """Who is faster than each other contender at a size; None where nobody is known to be.
        Raises: UsageError for a size that is not there."""
        ranking = self.field_at(size).ranking
        if ranking is None or ranking.standings[ranking.leader] != "fastest":
            return None
        return ranking.leader

    def rows(self) -> Iterator[dict[str, object]]:
        """One for each size and contender, by the names of `COLUMNS`; None where there is no value.
        Times are seconds of one call; the ratio is to `against`, the fastest or one that may be."""
        for field in self.fields:
            for name, cell in field.cells.items():
                values = _values(field, name, cell, self.contenders[name])
                yield dict(zip(COLUMNS, values, strict=True))


def _by_label(contenders: Sequence[Contender]) -> dict[str, Contender]:
    """By name; of one that runs in several modes, by `torch compiled`."""
    modes = Counter(each.name for each in contenders)
    return {f"{c.name} {c.mode}" if modes[c.name] > 1 else c.name: c for c in contenders}


def _values(field: Field, name: str, cell: CellSummary, contender: Contender) -> Sequence[object]:
    ratio = field.against_leader(name)
    estimate = ratio.ratio if ratio else None
    return (
        field.size.given,
        name,
        contender.framework,
        contender.mode,
        cell.status,
        cell.reason,
        cell.time_s,
        cell.low_s,
        cell.high_s,
        len(cell.launch_s),
        cell.rounds,
        field.ranking.leader if field.ranking and estimate else None,
        estimate.value if estimate else None,
        estimate.low if estimate else None,
        estimate.high if estimate else None,
        ratio.verdict if ratio else None,
    )
