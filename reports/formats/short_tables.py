"""The tables of LaTeX and HTML, which are fewer than the report's: a curve's times and ratios,
other people's benchmarks, and cells without a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from xbench.analysis.interval import MARGIN
from xbench.analysis.ratios import AXES, Unpaired
from xbench.analysis.summary import CellSummary
from xbench.reports.curves import Curve, curves_of
from xbench.reports.formats.columns import NOT_PAIRED, Pair, pairs_of_cells
from xbench.reports.model import Source, Table
from xbench.reports.prose.numbers import NOTHING, show_ratio
from xbench.reports.tables.cells import benchmark_tables, named, refused_table, show_cell_time
from xbench.text import percent

COLUMNS = ("width", "cell", "time [95 %]", "ratio [95 %]", "to")
"""Of a curve's table. A cell has a row a ratio, in which the first `OF_CELL` say the same."""

OF_CELL = 3


def short_tables(source: Source) -> list[Table]:
    """One table a curve; then other people's benchmarks; then cells without a number, and why."""
    found = curves_of(source)
    refused = refused_table(source.cells)
    return [
        *map(_times, found),
        *benchmark_tables(source.benchmarks),
        *([refused] if refused is not None else []),
    ]


def reading_note() -> str:
    """How to read the tables, in a few sentences."""
    return (
        "Brackets hold 95 % intervals. A ratio is to the cell that differs in nothing but what is "
        "named; faster or slower only where its whole interval lies beyond "
        f"{percent(MARGIN)}, same only where it lies within."
    )


def _times(curve: Curve) -> Table:
    pairs = pairs_of_cells(curve.comparisons, curve.unpaired)
    return Table(
        f"{curve.setting.family} ({curve.setting.about}): time of a call, and ratios",
        COLUMNS,
        [row for cell in curve.cells for row in _rows(cell, pairs.get(cell.id, []))],
        2,
        frozenset({0, 2}),
    )


def _rows(cell: CellSummary, pairs: list[Pair]) -> Iterator[tuple[str, ...]]:
    """A row a ratio; one without where there is none."""
    head = *named(cell.plan), _time(cell)
    if not pairs:
        yield (*head, NOTHING, NOTHING)
    for each in sorted(pairs, key=lambda pair: AXES.index(pair.axis)):
        yield (*head, _ratio(each), getattr(each.reference.key, each.axis))


def _ratio(pair: Pair) -> str:
    return NOT_PAIRED if isinstance(pair, Unpaired) else show_ratio(pair.ratio, pair.verdict)


def _time(cell: CellSummary) -> str:
    if cell.time_s is None:
        return cell.status
    shown = show_cell_time(cell)
    return f"{shown} (imprecise)" if cell.status == "imprecise" else shown
