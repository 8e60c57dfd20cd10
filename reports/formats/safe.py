"""Text from result files, made safe for terminals, spreadsheets and pages."""

from __future__ import annotations

from unicodedata import category, normalize

_FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_KEPT_BY_SPREADSHEETS = ("\t", "\r", "\n")


def one_line(text: str) -> str:
    """The text without line ends and anything else that is not to be seen (spaces instead): no
    escape codes for a terminal, nothing that turns the direction of writing."""
    return "".join(each if each.isprintable() else " " for each in text)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula: begins with `=`, `+`, `-` or `@`, also after
    what is not to be seen, and in the full-width and other forms that some take for the same."""
    seen = next((each for each in text if category(each)[0] not in "ZC"), "")
    return text.startswith(_KEPT_BY_SPREADSHEETS) or normalize("NFKC", seen).startswith(_FORMULA)
