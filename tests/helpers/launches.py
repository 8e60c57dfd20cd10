"""A launch in which no worker was started, for tests of what the engine makes of replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xbench.engine.launch import LaunchContext, RunCeilings
from xbench.engine.launch_draws import LaunchDraws
from xbench.engine.oracle_client import OracleClient
from xbench.engine.progress import SilentProgress
from xbench.engine.quiet import Canary, WaitBudget
from xbench.engine.settings import Settings
from xbench.engine.time_spent import TimeSpent
from xbench.engine.workers import Workers
from xbench.plan.build import Row
from xbench.plan.cell import Cell
from xbench.plan.plan import make_plan
from xbench.records.schema import WorkerLine

CORES = 2


def idle_launch(
    folder: Path, cells: Sequence[Cell], ceilings: RunCeilings | None = None, fence_ns: int = 0
) -> LaunchContext:
    """The first launch of these cells. Its workers are known to have such a fence; one would start
    only if it were asked."""
    plan = make_plan([Row(cell) for cell in cells], 1, 0.1, CORES, 1 << 34)
    settings = Settings(5, folder)
    workers = Workers(settings, 0, CORES, lambda line: None)
    for key in dict.fromkeys(cell.worker for cell in cells):
        workers.facts[key] = WorkerLine(
            launch=0,
            worker=key,
            pid=1,
            environment={},
            open_ns=1,
            fence_ns=fence_ns,
            python="",
            attest={},
        )
    return LaunchContext(
        number=0,
        plan=plan,
        settings=settings,
        workers=workers,
        oracle=OracleClient(settings),
        canary=Canary(CORES),
        draws=LaunchDraws(5, 0),
        wait_budget=WaitBudget(),
        ceilings=ceilings or RunCeilings(),
        bursts={},
        progress=SilentProgress(),
        spent=TimeSpent(),
    )
