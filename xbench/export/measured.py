"""What an export starts from: a run, its cells with a number, and those without."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from xbench.records.files import figures_of
from xbench.records.read import Run, no_collecting, read_run
from xbench.records.schema import CellLine
from xbench.records.summary import CellSummary, summarise


@dataclass(frozen=True, slots=True)
class Measured:
    """`cells` have a time, `left_out` none; both in the order of the plan. `lines`: the raw lines
    of a cell, one a launch, by its id."""

    run: Run
    cells: list[CellSummary]
    left_out: list[CellSummary]
    lines: dict[str, list[CellLine]]


@no_collecting()
def read_measured(path: Path) -> Measured:
    """Read a run's folder or its journal. Raises: RecordError for what is no run, or holds figures
    that cannot be."""
    run = read_run(path, all_samples=False)
    with figures_of(run.path):
        cells = summarise(run)
    lines: dict[str, list[CellLine]] = {}
    for group in run.groups:
        for line in group.cells:
            lines.setdefault(line.id, []).append(line)
    there = [cell for cell in cells if cell.time_s is not None and _finite(cell)]
    ids = {cell.id for cell in there}
    return Measured(run, there, [cell for cell in cells if cell.id not in ids], lines)


def _finite(cell: CellSummary) -> bool:
    """Whether its times remain numbers in nanoseconds too."""
    times = (cell.time_s, cell.low_s, cell.high_s)
    return all(each is None or isfinite(each * 1e9) for each in times)


def carried(summary: CellSummary) -> dict[str, Any]:
    """A cell's plan and figures side by side, as `extra_info["xbench"]` of a pytest-benchmark row
    holds them and `xbench report` reads them: finite numbers, words and null only."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(summary))
    plan: dict[str, Any] = found.pop("plan")
    return plan | found
