"""The report as a fragment of HTML: plain tables to paste into a page or a README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import escape

from reports.formats.compact import compact_tables, reading_note
from reports.formats.safe import one_line
from reports.model import Source, Table
from reports.say import sentences


def render_tables(sources: Sequence[Source], title: str | None) -> str:
    """Headings, tables with captions and scopes, one sentence on how to read them. Neither styles,
    scripts nor blank lines, at which Markdown would end the HTML."""
    return "\n".join([*_lines(sources, title), ""])


def _lines(sources: Sequence[Source], title: str | None) -> Iterator[str]:
    if title:
        yield f"<h2>{_text(title)}</h2>"
    for source in sources:
        yield f"<h3>{_text(sentences.title(source))}</h3>"
        yield f"<p>{_text(source.title)}: {_text('; '.join(sentences.trust(source)))}.</p>"
        for table in compact_tables(source):
            yield from html_table(table)
    yield f"<p>{_text(reading_note())}</p>"


def html_table(table: Table) -> Iterator[str]:
    """The lines of a table. Figures are aligned by an attribute, since READMEs lose styles."""
    yield "<table>"
    yield f"<caption>{_text(table.caption)}</caption>"
    heads = (f'<th scope="col">{_text(each)}</th>' for each in table.columns)
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    for row in table.rows:
        cells = (_cell(table, place, text) for place, text in enumerate(row))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield "</table>"


def _cell(table: Table, place: int, text: str) -> str:
    align = ' align="right"' if place in table.right else ""
    if place < table.heads:
        return f'<th scope="row"{align}>{_text(text)}</th>'
    return f"<td{align}>{_text(text)}</td>"


def _text(text: str) -> str:
    return str(escape(one_line(text)))
