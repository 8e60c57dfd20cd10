"""Text for LaTeX: what has a meaning there is escaped, and no character stops it."""

from __future__ import annotations

import re

from xbench.text import one_line

_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&",
    "#": r"\#", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "`": "{`}",
}  # fmt: skip
_MATHS = {
    "×": r"\times", "µ": r"\mu", "μ": r"\mu", "±": r"\pm", "→": r"\rightarrow", "−": "-",
    "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "∞": r"\infty", "·": r"\cdot", "²": "^2",
    "³": "^3",
}  # fmt: skip
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
