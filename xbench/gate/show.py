"""A verdict for the terminal: counts first, then the worst rows, then what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xbench.gate.model import Side, Verdict
from xbench.gate.words import COLUMNS, clear, counted, row, title, worst_first

MOST_ROWS, MOST_REASONS = 30, 10
_RIGHT = (3, 4, 5)


def as_text(verdict: Verdict) -> str:
    """The whole, with a line end. Never a mean of changes: it would hide the cell that matters."""
    return "\n".join([*_lines(verdict), ""])


def _lines(verdict: Verdict) -> Iterator[str]:
    yield title(verdict)
    yield f"base {_side(verdict.base)}, head {_side(verdict.head)}"
    yield counted(verdict)
    yield from (f"note: {clear(each, 400)}" for each in verdict.notes)
    ordered = worst_first(verdict.findings)
    if ordered:
        yield ""
        yield from table([COLUMNS, *map(row, ordered[:MOST_ROWS])], _RIGHT)
    if len(ordered) > MOST_ROWS:
        yield f"and {len(ordered) - MOST_ROWS} more: all are in verdict.json (--out DIR)"
    reasons = [each for each in ordered if each.reason and each.kind != "same"]
    if reasons:
        yield ""
        yield from (f"{clear(each.cell)}: {clear(each.reason, 200)}"
                    for each in reasons[:MOST_REASONS])  # fmt: skip
    if len(reasons) > MOST_REASONS:
        yield f"and {len(reasons) - MOST_REASONS} more reasons"
    if verdict.differences:
        yield ""
        found = [(clear(each.label), clear(each.base), clear(each.head))
                 for each in verdict.differences]  # fmt: skip
        yield from table([("differs", "base", "head"), *found])


def _side(side: Side) -> str:
    more = f" ({len(side.runs)} runs)" if len(side.runs) > 1 else ""
    return f"{clear(side.name)}{more}"


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Rows of one length as lines with aligned columns; the first is ruled off. `right`: the
    columns that are set to the right."""
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, each in enumerate(rows):
        cells = [
            text.rjust(size) if place in right else text.ljust(size)
            for place, (text, size) in enumerate(zip(each, sizes, strict=True))
        ]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "  ".join("-" * size for size in sizes)
