"""What the files of a report say of a cell, a ratio and a benchmark: every column and metric, with
its unit, its meaning, and the field that it is read from.

The one list of them. The CSV files are written by it; the JSON document, `summary.jsonl` and data
frames call the figures by the same fields; docs/report.md repeats it. Tests hold them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from math import isfinite
from operator import attrgetter
from typing import Literal, NamedTuple

from xbench.analysis.ratios import Comparison, Unpaired
from xbench.analysis.summary import CellSummary
from xbench.keys import CellKey
from xbench.reports.model import Benchmark

Value = str | int | float | bool | None


class Column(NamedTuple):
    """A column: the unit is empty for text."""

    name: str
    unit: str
    means: str


class Metric(NamedTuple):
    """A measured quantity. `name`: in `measurements.csv`, where each has a row; `field`: everywhere
    else. `interval`: its own (of the time), that of the time turned round (a rate), or none.
    `zero`: whether 0 is a figure; else it stands for none."""

    name: str
    field: str
    unit: str
    means: str
    interval: Literal["time", "rate", ""] = ""
    zero: bool = True

    def of(self, row: CellSummary | Benchmark) -> float | int | None:
        """The figure, if there is one."""
        value: float | int | None = getattr(row, self.field)
        return value if value or self.zero else None


# `measurements.csv`: one row a measured quantity.

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
    Column("status", "", "ok, imprecise, or why there is no number"),
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

METRICS = (
    Metric(
        "time",
        "time_s",
        "s",
        "time of a call: geometric mean over launches of their medians",
        "time",
    ),
    Metric("p10", "p10_s", "s", "time of a call that a tenth of the bursts stayed below"),
    Metric("latency", "latency_s", "s", "time of a call alone, where bursts hold more"),
    Metric(
        "device_time",
        "device_s",
        "s",
        "time of a call by the device's own events, where it has such",
    ),
    Metric(
        "first_call",
        "first_s",
        "s",
        "the first call of the first launch, which traces and compiles",
    ),
    Metric("build", "build_s", "s", "building the step, in the first launch"),
    Metric("start_up", "open_s", "s", "importing the framework, median of all launches"),
    Metric("gflop_per_s", "gflop_per_s", "GFLOP/s", "arithmetic of the op over the time", "rate"),
    Metric(
        "gbyte_per_s", "gbyte_per_s", "GB/s", "bytes that its mode must move over the time", "rate"
    ),
    Metric(
        "min_gbyte_per_s",
        "min_gbyte_per_s",
        "GB/s",
        "bytes that any mode must move over the time",
        "rate",
    ),
    Metric("compute_fraction", "compute_fraction", "1", "gflop_per_s over the measured ceiling"),
    Metric(
        "bandwidth_fraction",
        "bandwidth_fraction",
        "1",
        "gbyte_per_s over the ceiling of so many bytes, in the nearest caches that hold them",
    ),
    Metric(
        "allocation_share",
        "allocation_share",
        "1",
        "share of the processor time that page faults explain",
    ),
    Metric(
        "launch_share", "launch_share", "1", "share of the time that calls without work explain"
    ),
    Metric("cores_busy", "cores_busy", "1", "processor time over wall time"),
    Metric("page_faults", "faults_per_call", "1", "page faults of a call"),
    Metric(
        "peak_memory", "peak_bytes", "B", "memory it needs at its most, where that was asked for"
    ),
    Metric("calls", "calls", "1", "calls of a burst", zero=False),
    Metric("rounds", "rounds", "1", "bursts of all launches", zero=False),
    Metric(
        "outliers_low_severe", "outliers_low_severe", "1", "bursts far below their launch's others"
    ),
    Metric("outliers_low_mild", "outliers_low_mild", "1", "bursts below their launch's others"),
    Metric("outliers_high_mild", "outliers_high_mild", "1", "bursts above their launch's others"),
    Metric(
        "outliers_high_severe",
        "outliers_high_severe",
        "1",
        "bursts far above their launch's others",
    ),
    Metric(
        "overhead", "overhead", "1", "share of the harness in a burst, the largest of all launches"
    ),
    Metric(
        "disturbed",
        "disturbed",
        "1",
        "share of bursts whose threads waited for a core unusually long",
    ),
    Metric(
        "restless",
        "restless",
        "1",
        "processor time of its worker while others were timed, over its own",
    ),
)
RATIO = Metric(
    "ratio", "ratio", "1", "the cell's time over that of reference_id, paired; below 1 is faster"
)
FOREIGN = (
    Metric(
        "median", "median_s", "s", "other people's benchmarks: median of the rounds, not verified"
    ),
    Metric("min", "min_s", "s", "theirs: the shortest round"),
    Metric("iqr", "iqr_s", "s", "theirs: interquartile range of the rounds"),
)
"""Of somebody else's benchmark."""


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


