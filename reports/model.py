"""The types that the folders of `reports` hand to each other: a result file as read, series and
charts, tables and figures, and a report as the chapters and sections that are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple, Protocol

from xbench.analysis.crossover import DeviceCrossover
from xbench.analysis.ratios import Comparison, Unpaired
from xbench.analysis.summary import CellSummary
from xbench.contracts import GRADIENTS, MODES
from xbench.keys import ALLOCATOR_POLICIES, DEFAULT_ALLOCATOR, SIDES
from xbench.records.read import Run
from xbench.records.schema import CeilingsLine, WorkerLine


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A row of somebody else's pytest-benchmark file. Times in seconds of one call."""

    name: str
    group: str
    median_s: float
    min_s: float
    iqr_s: float
    rounds: int


@dataclass(slots=True, eq=False)
class Source:
    """One result file as read.

    `machine` is one line; `facts` are label and value of what else is known about where and how it
    was measured; `launches` as planned, None where the file does not say; `notes` say what is
    missing or was odd. `paired` tells whether the rounds are there, so that ratios can be;
    `unpaired` are those that cannot, since their cells did not fit in memory together."""

    title: str
    machine: str
    facts: list[tuple[str, str]]
    launches: int | None = None
    paired: bool = False
    cells: list[CellSummary] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    unpaired: list[Unpaired] = field(default_factory=list)
    ceilings: list[CeilingsLine] = field(default_factory=list)
    workers: list[WorkerLine] = field(default_factory=list)
    benchmarks: list[Benchmark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    added: dict[str, Added] = field(default_factory=dict)
    """What extensions found in the run's folder, by their names."""

    choices: list[Comparison] = field(default_factory=list)
    """Every pair of cells that were measured in the same rounds, for answers and the page."""

    crossovers: list[DeviceCrossover] = field(default_factory=list)
    run: Run | None = None
    """The journal, where there is one: raw rounds, environment."""

    slow: float | None = None
    """The share of rounds before which the machine itself was slow, where that was looked at."""

    busy: bool = False
    """Whether others used the machine when the run began."""

    name: str = ""
    """`A`, `B` … where several results share a page."""


class Shown(str):
    """Text of a table that is sorted by a number: `Shown("4.75 ms", 0.00475)`."""

    __slots__ = ("key",)
    key: float

    def __new__(cls, text: str, key: float) -> Shown:
        """The text, with what to sort it by."""
        found = super().__new__(cls, text)
        found.key = key
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A table of plain text. The first `heads` columns name the row; those in `right` are figures
    to be aligned by their ends, those in `wraps` sentences that take several lines."""

    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    heads: int = 1
    right: frozenset[int] = frozenset()
    wraps: frozenset[int] = frozenset()


Standing = Literal["fastest", "tie", "open", "slower", "unknown"]
"""How a side of a workload stands, by verdicts: faster than every cell of each other side; the same
as the leader; not known to be either; slower than another side; without an interval."""


MARKS: dict[Standing, tuple[str, str]] = {
    "fastest": ("*", "the fastest, with its lead over the next"),
    "tie": ("=", "the same within 2 %"),
    "open": ("?", "may be the fastest"),
}
"""A sign for each that is worth one, and what it means."""


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """The best cell of a side in a workload: its time, its mode where the side has several."""

    time: str
    mode: str
    standing: Standing

    @property
    def mark(self) -> str:
        """Its sign, if it has one."""
        return MARKS.get(self.standing, ("", ""))[0]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A workload: an entry for each column, None without a number. `verdict` says the same from the
    longest form to the shortest, for whatever room there is."""

    work: str
    width: int
    entries: tuple[AnswerEntry | None, ...]
    verdict: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Who is fastest where: a row a workload, a column a side (`sides` are their names)."""

    sides: tuple[str, ...]
    rows: list[AnswerRow]

    @property
    def blocks(self) -> list[tuple[str, list[AnswerRow]]]:
        """The rows of each operation."""
        return [(work, list(rows)) for work, rows in groupby(self.rows, lambda row: row.work)]

    @property
    def marks(self) -> list[tuple[str, str]]:
        """The signs that occur, with what they mean."""
        found = {entry.standing for row in self.rows for entry in row.entries if entry}
        return [sign for standing, sign in MARKS.items() if standing in found]

    def first(self, count: int) -> AnswerTable:
        """So many rows of it."""
        return AnswerTable(self.sides, self.rows[:count])


class Proposal(NamedTuple):
    """What a command would bring, in words, and the command."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its file's name without ending, what it shows in words, its SVG and PNG."""

    name: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the sections that extensions added, by name for each source; and of what was measured."""

    added: list[dict[str, list[Figure]]]
    main: list[Figure]

    def files(self) -> dict[str, str | bytes]:
        """Each as SVG and PNG, by file name."""
        found: dict[str, str | bytes] = {}
        for figure in [*self._all_added(), *self.main]:
            found |= {f"{figure.name}.svg": figure.svg, f"{figure.name}.png": figure.png}
        return found

    def _all_added(self) -> Iterable[Figure]:
        return (each for named in self.added for figures in named.values() for each in figures)


@dataclass(frozen=True, slots=True)
class Section:
    """A scaling curve, or what an extension adds: what can be said, and its tables."""

    title: str
    about: str
    sentences: list[str]
    tables: list[Table]


class Added(Protocol):
    """What an extension found in a run's folder, and has to say of it; see `xbench.extensions`."""

    def section(self) -> Section | None:
        """Its part of the run's chapter, if it has one."""

    def charts(self) -> Iterable[Chart]:
        """The figures that stand in the section."""

    def rows(self) -> Sequence[object]:
        """Its part of the JSON document: msgspec's structs, or what JSON has."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Everything about one result file, in the order in which it is read.

    `table` and `answers` say who is fastest, `more_time` what would decide the rest, `in_short` how
    far to trust it; `wins` counts wins over all workloads, `pairs` verdicts pair by pair; `added`
    are the sections of extensions, by their names; `explained` are sentences about `causes`. `name`
    is the source's."""

    title: str
    about: str
    facts: list[tuple[str, str]]
    trust: list[str]
    in_short: str
    table: AnswerTable | None
    answers: list[str]
    more_time: Proposal | None
    wins: Table | None
    pairs: list[str]
    added: dict[str, Section]
    explained: list[str]
    causes: list[Table]
    others: list[Table]
    not_run: list[str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """Several results on one page, whose cells were not measured in the same rounds.

    `runs` names them; `differs` has a row for whatever is recorded and not the same in all;
    `sentences` say what may not be compared, and why; `across` holds the cells that several of them
    have in common, with the time in each and no ratio."""

    runs: Table
    differs: Table | None
    sentences: list[str]
    across: Table | None


@dataclass(frozen=True, slots=True)
class Report:
    """All there is to write: a chapter a source; `merged` where there are several. Tables of curves
    and figures are made where they are needed."""

    title: str
    sources: list[Source]
    chapters: list[Chapter]
    merged: Merged | None


BACKENDS = ("numpy", "torch", "tensorflow", "jax")
"""In the order in which they are shown, those of others after them."""


class Series(NamedTuple):
    """One line of a figure: what stays the same along the widths."""

    backend: str
    mode: str
    gradient: str
    allocator: str
    side: str = ""

    @property
    def label(self) -> str:
        """`torch eager autograd`; without the gradient where there is none, with `system` where
        memory is not kept, with the side of an A/B."""
        parts = [self.backend, self.mode]
        parts += [] if self.gradient == "none" else [self.gradient]
        parts += [] if self.allocator == DEFAULT_ALLOCATOR else [self.allocator]
        return " ".join([*parts, self.side] if self.side else parts)

    @property
    def rank(self) -> tuple[tuple[int, str], ...]:
        """The same order everywhere: the known names as they are listed, then others by name."""
        return (
            _rank(self.backend, BACKENDS),
            _rank(self.mode, MODES),
            _rank(self.gradient, GRADIENTS),
            _rank(self.allocator, ALLOCATOR_POLICIES),
            _rank(self.side, SIDES),
        )


def _rank(name: str, known: Sequence[str]) -> tuple[int, str]:
    return (known.index(name), "") if name in known else (len(known), name)


class Point(NamedTuple):
    """A value at a width, with the ends of its interval where there is one."""

    width: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure to be drawn. `speed`: the values are factors, and 1 is where nothing differs."""

    kind: str
    title: str
    y_label: str
    alt: str
    speed: bool
    lines: dict[tuple[Series, str], list[Point]]
    x_label: str = "width"
    plain: bool = False
    """The values are numbers, neither times nor factors."""

    width_names: dict[float, str] = field(default_factory=dict)
    """What to write at a width, where it is not the number."""

    def width_label(self, width: float) -> str:
        """What stands at a width."""
        return self.width_names.get(width, f"{width:g}")

    @property
    def widths(self) -> list[float]:
        """Every width that has a point, ascending."""
        return sorted({point.width for line in self.lines.values() for point in line})
