"""Tidy tables for other programs: `cells.csv` and `comparisons.csv`, units in the column names.

Written with `csv`: pandas takes half a second to import and would add nothing to two plain tables.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from io import StringIO
from math import isfinite
from operator import attrgetter
from typing import Literal, NamedTuple
from unicodedata import category, normalize

from xbench.analysis.ratios import Unpaired
from xbench.analysis.summary import CellSummary
from xbench.keys import CellKey
from xbench.records.schema import CellPlan
from xbench.reports.formats.compact import NOT_PAIRED, Pair, pairs_of_cells
from xbench.reports.model import Benchmark, Source
from xbench.text import one_line

# What the CSV files hold: every column and every metric, with its unit and a sentence.
#
# The one place where they are listed; docs/report.md repeats it, and a test holds the two
# together.

Of = Callable[[CellSummary], float | int | None]


class Column(NamedTuple):
    """A column: the unit is empty for text."""

    name: str
    unit: str
    means: str


class Metric(NamedTuple):
    """A measured quantity of a cell, and where it is found. `interval`: its own (of the time), that
    of the time turned round (a rate), or none."""

    name: str
    unit: str
    means: str
    of: Of
    interval: Literal["time", "rate", ""] = ""


PLAN = (
    Column("run", "", "the run's id and preset, or the name of a pytest-benchmark file"),
    Column("id", "", "the cell; in other people's benchmarks their name"),
    Column("op", "", "the operation"),
    Column("family", "", "the operation with its sizes; w is what varies"),
    Column("width", "1", "the size that varies"),
    Column("dtype", "", "the numbers' type"),
    Column("backend", "", "the framework"),
    Column("device", "", "where it ran"),
    Column("mode", "", "eager, graph or compiled"),
    Column("gradient", "", "none, manual, autograd or custom"),
    Column("threads", "", "all, or how many"),
    Column("math", "", "ieee, or what was allowed instead"),
    Column("allocator", "", "reuse (freed memory is kept) or system (as shipped)"),
    Column("status", "", "ok, unstable, or why there is no number"),
    Column("reason", "", "why, in a sentence"),
)
VALUE = (
    Column("metric", "", "which quantity: see the list of metrics"),
    Column("unit", "", "its unit; 1 for counts, shares and ratios"),
    Column("value", "unit", "the number; empty where there is none"),
    Column("low", "unit", "lower end of the 95 % interval; empty where there is none"),
    Column("high", "unit", "upper end of it"),
    Column("launches", "1", "how many launches the interval rests on"),
    Column("reference_id", "", "of a ratio: the cell whose time is the divisor"),
    Column("verdict", "", "of a ratio: faster, slower, same, inconclusive, not paired"),
)
MEASUREMENT_COLUMNS = tuple(each.name for each in (*PLAN, *VALUE))


def _least_rate(cell: CellSummary) -> float | None:
    return None if cell.time_s is None else cell.plan.min_bytes / cell.time_s * 1e-9


METRICS = (
    Metric(
        "time",
        "s",
        "time of a call: geometric mean over launches of their medians",
        attrgetter("time_s"),
        "time",
    ),
    Metric(
        "p10", "s", "time of a call that a tenth of the bursts stayed below", attrgetter("p10_s")
    ),
    Metric("latency", "s", "time of a call alone, where bursts hold more", attrgetter("latency_s")),
    Metric(
        "device_time",
        "s",
        "time of a call by the device's own events, where it has such",
        attrgetter("device_s"),
    ),
    Metric(
        "first_call",
        "s",
        "the first call of the first launch, which traces and compiles",
        attrgetter("first_s"),
    ),
    Metric("build", "s", "building the step, in the first launch", attrgetter("build_s")),
    Metric(
        "start_up", "s", "importing the framework, median of all launches", attrgetter("open_s")
    ),
    Metric(
        "gflop_per_s",
        "GFLOP/s",
        "arithmetic of the op over the time",
        attrgetter("gflop_per_s"),
        "rate",
    ),
    Metric(
        "gbyte_per_s",
        "GB/s",
        "bytes that its mode must move over the time",
        attrgetter("gbyte_per_s"),
        "rate",
    ),
    Metric(
        "min_gbyte_per_s",
        "GB/s",
        "bytes that any mode must move over the time",
        _least_rate,
        "rate",
    ),
    Metric(
        "compute_fraction",
        "1",
        "gflop_per_s over the measured ceiling",
        attrgetter("compute_fraction"),
    ),
    Metric(
        "bandwidth_fraction",
        "1",
        "gbyte_per_s over the ceiling of so many bytes, in the nearest caches that hold them",
        attrgetter("bandwidth_fraction"),
    ),
    Metric(
        "allocation_share",
        "1",
        "share of the processor time that page faults explain",
        attrgetter("allocation_share"),
    ),
    Metric(
        "launch_share",
        "1",
        "share of the time that calls without work explain",
        attrgetter("launch_share"),
    ),
    Metric("cores_busy", "1", "processor time over wall time", attrgetter("cores_busy")),
    Metric("page_faults", "1", "page faults of a call", attrgetter("faults_per_call")),
    Metric(
        "peak_memory",
        "B",
        "memory it needs at its most, where that was asked for",
        attrgetter("peak_bytes"),
    ),
    Metric("calls", "1", "calls of a burst", lambda cell: cell.calls or None),
    Metric("rounds", "1", "bursts of all launches", lambda cell: cell.rounds or None),
    Metric(
        "outliers_low_severe",
        "1",
        "bursts far below their launch's others",
        attrgetter("outliers_low_severe"),
    ),
    Metric(
        "outliers_low_mild",
        "1",
        "bursts below their launch's others",
        attrgetter("outliers_low_mild"),
    ),
    Metric(
        "outliers_high_mild",
        "1",
        "bursts above their launch's others",
        attrgetter("outliers_high_mild"),
    ),
    Metric(
        "outliers_high_severe",
        "1",
        "bursts far above their launch's others",
        attrgetter("outliers_high_severe"),
    ),
    Metric(
        "overhead",
        "1",
        "share of the harness in a burst, the largest of all launches",
        attrgetter("overhead"),
    ),
    Metric(
        "disturbed",
        "1",
        "share of bursts whose threads waited for a core unusually long",
        attrgetter("disturbed"),
    ),
    Metric(
        "restless",
        "1",
        "processor time of its worker while others were timed, over its own",
        attrgetter("restless"),
    ),
)
RATIO = Column("ratio", "1", "the cell's time over that of reference_id, paired; below 1 is faster")
FOREIGN = (
    Column("median", "s", "other people's benchmarks: median of the rounds, not verified"),
    Column("min", "s", "theirs: the shortest round"),
    Column("iqr", "s", "theirs: interquartile range of the rounds"),
)


def figures(metric: Metric, cell: CellSummary) -> tuple[float | None, float | None, float | None]:
    """The value of a cell that has a time, and the ends of its interval; None: there is none."""
    value = finite(metric.of(cell))
    time_s, low_s, high_s = cell.time_s, cell.low_s, cell.high_s
    if value is None or time_s is None or low_s is None or high_s is None or not metric.interval:
        return value, None, None
    if metric.interval == "time":
        return value, finite(low_s), finite(high_s)
    return value, finite(value * time_s / high_s), finite(value * time_s / low_s)


def finite(value: float | None) -> float | None:
    """The number to 12 digits, more than any clock gives and the same on every machine; None for
    one that is not finite."""
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.12g}") if isfinite(value) else None


# What a spreadsheet would take for a formula.

_FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_BLANKS = ("\t", "\r", "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula: begins with `=`, `+`, `-` or `@`, also after
    what is not to be seen, and in the full-width and other forms that some take for the same."""
    if text[:1].isalnum():
        return False
    seen = next((each for each in text if category(each)[0] not in "ZC"), "")
    return text.startswith(_BLANKS) or normalize("NFKC", seen).startswith(_FORMULA)


