"""The machine's ceilings for the cells of a plan: from the cache, or from a worker of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from xbench.cell import WorkerKey
from xbench.engine.settings import Settings
from xbench.errors import CellFailed, WorkerDied
from xbench.launch.environment import worker_environment
from xbench.launch.process import Process
from xbench.plan.plan import Plan
from xbench.records.ceilings_cache import cache_folder, ceilings_key, read_cached, write_cached
from xbench.records.machine import available_bytes
from xbench.records.schema import CeilingsLine
from xbench.registry import load_backend

BUDGET_S = 2.0
LIMIT_S = 120.0
STEADY = 0.25
"""Rates that spread further serve this run only, and so does all that was taken on a machine whose
load was above half of its cores. Page faults spread by as much on a quiet one."""


def known_ceilings(
    plan: Plan, settings: Settings, had: Sequence[CeilingsLine] = (), budget_s: float = BUDGET_S
) -> Iterator[CeilingsLine]:
    """One line for each device, dtype, threads and allocator of the plan's cells, on a processor;
    other devices' ceilings are not measured yet. What the run has already (`had`) is left out. A
    failure is a line that says why."""
    quiet = os.getloadavg()[0] <= 0.5 * plan.cores
    there = {(line.device, line.dtype, line.threads, line.allocator) for line in had}
    wanted = [
        each
        for each in _wanted(plan)
        if (each[0].device, each[1], each[0].threads, each[0].allocator) not in there
    ]
    for key, dtype in wanted:
        name = ceilings_key(dtype, key.policy(plan.cores).threads, key.allocator)
        place = {
            "device": key.device, "dtype": dtype, "threads": key.threads,
            "allocator": key.allocator,
        }  # fmt: skip
        cached = None if settings.fresh_ceilings else read_cached(cache_folder(), name)
        if cached is not None:
            yield msgspec.structs.replace(cached, cached=True, **place)
            continue
        place["measured_utc"] = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            figures = _measure(key, dtype, plan.cores, settings, budget_s)
        except (WorkerDied, CellFailed) as error:
            figures = {"reason": error.message}
        line = msgspec.convert(place | figures, CeilingsLine)
        if quiet and _steady(line):
            write_cached(cache_folder(), name, line)
        yield line


def _wanted(plan: Plan) -> list[tuple[WorkerKey, str]]:
    """A worker key of each kind with each dtype, in the plan's order."""
    found: dict[tuple[str, ...], tuple[WorkerKey, str]] = {}
    for cell in (cell for group in plan.groups for cell in group.cells):
        key, dtype = cell.worker, cell.spec.dtype
        if key.device == "cpu":
            found.setdefault((dtype, key.threads, key.allocator), (key, dtype))
    return list(found.values())


def _steady(line: CeilingsLine) -> bool:
    rates = (line.bandwidth, line.compute)
    return all(each is not None and each.spread <= STEADY for each in rates)


def _measure(
    key: WorkerKey, dtype: str, cores: int, settings: Settings, budget_s: float
) -> dict[str, Any]:
    """Figures from a fresh process: its threads, allocator and BLAS are sized as a NumPy worker's.

    Raises: WorkerDied, CellFailed."""
    policy = key.policy(cores)
    process = Process(
        "xbench.worker.ceilings:main",
        {},
        worker_environment(load_backend("numpy").env(policy), key.allocator, settings.scratch),
        settings.logs / "ceilings.log",
    )
    try:
        return process.call(
            "measure", LIMIT_S, dtype=dtype, threads=policy.threads, budget_s=budget_s,
            memory_bytes=available_bytes(),
        )  # fmt: skip
    finally:
        process.kill()
