"""What the groups and cells of one launch have in common: one object, made once a launch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from xbench.engine.burst import Burst
from xbench.engine.launch_draws import LaunchDraws
from xbench.engine.oracle_client import OracleClient
from xbench.engine.progress import Progress
from xbench.engine.quiet import Canary, FreeCores, WaitBudget
from xbench.engine.settings import Settings
from xbench.engine.time_spent import TimeSpent
from xbench.engine.workers import Workers
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan
from xbench.process.messages import Request
from xbench.records.schema import CeilingsLine, ceiling_key

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RunCeilings:
    """The machine's ceilings as the run knows them so far; `measure_again` measures one line anew,
    and gives the better figures."""

    lines: Sequence[CeilingsLine] = ()
    measure_again: Callable[[CeilingsLine], CeilingsLine] = lambda line: line

    def of(self, cell: Cell) -> CeilingsLine | None:
        """Those that hold for a cell."""
        return next(
            (line for line in self.lines if ceiling_key(line) == cell.key.ceiling_key), None
        )


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """What the groups and cells of one launch have in common. `number` counts launches from 0;
    `bursts` outlives the launch: a cell keeps its burst through all of them."""

    number: int
    plan: Plan
    settings: Settings
    workers: Workers
    oracle: OracleClient
    canary: Canary
    draws: LaunchDraws
    wait_budget: WaitBudget
    ceilings: RunCeilings
    bursts: dict[str, Burst]
    progress: Progress
    spent: TimeSpent

    def free_cores(self, cells: Sequence[Cell]) -> FreeCores:
        """What holds bursts of these cells back while others need the cores."""
        cores = self.plan.cores
        threads = max(cell.worker.policy(cores).threads for cell in cells)
        return FreeCores(cores, threads, self.wait_budget, sleep=self._pause)

    def _pause(self, seconds: float) -> None:
        with self.spent.on("waiting for idle cores"):
            time.sleep(seconds)

    def ask(self, cell: Cell, request: Request[R], expect_s: float) -> R:
        """The reply of the cell's worker. It may take twenty times the expected seconds, and at
        least the run's time limit.

        Raises: CellFailed, WorkerDied."""
        limit = max(self.settings.timeout_s, 20.0 * expect_s)
        return self.workers.get(cell.worker).ask(request, limit)
