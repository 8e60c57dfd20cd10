"""`measurements.csv`, and what `--format csv` prints: one row a measured quantity of a cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.formats.columns import (
    FOREIGN,
    MEASUREMENT_COLUMNS,
    METRICS,
    PLAN,
    RATIO,
    Column,
    Metric,
    figures,
    finite,
)
from reports.formats.csv_files import Value, csv_line
from reports.formats.pairs import NOT_PAIRED, Pair, pairs_of_cells
from reports.model import Benchmark, Source
from xbench.records.compare import Unpaired
from xbench.records.summary import CellSummary

_OF_CELL = tuple(each.name for each in PLAN if each.name not in ("run", "status", "reason"))


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
    return (run, *(getattr(cell.plan, name) for name in _OF_CELL), cell.status, cell.reason)


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
