"""A stored run as an object for notebooks and scripts: data frames, its report, and how a notebook
shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xbench.analysis.ratios import Comparison, compare_cells, unpaired_cells
from xbench.analysis.summary import CellSummary, summarise
from xbench.errors import UsageError
from xbench.files import figures_of
from xbench.records.read import Run, read_run
from xbench.reports.curves import setting_of
from xbench.reports.formats.columns import PAIR_COLUMNS, Value, all_pairs, pair_row
from xbench.reports.formats.html_tables import escaped, html_table
from xbench.reports.formats.json_document import flat_cell
from xbench.reports.model import Source, Table
from xbench.reports.prose import sentences
from xbench.reports.prose.answers import answers
from xbench.reports.sources import source_of
from xbench.reports.tables.cells import named, remarks, show_cell_time
from xbench.text import one_line, plural

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["cells", "comparisons"]


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """A run, its cells in plan order (refused ones too), and every ratio it allows against
    `reference` (None: numpy, torch, the first there is)."""

    run: Run
    cells: list[CellSummary]
    comparisons: list[Comparison]
    reference: str | None = None

    def to_pandas(self, kind: Kind = "cells") -> pd.DataFrame:
        """One row a cell: the plan's fields, then the figures. Times in seconds of one call; NaN
        where there is no number, and `status` and `reason` say why.

        With `comparisons` one row a ratio: `ratio` is the time of `cell_id` over that of
        `reference_id` (both as `id` of the cells), below 1 is faster, with its 95 % interval; NaN,
        and the verdict `not paired`, where both did not fit in memory together.

        Raises: UsageError for another kind."""
        import pandas as pd

        if kind == "cells":
            return pd.DataFrame(list(self._cells()))
        if kind == "comparisons":
            return pd.DataFrame(list(self._comparisons()), columns=list(PAIR_COLUMNS))
        raise UsageError(f"no table is called {kind!r}", "known: cells, comparisons")

    def report(self, out: str | Path) -> None:
        """Write the report to this folder. Raises: UsageError if it cannot be written."""
        write = import_module("xbench.reports.assemble").write_report
        write([self.run.journal], Path(out), self.reference, print_text=False)

    def _cells(self) -> Iterator[dict[str, Any]]:
        for cell in self.cells:
            fields = flat_cell(cell)
            yield fields.pop("plan") | fields

    def _comparisons(self) -> Iterator[tuple[Value, ...]]:
        unpaired = unpaired_cells(self.cells, self.reference)
        return map(pair_row, all_pairs(self.comparisons, unpaired))

    def __repr__(self) -> str:
        """`<xbench run 2026…, preset quick: 54 cells, 53 with a time, 40 ratios, 3 launches>`."""
        header = self.run.header
        timed = sum(cell.time_s is not None for cell in self.cells)
        return one_line(
            f"<xbench run {header.run_id}, preset {header.preset}: {len(self.cells)} cells, "
            f"{timed} with a time, {len(self.comparisons)} ratios, {header.launches} launches>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the answers, how far to trust them, a table of the cells."""
        return str(import_module("xbench.reports.results").notebook_html(self))


def load(path: str | Path, reference: str | None = None) -> Results:
    """Read a run's folder or its run.jsonl; `reference` is the backend, or `backend/mode`, that
    others are compared with.

    Raises: RecordError; UsageError if no cell of `reference` has a number."""
    run = read_run(Path(path))
    with figures_of(run.journal):
        cells = summarise(run)
        return Results(run, cells, compare_cells(run, cells, reference), reference)


# What a notebook shows of a stored run.

MOST_ROWS = 200
_COLUMNS = ("op", "width", "cell", "where", "time of a call [95 %]", "remarks")


def notebook_html(results: Results) -> str:
    """The answers, how far to trust them, and a table of the cells, refused ones too, at most
    `MOST_ROWS`. Raises: RecordError for figures that cannot be."""
    with figures_of(results.run.journal):
        source = source_of(results.run, results.reference)
    return "\n".join(_lines(source))


def _lines(source: Source) -> Iterator[str]:
    yield f"<p><b>{escaped(sentences.title(source))}</b><br>{escaped(source.title)}</p>"
    said = answers(source)
    if said:
        yield f"<ul>{''.join(f'<li>{escaped(each)}</li>' for each in said)}</ul>"
    yield f"<p>{escaped('; '.join(sentences.trust(source)))}.</p>"
    yield from html_table(_cells(source))
    more = len(source.cells) - MOST_ROWS
    if more > 0:
        yield f"<p>{escaped(plural(more, 'more row'))}: to_pandas() has all.</p>"


def _cells(source: Source) -> Table:
    rows: list[tuple[str, ...]] = [
        (
            cell.plan.family,
            *named(cell.plan),
            setting_of(cell.plan).about,
            show_cell_time(cell),
            "; ".join(remarks(cell, source.launches)),
        )
        for cell in source.cells[:MOST_ROWS]
    ]
    caption = "Every cell; to_pandas('comparisons') has the ratios"
    return Table(caption, _COLUMNS, rows, 3, frozenset({1, 4}))
