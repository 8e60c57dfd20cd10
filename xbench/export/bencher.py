"""Bencher Metric Format: the measure `latency`, in nanoseconds."""

from __future__ import annotations

from typing import Any

from xbench.errors import RecordError
from xbench.export.measured import Measured
from xbench.records.summary import CellSummary

LONGEST_NAME = 1024
"""Characters Bencher takes of a benchmark's name."""


def to_bencher(measured: Measured) -> dict[str, Any]:
    """By cell: its time, with the ends of its 95 % interval where it has one. Raises: RecordError
    for an id that Bencher does not take."""
    for cell in measured.cells:
        if not 0 < len(cell.id.strip()) <= len(cell.id) <= LONGEST_NAME:
            raise RecordError(
                f"Bencher takes no benchmark called {cell.id[:40]!r} ({len(cell.id)} characters)",
                f"1 to {LONGEST_NAME} characters; export it in another format",
            )
    return {cell.id: {"latency": _metric(cell)} for cell in measured.cells}


def _metric(cell: CellSummary) -> dict[str, float]:
    assert cell.time_s is not None
    metric = {"value": cell.time_s * 1e9}
    if cell.low_s is not None and cell.high_s is not None:
        metric |= {"lower_value": cell.low_s * 1e9, "upper_value": cell.high_s * 1e9}
    return metric
