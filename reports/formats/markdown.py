"""The report as Markdown, which is also what the terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xbench.reports.model import (
    AnswerEntry,
    AnswerTable,
    Chapter,
    Merged,
    Report,
    Section,
    Source,
    Table,
)
from xbench.reports.prose.numbers import NOTHING
from xbench.reports.prose.sentences import margin_note
from xbench.reports.tables.causes import CAUSES_TITLE, bound_note
from xbench.reports.tables.full_tables import curve_sections
from xbench.text import one_line

_APART = "\u200b"
"""A space of no width: `@name`, `#1` and `http://` stay what they are to the eye."""


def render_markdown(report: Report) -> str:
    """The whole report. Text from result files cannot start markup of its own."""
    return "\n".join([*_lines(report), ""])


def _lines(report: Report) -> Iterator[str]:
    """A single result needs no title above its own, unless the user gave one."""
    level = "#"
    if [chapter.title for chapter in report.chapters] != [report.title]:
        yield f"# {_plain(report.title)}"
        yield ""
        level = "##"
    if report.merged:
        yield from _merged(report.merged)
    for chapter, source in zip(report.chapters, report.sources, strict=True):
        yield from _chapter(chapter, source, level)


def _merged(merged: Merged) -> Iterator[str]:
    yield from _table(merged.runs)
    yield from _bullets(merged.sentences)
    for table in (merged.differs, merged.across):
        if table:
            yield from _table(table)


def _chapter(chapter: Chapter, source: Source, level: str) -> Iterator[str]:
    name = f"{chapter.name}: " if chapter.name else ""
    yield f"{level} {_plain(name + chapter.title)}"
    yield ""
    yield from _answer(chapter)
    yield f"{_plain(chapter.about)}: {_plain('; '.join(chapter.trust))}."
    yield ""
    if chapter.wins:
        yield from _table(chapter.wins)
    yield from _bullets(chapter.pairs)
    for section in chapter.added.values():
        yield from _section(section, f"{level}#")
    for section in curve_sections(source):
        yield from _section(section, f"{level}#")
    if chapter.causes or chapter.explained:
        yield f"{level}# {CAUSES_TITLE}"
        yield ""
        yield from _bullets(chapter.explained)
        for table in chapter.causes:
            yield from _table(table)
        yield bound_note()
        yield ""
    for table in chapter.others:
        yield from _table(table)
    yield from _bullets(chapter.not_run)
    if any(each.ratio.low is not None for each in source.comparisons):
        yield margin_note()
        yield ""


def _answer(chapter: Chapter) -> Iterator[str]:
    """What the terminal shows at the end of a run."""
    if chapter.table:
        yield from _answer_table(chapter.table)
    yield from _bullets(chapter.answers)
    if chapter.in_short:
        yield f"Trust: {_plain(chapter.in_short)}."
        yield ""
    if chapter.more_time:
        yield f"{_plain(chapter.more_time.text)}: `{_plain(chapter.more_time.command)}`"
        yield ""


def _answer_table(table: AnswerTable) -> Iterator[str]:
    """With the marks of the terminal."""
    rows: list[tuple[str, ...]] = [
        (_cell(row.work), str(row.width), *map(_entry, row.entries), _cell(row.verdict[0]))
        for row in table.rows
    ]
    columns = ("operation", "width", *map(_cell, table.sides), "fastest")
    yield from _lines_of(columns, rows, frozenset(range(1, len(columns) - 1)))
    if table.marks:
        yield f"Marked {'; '.join(f'{mark} {meaning}' for mark, meaning in table.marks)}."
        yield ""


def _entry(entry: AnswerEntry | None) -> str:
    if entry is None:
        return NOTHING
    text = _cell(" ".join(part for part in (entry.time, entry.mode) if part))
    return f"{text} {entry.mark}".rstrip()


def _section(section: Section, level: str) -> Iterator[str]:
    yield f"{level} {_plain(section.title)} ({_plain(section.about)})"
    yield ""
    for table in section.tables:
        yield from _table(table)
    yield from _bullets(section.sentences)


def _bullets(sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield from (f"- {_plain(each)}" for each in sentences)
        yield ""


def _table(table: Table) -> Iterator[str]:
    yield f"**{_plain(table.caption)}**"
    yield ""
    columns, *rows = [tuple(map(_cell, row)) for row in (table.columns, *table.rows)]
    yield from _lines_of(columns, rows, table.right)


def _lines_of(
    columns: tuple[str, ...], rows: list[tuple[str, ...]], right: frozenset[int]
) -> Iterator[str]:
    """A table of texts that start no markup."""
    every = [columns, *rows]
    sizes = [max(3, *(len(row[place]) for row in every)) for place in range(len(columns))]
    rule = [
        "-" * (size - 1) + ":" if place in right else "-" * size for place, size in enumerate(sizes)
    ]
    for row in (columns, rule, *rows):
        padded = [
            text.rjust(size) if place in right else text.ljust(size)
            for place, (text, size) in enumerate(zip(row, sizes, strict=True))
        ]
        yield f"| {' | '.join(padded)} |"
    yield ""


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """One printable line, without HTML, links, images or code; a forge takes nobody's name, issue
    or address from it."""
    line = re.sub(r"&(?=#?\w+;)", "&amp;", one_line(text).replace("`", "'"))
    line = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", line)
    line = re.sub(r"(?<=[@#])(?=\w)|(?<=:)(?=//\w)|(?<=\bwww)(?=\.)", _APART, line)
    return re.sub(r"\](?=[(\[:])", "]\\\\", line)
