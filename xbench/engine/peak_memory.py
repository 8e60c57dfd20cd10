"""Peak memory: each cell once, in a fresh process that serves it alone, after all is timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf

from xbench.analysis.summary import summarise
from xbench.engine.oracle_client import OracleClient
from xbench.engine.progress import Progress
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, OracleFailed, WorkerDied
from xbench.keys import DEFAULT_CACHE
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan
from xbench.process.messages import InputFiles, PeakReply, PeakRequest
from xbench.records.read import Run
from xbench.records.schema import MemoryLine

ALLOCATOR = "system"
"""Freed memory goes back, so that what is held is what is needed."""


def timing_budget_s(plan: Plan, budget_s: float | None) -> float | None:
    """What a run's budget holds for timing: all but what memory will take, and at least half."""
    memory_s = sum(plan.memory_costs_s().values())
    return None if budget_s is None else budget_s - min(memory_s, 0.5 * budget_s)


def cells_without_peak(plan: Plan, run: Run) -> list[Cell]:
    """Cells that have a time in this run, and of whose memory it says nothing yet."""
    timed = {cell.id for cell in summarise(run) if cell.time_s is not None}
    wanted = timed - {line.id for line in run.memory}
    cells = [cell for group in plan.groups for cell in group.cells]
    return [cell for cell in cells if cell.id in wanted and cell.key.cache == DEFAULT_CACHE]


@dataclass(frozen=True, slots=True)
class MemoryWork:
    """Measures peak memory, and writes a line a cell."""

    plan: Plan
    settings: Settings
    progress: Progress
    write: Callable[[MemoryLine], None]

    def measure(self, cells: Sequence[Cell], budget_s: float = inf) -> list[Cell]:
        """Measure cells, those of one workload side by side in the list; each begins only if it is
        predicted to end within the budget. One that fails has a status and a reason; the others
        go on. Returns: those left out."""
        end, left_out = time.monotonic() + budget_s, list[Cell]()
        oracle, costs = OracleClient(self.settings), self.plan.memory_costs_s()
        try:
            for workload, alike in groupby(cells, lambda cell: cell.key.workload_id):
                for cell in alike:
                    if time.monotonic() + costs[cell.id] > end:
                        left_out.append(cell)
                        continue
                    self.progress.doing("memory", cell)
                    line = self._line(cell, oracle)
                    self.write(line)
                    self.progress.memory_measured(line)
                with suppress(OracleFailed):  # what was measured stands
                    oracle.release(workload)
        finally:
            oracle.close()
        return left_out

    def _line(self, cell: Cell, oracle: OracleClient) -> MemoryLine:
        try:
            found = self._ask(cell, oracle.prepare(cell.spec))
        except (CellFailed, WorkerDied) as error:
            return MemoryLine(key=cell.key, status=error.status, reason=error.message)
        rising = f"the peak was still rising after {found.calls} calls"
        return MemoryLine(
            key=cell.key,
            status="ok" if found.steady else "imprecise",
            reason="" if found.steady else rising,
            peak_bytes=found.peak_bytes,
            calls=found.calls,
            method=found.method,
        )

    def _ask(self, cell: Cell, inputs: InputFiles) -> PeakReply:
        """The worker's reply. It is no worker of a launch, and not in the journal as one: what it
        says of itself would mix with what timing workers say.

        Raises: CellFailed, WorkerDied."""
        key = replace(cell.worker, allocator=ALLOCATOR)
        limit = max(self.settings.timeout_s, 20.0 * self.plan.predictions[cell.id].load_s)
        launch, cores = self.plan.most_launches, self.plan.cores
        with Workers(self.settings, launch, cores, lambda _: None) as workers:
            return workers.get(key).ask(PeakRequest(cell.spec, cell.key.variant, inputs), limit)
