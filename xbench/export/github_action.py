"""github-action-benchmark's custom format, for its tool `customSmallerIsBetter`.

That action divides values of equal names and looks at no unit, so the unit is always ns.
"""

from __future__ import annotations

from typing import Any

from xbench.export.measured import Measured
from xbench.records.summary import CellSummary
from xbench.stats.interval import Estimate

UNIT = "ns"


def to_github_action(measured: Measured) -> list[dict[str, Any]]:
    """A row a cell: `value` is its time, `range` half its 95 % interval as a percentage, `extra`
    what the action shows on hover."""
    return [_row(cell) for cell in measured.cells]


def _row(cell: CellSummary) -> dict[str, Any]:
    assert cell.time_s is not None
    half = Estimate(cell.time_s, cell.low_s, cell.high_s, len(cell.launch_s)).relative_half_width
    row: dict[str, Any] = {"name": cell.id, "value": cell.time_s * 1e9, "unit": UNIT}
    if half is not None:
        row["range"] = f"± {100.0 * half:.2g} %"
    counts = f"launches: {len(cell.launch_s)}\nrounds: {cell.rounds}\ncalls a burst: {cell.calls}"
    unsure = f"\n{cell.status}: {cell.reason}" if cell.status != "ok" else ""
    return row | {"extra": counts + unsure}
