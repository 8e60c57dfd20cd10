"""The CSV files of a report, for other programs: `measurements.csv`, `cells.csv` and
`comparisons.csv`. `columns.py` lists what is in them; here it is written, and text that a
spreadsheet would take for a formula made harmless.

Written with `csv`: pandas takes half a second to import and would add nothing to plain tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import StringIO
from unicodedata import category, normalize

from xbench.analysis.ratios import Unpaired
from xbench.reports.formats.columns import (
    CELL_COLUMNS,
    FOREIGN,
    MEASUREMENT_COLUMNS,
    METRICS,
    NOT_PAIRED,
    PAIR_COLUMNS,
    PLAN,
    RATIO,
    Metric,
    Pair,
    Value,
    cell_head,
    cell_row,
    figures,
    finite,
    pair_row,
    pairs_of_cells,
)
from xbench.reports.model import Benchmark, Source
from xbench.text import one_line


def cells_csv(sources: Sequence[Source]) -> str:
    """One row a cell, refused ones too. Empty where there is no number."""
    rows = (cell_row(source.title, cell) for source in sources for cell in source.cells)
    return csv_text(CELL_COLUMNS, rows)


def comparisons_csv(sources: Sequence[Source]) -> str:
    """One row a ratio, then one for each that could not be taken, since both cells did not fit in
    memory together."""
    pairs: list[tuple[str, Pair]] = []
    pairs += [(run.title, pair) for run in sources for pair in run.comparisons]
    pairs += [(run.title, pair) for run in sources for pair in run.unpaired]
    rows = ((title, *pair_row(pair)) for title, pair in pairs)
    return csv_text(("run", *PAIR_COLUMNS), rows)


# `measurements.csv`, and what `--format csv` prints: one row a measured quantity of a cell.


def measurements_csv(sources: Sequence[Source]) -> str:
    """The tidy table of all results, with the columns and metrics of `reports/formats/columns.py`.

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
        head = csv_line(cell_head(source.title, cell))
        for metric in METRICS if cell.time_s is not None else METRICS[:1]:
            value, low, high = figures(metric, cell)
            if value is not None or cell.time_s is None:
                launches = len(cell.launch_s) if metric.interval and cell.launch_s else None
                yield f"{head},{_tail(metric, value, low, high, launches)},,"
        for pair in pairs.get(cell.id, ()):
            yield f"{head},{_ratio(pair)}"
    for benchmark in source.benchmarks:
        yield from _foreign(source.title, benchmark)


def _tail(
    metric: Metric,
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
    for metric in FOREIGN:
        yield f"{head},{_tail(metric, finite(metric.of(row)), None, None, None)},,"


# Lines of CSV. What a spreadsheet would take for a formula is made harmless.

_FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_BLANKS = ("\t", "\r", "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula: begins with `=`, `+`, `-` or `@`, also after
    what is not to be seen, and in the full-width and other forms that some take for the same."""
    if text[:1].isalnum():
        return False
    seen = next((each for each in text if category(each)[0] not in "ZC"), "")
    return text.startswith(_BLANKS) or normalize("NFKC", seen).startswith(_FORMULA)


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
