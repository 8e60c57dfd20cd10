"""A stored run as an object, for notebooks and scripts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from xbench.records.compare import Comparison, compare_cells
from xbench.records.read import Run, read_run
from xbench.records.summary import CellSummary, summarise

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Results:
    """A run, its cells in plan order (refused ones too), and every ratio it allows."""

    run: Run
    cells: list[CellSummary]
    comparisons: list[Comparison]

    def to_pandas(self) -> pd.DataFrame:
        """One row a cell: the plan's fields, then the figures. Times in seconds of one call; NaN
        where there is no number, and `status` and `reason` say why."""
        import pandas as pd

        rows = []
        for cell in self.cells:
            fields = msgspec.to_builtins(cell)
            rows.append(fields.pop("plan") | fields)
        return pd.DataFrame(rows)


def load(path: str | Path, reference: str | None = None) -> Results:
    """Read a run's folder or its run.jsonl; `reference` is the backend others are compared with.

    Raises: RecordError; UsageError if no cell of `reference` has a number."""
    run = read_run(Path(path))
    cells = summarise(run)
    return Results(run, cells, compare_cells(run, cells, reference))
