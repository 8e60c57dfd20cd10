"""What the CSV files hold: every column and every metric, with its unit and a sentence.

The one place where they are listed; docs/report.md repeats it, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from operator import attrgetter
from typing import Literal, NamedTuple

from xbench.records.summary import CellSummary

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
    Metric("time", "s", "time of a call: geometric mean over launches of their medians",
           attrgetter("time_s"), "time"),
    Metric("p10", "s", "time of a call that a tenth of the bursts stayed below",
           attrgetter("p10_s")),
    Metric("latency", "s", "time of a call alone, where bursts hold more",
           attrgetter("latency_s")),
    Metric("device_time", "s", "time of a call by the device's own events, where it has such",
           attrgetter("device_s")),
    Metric("first_call", "s", "the first call of the first launch, which traces and compiles",
           attrgetter("first_s")),
    Metric("build", "s", "building the step, in the first launch", attrgetter("build_s")),
    Metric("start_up", "s", "importing the framework, median of all launches",
           attrgetter("open_s")),
    Metric("gflop_per_s", "GFLOP/s", "arithmetic of the op over the time",
           attrgetter("gflop_per_s"), "rate"),
    Metric("gbyte_per_s", "GB/s", "bytes that its mode must move over the time",
           attrgetter("gbyte_per_s"), "rate"),
    Metric("min_gbyte_per_s", "GB/s", "bytes that any mode must move over the time",
           _least_rate, "rate"),
    Metric("compute_fraction", "1", "gflop_per_s over the measured ceiling",
           attrgetter("compute_fraction")),
    Metric("bandwidth_fraction", "1",
           "gbyte_per_s over the ceiling of so many bytes, in the nearest caches that hold them",
           attrgetter("bandwidth_fraction")),
    Metric("allocation_share", "1", "share of the processor time that page faults explain",
           attrgetter("allocation_share")),
    Metric("launch_share", "1", "share of the time that calls without work explain",
           attrgetter("launch_share")),
    Metric("cores_busy", "1", "processor time over wall time", attrgetter("cores_busy")),
    Metric("page_faults", "1", "page faults of a call", attrgetter("faults_per_call")),
    Metric("peak_memory", "B", "memory it needs at its most, where that was asked for",
           attrgetter("peak_bytes")),
    Metric("calls", "1", "calls of a burst", lambda cell: cell.calls or None),
    Metric("rounds", "1", "bursts of all launches", lambda cell: cell.rounds or None),
    Metric("outliers_low_severe", "1", "bursts far below their launch's others",
           attrgetter("outliers_low_severe")),
    Metric("outliers_low_mild", "1", "bursts below their launch's others",
           attrgetter("outliers_low_mild")),
    Metric("outliers_high_mild", "1", "bursts above their launch's others",
           attrgetter("outliers_high_mild")),
    Metric("outliers_high_severe", "1", "bursts far above their launch's others",
           attrgetter("outliers_high_severe")),
    Metric("overhead", "1", "share of the harness in a burst, the largest of all launches",
           attrgetter("overhead")),
    Metric("disturbed", "1", "share of bursts whose threads waited for a core unusually long",
           attrgetter("disturbed")),
    Metric("restless", "1", "processor time of its worker while others were timed, over its own",
           attrgetter("restless")),
)  # fmt: skip
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