Value = str | int | float | bool | None

PLAN_COLUMNS = (
    "id",
    "family",
    "op",
    "width",
    "dtype",
    "backend",
    "device",
    "mode",
    "gradient",
    "threads",
    "math",
    "allocator",
    "flop",
    "min_bytes",
    "eager_bytes",
)


def _attributes(columns: Iterable[str]) -> Callable[[CellPlan], tuple[Value, ...]]:
    """What a plan has of these columns, those of its key too."""
    axes = {each.name for each in fields(CellKey)}
    return attrgetter(*(f"key.{name}" if name in axes else name for name in columns))


_of_plan = _attributes(PLAN_COLUMNS)
CELL_COLUMNS = (
    "status",
    "reason",
    "time_s",
    "low_s",
    "high_s",
    "p10_s",
    "outliers_low_severe",
    "outliers_low_mild",
    "outliers_high_mild",
    "outliers_high_severe",
    "first_s",
    "build_s",
    "open_s",
    "calls",
    "rounds",
    "overhead",
    "converged",
    "faults_per_call",
    "latency_s",
    "device_s",
    "disturbed",
    "restless",
    "cores_busy",
    "gflop_per_s",
    "gbyte_per_s",
    "compute_fraction",
    "bandwidth_fraction",
    "allocation_share",
    "launch_share",
    "bound",
    "place",
    "peak_bytes",
)
EXTRA_COLUMNS = ("launches", "min_gbyte_per_s", "check")
COMPARISON_COLUMNS = (
    "run",
    "axis",
    "family",
    "width",
    "cell_id",
    "reference_id",
    "ratio",
    "ratio_low",
    "ratio_high",
    "launches",
    "verdict",
)


