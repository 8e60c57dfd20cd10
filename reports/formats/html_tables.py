"""The report as a fragment of HTML: plain tables to paste into a page or a README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import escape

from xbench.reports.formats.short_tables import reading_note, short_tables
from xbench.reports.model import Source, Table
from xbench.reports.prose import sentences
from xbench.text import one_line


def render_tables(sources: Sequence[Source], title: str | None) -> str:
    """Headings, tables with captions and scopes, one sentence on how to read them. Neither styles,
    scripts nor blank lines, at which Markdown would end the HTML."""
    return "\n".join([*_lines(sources, title), ""])


def _lines(sources: Sequence[Source], title: str | None) -> Iterator[str]:
    if title:
        yield f"<h2>{escaped(title)}</h2>"
    for source in sources:
        name = f"{source.name}: " if source.name else ""
        yield f"<h3>{escaped(name + sentences.title(source))}</h3>"
        yield f"<p>{escaped(source.title)}: {escaped('; '.join(sentences.trust(source)))}.</p>"
        for table in short_tables(source):
            yield from html_table(table)
    yield f"<p>{escaped(reading_note())}</p>"


def html_table(table: Table) -> Iterator[str]:
    """The lines of a table. Figures are aligned by an attribute, since READMEs lose styles."""
    yield "<table>"
    yield f"<caption>{escaped(table.caption)}</caption>"
    heads = (f'<th scope="col">{escaped(each)}</th>' for each in table.columns)
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
        return f'<th scope="row"{align}>{escaped(text)}</th>'
    return f"<td{align}>{escaped(text)}</td>"


def escaped(text: str) -> str:
    """The text on one line, without a meaning in HTML."""
    return str(escape(one_line(text)))
