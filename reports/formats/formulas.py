"""What a spreadsheet would take for a formula."""

from __future__ import annotations

from unicodedata import category, normalize

_FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_BLANKS = ("\t", "\r", "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula: begins with `=`, `+`, `-` or `@`, also after
    what is not to be seen, and in the full-width and other forms that some take for the same."""
    if text[:1].isalnum():
        return False
    seen = next((each for each in text if category(each)[0] not in "ZC"), "")
    return text.startswith(_BLANKS) or normalize("NFKC", seen).startswith(_FORMULA)
