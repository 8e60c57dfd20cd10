"""What stored runs say of each cell or curve, as tables of text: its course with a sparkline, and
the steps with what changed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp

from xbench.reports.verdict.wording import NOTHING, clear, table
from xbench.text import show_seconds
from xbench.tracking.baseline import History
from xbench.tracking.history import Past, Row, what_changed

COLUMNS = ("cell or curve", "widths", "runs", "course", "last", "baseline", "anchor", "is", "steps")
STEP_COLUMNS = ("step at run", "change", "of", "cells", "what changed")
MOST_ROWS, MOST_STEPS, MOST_LISTED = 40, 3, 10
POINTS = 32
"""Of a sparkline: the newest runs."""

_BARS = "▁▂▃▄▅▆▇█"
_LEAST_RANGE = 0.1
"""Of a sparkline, on logarithms: noise fills no whole height."""


def show_past(rows: Sequence[Row], stored: History) -> Iterator[str]:
    """Lines: the table, the worst row first, then the newest steps with what changed there."""
    if not rows:
        yield "no cell here ever had a time"
        return
    yield from table([COLUMNS, *map(row_cells, rows[:MOST_ROWS])], (2, 5, 6))
    if len(rows) > MOST_ROWS:
        yield f"and {len(rows) - MOST_ROWS} more: all are in the page (--out DIR)"
    yield ""
    yield "last, and what it is against baseline and anchor: of the cell that is worst against them"
    steps = step_rows(rows, stored)
    if steps:
        yield ""
        yield from table([STEP_COLUMNS, *steps[:MOST_LISTED]])
        yield f"{len(steps)} in all; in 95 of 100 histories none is false (Holm over all cells)"


def row_cells(row: Row) -> tuple[str, ...]:
    """What stands under `COLUMNS`."""
    worst = row.worst
    of = f" (w {worst.plan.width})" if len(row.cells) > 1 else ""
    newest = [show_change(each.change) for each in row.changes][-MOST_STEPS:]
    return (
        clear(row.name),
        widths(row),
        str(len(row.places)),
        sparkline(row.line),
        show_seconds(worst.last) + of,
        against(worst.last, worst.baseline),
        against(worst.last, worst.anchor),
        kind(worst),
        ", ".join(newest) or NOTHING,
    )


def step_rows(rows: Sequence[Row], stored: History) -> list[tuple[str, ...]]:
    """What stands under `STEP_COLUMNS`, the newest step first."""
    found = [(change, row) for row in rows for change in row.changes]
    found.sort(key=lambda each: (-each[0].place, -abs(each[0].change)))
    return [
        (
            clear(stored.runs[change.place].head.run_id),
            show_change(change.change),
            clear(row.name),
            f"{change.cells} of {len(row.cells)}",
            "; ".join(
                clear(f"{each.label}: {each.base} → {each.head}")
                for each in what_changed(stored, change.place)
            )
            or "nothing that is recorded",
        )
        for change, row in found
    ]


def widths(row: Row) -> str:
    """`512 to 20480 (5)`."""
    found = [past.plan.width for past in row.cells]
    if len(found) == 1:
        return str(found[0] or NOTHING)
    return f"{found[0]} to {found[-1]} ({len(found)})"


def kind(past: Past) -> str:
    """What its newest run is by the rule, and which rule said so."""
    judged = past.judged
    if judged.kind in ("regressed", "improved"):
        return f"{judged.kind} ({judged.rule})"
    return judged.kind if judged.level else "too few runs"


def against(value: float, level: float | None) -> str:
    """`+3.1 %`."""
    return NOTHING if level is None else f"{100.0 * (value / level - 1.0):+.1f} %"


def show_change(change: float) -> str:
    """`+10.2 %`: of a change of logarithms."""
    return f"{100.0 * (exp(change) - 1.0):+.1f} %"


def sparkline(line: Sequence[float]) -> str:
    """The newest points as bars of eight heights, over their range or 10 %, whichever is more."""
    shown = line[-POINTS:]
    low, high = min(shown), max(shown)
    room = max(high - low, _LEAST_RANGE)
    low -= 0.5 * (room - (high - low))
    return "".join(
        _BARS[min(int((each - low) / room * len(_BARS)), len(_BARS) - 1)] for each in shown
    )
