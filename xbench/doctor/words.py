"""Numbers in words, as findings use them."""

from __future__ import annotations


def percent(share: float) -> str:
    """`1.8 %`."""
    return f"{100 * share:.2g} %"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 core`, `2 cores`, `3 processes`; `many` where an s does not do."""
    return f"{count} {one if count == 1 else many or one + 's'}"