def cells_csv(sources: Sequence[Source]) -> str:
    """One row a cell, refused ones too.

    `time_s`: seconds of one call, `low_s` and `high_s` its 95 % interval; `p10_s`: what a tenth of
    the bursts stayed below; `outliers_*`: bursts beyond Tukey's fences in their launch, all of them
    in the other figures; `first_s`, `build_s`, `open_s`: first call, building the step, importing
    the framework; `calls` of a burst; `rounds` of all launches; `overhead`: share of the harness;
    `latency_s`: a call alone; `device_s`: a call by the device's own events; `disturbed`: share
    of bursts in which threads waited for a core longer than is usual for the cell; `restless`:
    CPU time of its worker while others were timed, over its bursts' time; `gbyte_per_s`: of the
    bytes a call moves in its mode, `min_gbyte_per_s`: of those it must; fractions of the
    measured ceilings, that of bytes being the one of `place` (a level of cache, or memory);
    shares of the time that page faults and empty calls explain;
    `peak_bytes`: the memory it needs at its most, where that was measured. Empty where
    there is no number."""
    header = ("run", *PLAN_COLUMNS, *CELL_COLUMNS, *EXTRA_COLUMNS)
    return csv_text(header, (_cell(each.title, cell) for each in sources for cell in each.cells))


def comparisons_csv(sources: Sequence[Source]) -> str:
    """One row a comparison; `ratio` is the cell's time over the reference's, below 1 is faster. It
    is empty, and the verdict `not paired`, where both did not fit in memory together."""
    rows: list[tuple[Value, ...]] = [
        (
            source.title,
            each.axis,
            each.cell.family,
            each.cell.width,
            each.cell.id,
            each.reference.id,
            each.ratio.value,
            each.ratio.low,
            each.ratio.high,
            each.ratio.launches,
            each.verdict,
        )
        for source in sources
        for each in source.comparisons
    ]
    rows += [
        (
            source.title,
            each.axis,
            each.cell.family,
            each.cell.width,
            each.cell.id,
            each.reference.id,
            None,
            None,
            None,
            None,
            NOT_PAIRED,
        )
        for source in sources
        for each in source.unpaired
    ]
    return csv_text(COMPARISON_COLUMNS, rows)


