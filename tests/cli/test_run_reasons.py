"""Why nothing was measured, counted."""

from __future__ import annotations

import msgspec

from helpers.journals import planned
from xbench.analysis.summary import CellSummary, summarise_cell
from xbench.cli.run import MOST_REASONS, reasons


def refused(reason: str) -> CellSummary:
    """A cell that was refused when it was planned."""
    plan = msgspec.structs.replace(planned("numpy", "unsupported"), reason=reason)
    return summarise_cell(plan, [])


def test_the_most_frequent_reason_comes_first() -> None:
    cells = [refused(reason) for reason in ("no mode", "no device", "no mode")]
    assert reasons(cells) == [
        "  2 cells unsupported: no mode",
        "  1 cell unsupported: no device",
    ]


def test_many_reasons_are_counted() -> None:
    cells = [refused(f"reason {number}") for number in range(MOST_REASONS + 3)]
    assert len(reasons(cells)) == MOST_REASONS + 1
    assert reasons(cells)[-1] == "  3 more for other reasons"
