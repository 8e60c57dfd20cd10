r"""The report as LaTeX, escaped: tables ready to `\input`, for `booktabs` and any class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xbench.reports.formats.short_tables import COLUMNS, OF_CELL, reading_note, short_tables
from xbench.reports.model import Source, Table
from xbench.reports.prose import sentences
from xbench.text import one_line

# Text for LaTeX: what has a meaning there is escaped, and no character stops it.

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{`}",
}
_MATHS = {
    "×": r"\times",
    "µ": r"\mu",
    "μ": r"\mu",
    "±": r"\pm",
    "→": r"\rightarrow",
    "−": "-",
    "≤": r"\leq",
    "≥": r"\geq",
    "≈": r"\approx",
    "∞": r"\infty",
    "·": r"\cdot",
    "²": "^2",
    "³": "^3",
}
_PUNCTUATION = {"–": "--", "—": "---", "“": "``", "”": "''", "‘": "{`}", "’": "'", "…": r"\ldots{}"}
_LETTERS = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ"  # plain article knows them


_APART = re.compile("|".join(f"(?<={each})(?={each})" for each in "-,'"))
"""Between two of these, which fonts would join to one sign."""


def latex_text(text: str) -> str:
    """The text as LaTeX for plain `article`, on one line. A character that it could not print
    becomes `(U+4E2D)`."""
    pieces = _APART.split(one_line(text))
    return "{}".join("".join(map(_escaped, piece)) for piece in pieces)


def _escaped(character: str) -> str:
    if character in _MATHS:
        return f"${_MATHS[character]}$"
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character.isascii() or character in _LETTERS:
        return character
    return _PUNCTUATION.get(character, f"(U+{ord(character):04X})")


_WIDE = 40
"""A column with a text longer than this takes several lines."""
_LONGEST_LABEL = 60


def render_latex(sources: Sequence[Source], title: str | None) -> str:
    r"""One `table` a curve, then other people's benchmarks and the cells without a number; where
    they come from stands above them as comments. Labels are `tab:` and the family's letters, with
    the result's name in front where there are several."""
    taken: set[str] = set()
    lines = ["% Tables for \\usepackage{booktabs}; \\input this file."]
    lines += [f"% {_comment(title)}"] if title else []
    for source in sources:
        prefix = f"{source.name}-" if source.name else ""
        lines += [
            f"% {_comment(sentences.title(source))}",
            f"% {_comment(source.title)}: {_comment('; '.join(sentences.trust(source)))}.",
        ]
        for table in short_tables(source):
            lines += _table(table, _label(prefix + table.caption.partition(": ")[0], taken))
    return "\n".join([*lines, f"% {_comment(reading_note())}", ""])


def _comment(text: str) -> str:
    """Whatever follows a percent sign on its line."""
    return one_line(text)


def _table(table: Table, label: str) -> Iterator[str]:
    yield r"\begin{table}"
    yield r"\centering\footnotesize\setlength{\tabcolsep}{4pt}"
    yield rf"\caption{{{latex_text(table.caption)}}}"
    yield rf"\label{{tab:{label}}}"
    yield rf"\begin{{tabular}}{{@{{}}{_kinds(table)}@{{}}}}"
    yield r"\toprule"
    yield _row(table.columns)
    yield r"\midrule"
    before: tuple[str, ...] = ()
    for row in table.rows:
        again = table.columns == COLUMNS and row[:OF_CELL] == before[:OF_CELL]
        yield _row(("",) * OF_CELL + row[OF_CELL:] if again else row)
        before = row
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield r"\end{table}"


def _kinds(table: Table) -> str:
    """A letter a column; one with long texts is a paragraph."""
    places = range(len(table.columns))
    wide = [place for place in places if any(len(row[place]) > _WIDE for row in table.rows)]
    share = min(0.5, 0.8 / max(len(wide), 1))
    return "".join(
        f"p{{{share:.2g}\\linewidth}}" if place in wide else "r" if place in table.right else "l"
        for place in places
    )


def _row(texts: Sequence[str]) -> str:
    r"""A row; what its first cell begins with is no argument of the `\\` before it."""
    return rf"{{}}{' & '.join(map(_cell, texts))} \\"


def _cell(text: str) -> str:
    """Long ids may be broken after a slash."""
    shown = latex_text(text)
    return shown.replace("/", r"/\allowbreak{}") if len(text) > _WIDE else shown


def _label(text: str, taken: set[str]) -> str:
    """Letters, digits and hyphens, not used before; now it is."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text.replace("×", "x")).strip("-")[:_LONGEST_LABEL]
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name)
    return name
