"""`measurements.csv`, and what `--format csv` prints: one row a measured quantity of a cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.formats.columns import (
    FOREIGN,
    MEASUREMENT_COLUMNS,
    METRICS,
    PLAN,
    RATIO,
    VALUE,
    Metric,
    figures,
    finite,
)
from reports.formats.csv_files import Value, csv_text
from reports.formats.pairs import NOT_PAIRED, Pair, pairs_of_cells
from reports.model import Benchmark, Source
from xbench.records.compare import Unpaired
from xbench.records.summary import CellSummary

Row = tuple[Value, ...]
_OF_CELL = tuple(each.name for each in PLAN if each.name not in ("run", "status", "reason"))


def measurements_csv(sources: Sequence[Source]) -> str:
    """The tidy table of all results, with the columns and metrics of `columns`.

    A cell without a number is one row, `time` without a value, with its status and reason; a ratio
    that could not be taken is a row without a value and the verdict `not paired`."""
    rows = (row for source in sources for row in _source(source))
    return csv_text(MEASUREMENT_COLUMNS, rows)


def _source(source: Source) -> Iterator[Row]:
    pairs = pairs_of_cells(source.comparisons, source.unpaired)
    for cell in source.cells:
        head = _head(source.title, cell)
        for metric in METRICS if cell.time_s is not None else METRICS[:1]:
            yield from _measured(head, cell, metric)
        for pair in pairs.get(cell.id, ()):
            yield (*head, RATIO.name, RATIO.unit, *_ratio(pair))
    for benchmark in source.benchmarks:
        yield from _foreign(source.title, benchmark)


def _head(run: str, cell: CellSummary) -> Row:
    return (run, *(getattr(cell.plan, name) for name in _OF_CELL), cell.status, cell.reason)


def _measured(head: Row, cell: CellSummary, metric: Metric) -> Iterator[Row]:
    value, low, high = figures(metric, cell)
    if value is not None or cell.time_s is None:
        launches = len(cell.launch_s) if metric.interval and cell.launch_s else None
        yield (*head, metric.name, metric.unit, value, low, high, launches, "", "")


def _ratio(pair: Pair) -> Row:
    if isinstance(pair, Unpaired):
        return None, None, None, None, pair.reference.id, NOT_PAIRED
    ratio = pair.ratio
    ends = finite(ratio.value), finite(ratio.low), finite(ratio.high)
    return (*ends, ratio.launches, pair.reference.id, pair.verdict)


def _foreign(run: str, row: Benchmark) -> Iterator[Row]:
    head = (run, row.name, "", row.group, *("" for _ in range(len(PLAN) - 4)))
    for each, value in zip(FOREIGN, (row.median_s, row.min_s, row.iqr_s), strict=True):
        yield (*head, each.name, each.unit, finite(value), *("" for _ in VALUE[3:]))