def _cell(run: str, cell: CellSummary) -> tuple[Value, ...]:
    time_s = cell.time_s
    return (
        run,
        *_of_plan(cell.plan),
        *(getattr(cell, name) for name in CELL_COLUMNS),
        len(cell.launch_s),
        None if time_s is None else cell.plan.min_bytes / time_s * 1e-9,
        " ".join(sorted(set(cell.check.values()))),
    )


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """The whole file. Text stays on its line and is no formula; None is an empty field."""
    return "\n".join([csv_line(header), *map(csv_line, rows), ""])


def csv_line(row: Sequence[Value]) -> str:
    """A row without its end."""
    text = StringIO()
    shown = [_safe(each) if isinstance(each, str) else each for each in row]
    csv.writer(text, lineterminator="").writerow(shown)
    return text.getvalue()


def harmless(value: Value) -> Value:
    """Text that a spreadsheet would take for a formula gets a quote in front; numbers do not. So
    does what follows a semicolon, where many a spreadsheet begins another field."""
    if not isinstance(value, str):
        return value
    return ";".join(f"'{each}" if is_formula(each) else each for each in value.split(";"))


@lru_cache(maxsize=4096)
def _safe(text: str) -> Value:
    """Most texts are there many times."""
    return harmless(one_line(text))


# `measurements.csv`, and what `--format csv` prints: one row a measured quantity of a cell.

_of_row = _attributes(each.name for each in PLAN if each.name not in ("run", "status", "reason"))


def measurements_csv(sources: Sequence[Source]) -> str:
    """The tidy table of all results, with the columns and metrics of `columns`.

    A cell without a number is one row, `time` without a value, with its status and reason; a ratio
    that could not be taken is a row without a value and the verdict `not paired`."""
    lines = [csv_line(MEASUREMENT_COLUMNS)]
    for source in sources:
        lines += _source(source)
    return "\n".join([*lines, ""])


def _source(source: Source) -> Iterator[str]:
    """A cell's own columns are written once, and go before each of its quantities."""
    pairs = pairs_of_cells(source.comparisons, source.unpaired)
    for cell in source.cells:
        head = csv_line(_head(source.title, cell))
        for metric in METRICS if cell.time_s is not None else METRICS[:1]:
            value, low, high = figures(metric, cell)
            if value is not None or cell.time_s is None:
                launches = len(cell.launch_s) if metric.interval and cell.launch_s else None
                yield f"{head},{_tail(metric, value, low, high, launches)},,"
        for pair in pairs.get(cell.id, ()):
            yield f"{head},{_ratio(pair)}"
    for benchmark in source.benchmarks:
        yield from _foreign(source.title, benchmark)


def _head(run: str, cell: CellSummary) -> tuple[Value, ...]:
    return (run, *_of_row(cell.plan), cell.status, cell.reason)


def _tail(
    metric: Metric | Column,
    value: float | None,
    low: float | None,
    high: float | None,
    launches: int | None,
) -> str:
    """Names and units of ours, and numbers: nothing that a CSV file would have to quote."""
    shown = ("" if each is None else str(each) for each in (value, low, high, launches))
    return ",".join((metric.name, metric.unit, *shown))


def _ratio(pair: Pair) -> str:
    if isinstance(pair, Unpaired):
        return f"{_tail(RATIO, None, None, None, None)},{csv_line((pair.reference.id, NOT_PAIRED))}"
    ratio = pair.ratio
    ends = finite(ratio.value), finite(ratio.low), finite(ratio.high)
    said = csv_line((pair.reference.id, pair.verdict))
    return f"{_tail(RATIO, *ends, ratio.launches)},{said}"


def _foreign(run: str, row: Benchmark) -> Iterator[str]:
    head = csv_line((run, row.name, "", row.group, *("" for _ in range(len(PLAN) - 4))))
    for each, value in zip(FOREIGN, (row.median_s, row.min_s, row.iqr_s), strict=True):
        yield f"{head},{_tail(each, finite(value), None, None, None)},,"
