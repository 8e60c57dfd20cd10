"""The answer as text for a terminal or a pipe: what `xbench run` prints at its end.

Marks say what colours say, so that nothing is lost without them.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from xbench.reports.model import AnswerEntry, AnswerTable, Chapter, Report, Standing
from xbench.text import one_line, shortened

PIPED = 100
WIDEST_PROSE = 120
"""Columns of text in a pipe, and the most that a sentence takes on a wide terminal."""

STYLES: dict[Standing, str] = {"fastest": "bold green", "tie": "cyan", "open": "yellow"}
SHORT_MODES = {"compiled": "comp."}
LEAST_NAME = 8
GAP = "  "


def render_answer(report: Report) -> str:
    """The answer of each result, for the terminal that stdout is, or a pipe."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((PIPED, 24)).columns if terminal else PIPED
    text = io.StringIO()
    console = Console(
        file=text,
        width=width,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for number, chapter in enumerate(report.chapters):
        if number:
            console.print()
        _print_chapter(console, chapter)
    return text.getvalue()


def _print_chapter(console: Console, chapter: Chapter) -> None:
    name = f"{chapter.name}: " if chapter.name else ""
    prose = min(console.width, WIDEST_PROSE)
    lines = [Text(each, "bold") for each in _wrapped(name + chapter.title, prose)]
    if chapter.table:
        marks = (GAP + " ").join(map(" ".join, chapter.table.marks))
        lines += [*_table(chapter.table, console.width), *map(Text, _wrapped(marks, prose)), Text()]
    for sentence in chapter.answers:
        lines += map(Text, _wrapped(sentence, prose))
    if chapter.in_short:
        lines += map(Text, _wrapped(f"Trust: {chapter.in_short}.", prose))
    if chapter.more_time:
        lines += map(Text, _wrapped(f"{chapter.more_time.text}:", prose))
        lines.append(Text(GAP + one_line(chapter.more_time.command)))
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of it; what a person copies, a path say, is not broken."""
    return wrap(
        one_line(text),
        width,
        subsequent_indent=GAP,
        break_long_words=False,
        break_on_hyphens=False,
    )


# The table, in as many words as there is room for.


@dataclass(frozen=True, slots=True)
class _Form:
    """`verdict` counts from the longest; `modes` say how a mode is written, if it is."""

    verdict: int
    modes: Literal["whole", "short", "none"]

    def mode(self, entry: AnswerEntry | None) -> str:
        """The mode of an entry."""
        if entry is None or self.modes == "none":
            return ""
        return SHORT_MODES.get(entry.mode, entry.mode) if self.modes == "short" else entry.mode


FORMS = (
    *(_Form(verdict, "whole") for verdict in range(3)),
    _Form(2, "short"),
    _Form(2, "none"),
)


def _table(table: AnswerTable, width: int) -> list[Text]:
    """In the first form that fits; in the last the names of operations are cut for it."""
    for form in FORMS:
        columns = _columns(table, form)
        rest = width - _wide(columns[1:])
        if cell_len(max(columns[0].texts, key=cell_len)) <= rest:
            break
    names = columns[0].cut(max(rest, LEAST_NAME))
    found = [names, *columns[1:]]
    sizes = [max(map(cell_len, column.texts)) for column in found]
    lines = [
        Text(GAP).join(
            Text(column.padded(place, size), column.styles[place])
            for column, size in zip(found, sizes, strict=True)
        )
        for place in range(len(table.rows) + 1)
    ]
    for line in lines:
        line.rstrip()
    rule = Text(GAP.join("─" * size for size in sizes), "dim")
    return [lines[0], rule, *lines[1:]]


@dataclass(frozen=True, slots=True)
class _Column:
    """A head and a text for each row."""

    texts: list[str]
    styles: list[str]
    right: bool = False

    def padded(self, place: int, size: int) -> str:
        """A text with spaces on one side."""
        blank = " " * (size - cell_len(self.texts[place]))
        return blank + self.texts[place] if self.right else self.texts[place] + blank

    def cut(self, size: int) -> _Column:
        """With no text longer than this."""
        return _Column([shortened(each, size) for each in self.texts], self.styles)


def _wide(columns: Sequence[_Column]) -> int:
    """The room that these take, with the gap before each."""
    return sum(len(GAP) + max(map(cell_len, column.texts)) for column in columns)


def _columns(table: AnswerTable, form: _Form) -> list[_Column]:
    rows = table.rows
    named = [
        "" if place else one_line(work)
        for work, block in table.blocks
        for place in range(len(block))
    ]
    heads = ["bold"] + [""] * len(rows)
    return [
        _Column(["operation", *named], heads),
        _Column(["width", *(str(row.width) for row in rows)], heads, right=True),
        *(
            _side(one_line(name), [row.entries[place] for row in rows], form)
            for place, name in enumerate(table.sides)
        ),
        _Column(["fastest", *(one_line(row.verdict[form.verdict]) for row in rows)], heads),
    ]


def _side(name: str, entries: Sequence[AnswerEntry | None], form: _Form) -> _Column:
    """Mark, time and mode, each in a line below each other."""
    times = max(cell_len(entry.time) if entry else 1 for entry in entries)
    texts, styles = [f"  {name}"], ["bold"]
    for entry in entries:
        time = entry.time if entry else "–"
        mark = (entry.mark if entry else "") or " "
        mode = one_line(form.mode(entry))
        texts.append(f"{mark} {' ' * (times - cell_len(time))}{time} {mode}".rstrip() or " ")
        styles.append(STYLES.get(entry.standing, "") if entry else "")
    return _Column(texts, styles)
