"""What the report stage hands from reading to writing: one result file, then its page."""

from __future__ import annotations

from dataclasses import dataclass, field

from xbench.claims.judge import Rulings
from xbench.records.compare import Comparison, Unpaired
from xbench.records.crossover import DeviceCrossover
from xbench.records.read import Run
from xbench.records.schema import CeilingsLine, WorkerLine
from xbench.records.summary import CellSummary


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A row of somebody else's pytest-benchmark file. Times in seconds of one call."""

    name: str
    group: str
    median_s: float
    min_s: float
    iqr_s: float
    rounds: int


@dataclass(slots=True)
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
    rulings: Rulings = field(default_factory=Rulings)
    choices: list[Comparison] = field(default_factory=list)
    """Every pair of cells that were measured in the same rounds, for answers and the page."""

    crossovers: list[DeviceCrossover] = field(default_factory=list)
    run: Run | None = None
    """The journal, where there is one: raw rounds, environment."""

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


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its file's name without ending, what it shows in words, its SVG and PNG."""

    name: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the rulings, a list a source; and of what was measured."""

    ruled: list[list[Figure]]
    main: list[Figure]

    def files(self) -> dict[str, str | bytes]:
        """Each as SVG and PNG, by file name."""
        found: dict[str, str | bytes] = {}
        for figure in [*(each for ruled in self.ruled for each in ruled), *self.main]:
            found |= {f"{figure.name}.svg": figure.svg, f"{figure.name}.png": figure.png}
        return found


@dataclass(frozen=True, slots=True)
class Section:
    """A scaling curve: what can be said, and its tables."""

    title: str
    about: str
    sentences: list[str]
    tables: list[Table]


@dataclass(frozen=True, slots=True)
class Claims:
    """Rulings on claims: how many of which, and their tables."""

    title: str
    about: str
    sentences: list[str]
    tables: list[Table]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Everything about one result file, in the order in which it is read.

    `answers` say who is fastest, `wins` counts that over all workloads, `pairs` count verdicts pair
    by pair; `explained` are sentences about `causes`. `name` is the source's."""

    title: str
    about: str
    facts: list[tuple[str, str]]
    trust: list[str]
    answers: list[str]
    wins: Table | None
    pairs: list[str]
    claims: Claims | None
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