# `cells.csv`: one row a cell, with the fields of the metrics.

WORK = (
    Column("flop", "FLOP", "arithmetic of a call"),
    Column("min_bytes", "B", "what a call must move in any mode"),
    Column("eager_bytes", "B", "what it must move with one kernel an operator"),
)
INTERVAL = (
    Column("low_s", "s", "lower end of the 95 % interval of time_s"),
    Column("high_s", "s", "upper end of it"),
)
NOTES = (
    Column("converged", "", "True if the warm-up settled"),
    Column("bound", "", "what explains the time: compute, bandwidth, allocation, launch, or empty"),
    Column("place", "", "the farthest place that its data need at best: L1, L2, L3, memory"),
    Column("launches", "1", "launches that the time rests on"),
    Column("check", "", "how the results were verified: full, sampled"),
)
OF_PLAN = tuple(each.name for each in PLAN if each.name not in ("run", "status", "reason"))
"""The columns that are read from a cell's plan."""

_WORK = tuple(each.name for each in WORK)
_FIGURES = (
    METRICS[0].field,
    *(each.name for each in INTERVAL),
    *(each.field for each in METRICS[1:]),
)
_NOTES = ("converged", "bound", "place")
CELL_COLUMNS = (
    *(each.name for each in PLAN),
    *_WORK,
    *_FIGURES,
    *(each.name for each in NOTES),
)


_OF_KEY = {each.name for each in fields(CellKey)}
_of_plan = attrgetter(*(f"key.{name}" if name in _OF_KEY else name for name in OF_PLAN))


def cell_head(run: str, cell: CellSummary) -> tuple[Value, ...]:
    """What stands under `PLAN`; `run` names its result file."""
    return (run, *_of_plan(cell.plan), cell.status, cell.reason)


def cell_row(run: str, cell: CellSummary) -> tuple[Value, ...]:
    """What stands under `CELL_COLUMNS`."""
    return (
        *cell_head(run, cell),
        *(getattr(cell.plan, name) for name in _WORK),
        *(getattr(cell, name) for name in (*_FIGURES, *_NOTES)),
        len(cell.launch_s),
        " ".join(sorted(set(cell.check.values()))),
    )


# `comparisons.csv`: one row a ratio, those that could not be taken among them.

NOT_PAIRED = "not paired"
Pair = Comparison | Unpaired
PAIR = (
    Column("axis", "", "what differs: backend, mode, gradient, allocator"),
    Column("family", "", "of the cell, as above"),
    Column("width", "1", "of the cell, as above"),
    Column("cell_id", "", "the cell"),
    Column("reference_id", "", "the cell whose time is the divisor"),
    Column("ratio", "1", "time of the cell over that of the reference; below 1 the cell is faster"),
    Column("ratio_low", "1", "lower end of its 95 % interval"),
    Column("ratio_high", "1", "upper end of it"),
    Column("launches", "1", "launches in which both were measured in the same rounds"),
    Column(
        "verdict",
        "",
        "faster or slower (the whole interval beyond 2 %), same (within), inconclusive, not paired",
    ),
)
PAIR_COLUMNS = tuple(each.name for each in PAIR)


def pair_row(pair: Pair) -> tuple[Value, ...]:
    """What stands under `PAIR_COLUMNS`."""
    cell = pair.cell
    head = pair.axis, cell.family, cell.width, cell.id, pair.reference.id
    if isinstance(pair, Unpaired):
        return (*head, None, None, None, 0, NOT_PAIRED)
    ratio = pair.ratio
    return (*head, ratio.value, ratio.low, ratio.high, ratio.launches, pair.verdict)


def all_pairs(comparisons: Sequence[Comparison], unpaired: Sequence[Unpaired]) -> list[Pair]:
    """Those that could be taken, then those that could not."""
    return [*comparisons, *unpaired]


def pairs_of_cells(
    comparisons: Sequence[Comparison], unpaired: Sequence[Unpaired]
) -> dict[str, list[Pair]]:
    """By the id of the cell that is compared with another."""
    found: dict[str, list[Pair]] = {}
    for pair in all_pairs(comparisons, unpaired):
        found.setdefault(pair.cell.id, []).append(pair)
    return found
