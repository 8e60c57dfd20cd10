"""What a notebook shows of a stored run."""

from __future__ import annotations

from collections.abc import Iterator

from reports.formats.html_tables import escaped, html_table
from reports.model import Source, Table
from reports.read.curves import setting_of
from reports.read.load import source_of
from reports.say import sentences
from reports.say.answers import answers
from reports.tables.cells import named, remarks, show_cell_time
from xbench.records.files import figures_of
from xbench.results import Results

MOST_ROWS = 200
_COLUMNS = ("op", "width", "cell", "where", "time of a call [95 %]", "remarks")


def notebook_html(results: Results) -> str:
    """The answers, how far to trust them, and a table of the cells, refused ones too, at most
    `MOST_ROWS`. Raises: RecordError for figures that cannot be."""
    with figures_of(results.run.path):
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
        yield f"<p>{escaped(sentences.plural(more, 'more row'))}: to_pandas() has all.</p>"


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
