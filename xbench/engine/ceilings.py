"""The machine's ceilings for the cells of a plan: from the cache, or from a worker of their own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from xbench.cell import WorkerKey
from xbench.engine.device_ceilings import cache_name, kinds, measure_device
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.launch.environment import variables_of, worker_environment
from xbench.launch.process import Process
from xbench.machine.cache_folder import cache_folder
from xbench.plan.plan import Plan
from xbench.records.ceilings_cache import (
    ceilings_key,
    product_key,
    read_cached,
    write_cached,
)
from xbench.records.machine import available_bytes
from xbench.records.reach import PLACE, better, place_of
from xbench.records.schema import CeilingsLine, Figure
from xbench.registry import load_backend

KEY_PLACE = ("device", "math", "threads", "allocator")
BUDGET_S = 2.0
LIMIT_S = 120.0
PRODUCT_S = 0.3
PRODUCT_LIMIT_S = 60.0
STEADY = 0.25
"""Rates that spread further serve this run only, and so does all that was taken on a machine whose
load was above half of its cores. Page faults spread by as much on a quiet one."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One line that is wanted: for which cells, kept under which name, and how it is measured."""

    place: dict[str, str]
    name: str
    measure: Callable[[], dict[str, Any]]


def known_ceilings(
    plan: Plan, settings: Settings, had: Sequence[CeilingsLine] = (), budget_s: float = BUDGET_S
) -> Iterator[CeilingsLine]:
    """One line for each device, dtype, math, threads and allocator of the plan's cells. What the
    run has already (`had`) is left out. A failure is a line that says why."""
    quiet = os.getloadavg()[0] <= 0.5 * plan.cores
    there = [{name: getattr(line, name) for name in PLACE} for line in had]
    taken: dict[str, CeilingsLine] = {}
    for job in _jobs(plan, settings, budget_s):
        if job.place in there:
            continue
        line = taken.get(job.name)
        if line is None and not settings.fresh_ceilings:
            cached = read_cached(cache_folder(), job.name)
            line = cached and msgspec.structs.replace(cached, cached=True)
        if line is None:
            line = _taken(job)
            if quiet and _steady(line):
                write_cached(cache_folder(), job.name, line)
        taken[job.name] = line
        yield msgspec.structs.replace(line, **job.place)


def framework_products(
    plan: Plan, settings: Settings, workers: Workers, lines: Sequence[CeilingsLine]
) -> Iterator[CeilingsLine]:
    """The processor's lines again whose compute one of the plan's frameworks exceeds: NumPy's BLAS
    is not the best everywhere. Asked of the open workers, one of each backend; kept for a day."""
    for line in lines:
        if line.device != "cpu":
            continue
        best, by = line.compute, ""
        for key in _askable(plan, line):
            figure = _product(key, line, plan.cores, settings, workers)
            if figure is not None and (best is None or figure.best > best.best):
                best, by = figure, key.backend
        if by:
            yield msgspec.structs.replace(line, compute=best, by=by)


def _askable(plan: Plan, line: CeilingsLine) -> list[WorkerKey]:
    """A worker of each backend that serves cells of this line, an eager one if there is one."""
    found: dict[tuple[str, str], WorkerKey] = {}
    for cell in (cell for group in plan.groups for cell in group.cells):
        key = cell.worker
        if place_of(line) != cell.place:
            continue
        if key.backend != "numpy" and ((key.backend, key.side) not in found or key.mode == "eager"):
            found[key.backend, key.side] = key
    return list(found.values())


def _product(
    key: WorkerKey, line: CeilingsLine, cores: int, settings: Settings, workers: Workers
) -> Figure | None:
    """What a worker's own product reaches, from the cache if it is known; None if it has none."""
    try:
        worker = workers.get(key)
        version = str(workers.facts[key]["attest"].get("version"))
        threads, variables = key.policy(cores).threads, variables_of(settings.variables)
        name = product_key(
            key.backend, version, line.dtype, line.math, key.mode, threads, key.allocator,
            variables["variables"],
        )  # fmt: skip
        kept = None if settings.fresh_ceilings else read_cached(cache_folder(), name)
        if kept is not None:
            return kept.compute
        told = worker.call(
            "product_rate", PRODUCT_LIMIT_S, mode=key.mode, dtype=line.dtype, budget_s=PRODUCT_S
        )
        figure = msgspec.convert(told["compute"], Figure | None)
    except (WorkerDied, CellFailed, msgspec.ValidationError) as error:
        if isinstance(error, WorkerDied):
            workers.discard(key)
        return None
    if figure is not None and figure.spread <= STEADY:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        own = msgspec.structs.replace(line, compute=figure, by=key.backend, measured_utc=now)
        write_cached(cache_folder(), name, own)
    return figure


def measured_again(line: CeilingsLine, plan: Plan, settings: Settings) -> CeilingsLine:
    """A line measured now, with the better figure of then and now in each of its fields: a machine
    that was busy then must not refuse what is honest."""
    fresh = dataclasses.replace(settings, fresh_ceilings=True)
    for job in _jobs(plan, fresh, BUDGET_S):
        if tuple(job.place[name] for name in PLACE) == place_of(line):
            return better(line, _taken(job))
    return line


def _taken(job: _Job) -> CeilingsLine:
    """The line, measured now."""
    now = {"measured_utc": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        figures = job.measure()
    except (WorkerDied, CellFailed) as error:
        figures = {"reason": error.message}
    return msgspec.convert(job.place | now | figures, CeilingsLine)


def _jobs(plan: Plan, settings: Settings, budget_s: float) -> Iterator[_Job]:
    """Each kind of cell once, in the plan's order. A device's ceilings know neither threads nor
    allocator of the host: jobs that differ in these alone share a name."""
    devices, seen = kinds(plan), list[dict[str, str]]()
    for group in plan.groups:
        for cell in group.cells:
            key, dtype = cell.worker, cell.spec.dtype
            place = {"dtype": dtype} | {name: getattr(key, name) for name in KEY_PLACE}
            if place in seen:
                continue
            seen.append(place)
            if key.device == "cpu":
                threads, variables = (
                    key.policy(plan.cores).threads,
                    variables_of(settings.variables),
                )
                name = ceilings_key(dtype, threads, key.allocator, variables["variables"])
                measure = partial(_measure, key, dtype, plan.cores, settings, budget_s)
                yield _Job(place, name, measure)
            elif (kind := (key.device, dtype, key.math)) in devices:
                keys = devices[kind]
                measured = partial(measure_device, kind, keys, plan, settings, budget_s)
                yield _Job(place, cache_name(kind, keys), measured)


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
        worker_environment(
            load_backend("numpy").env(policy), key.allocator, settings.scratch, settings.variables
        ),
        settings.logs / "ceilings.log",
    )
    try:
        return process.call(
            "measure", LIMIT_S, dtype=dtype, threads=policy.threads, budget_s=budget_s,
            memory_bytes=available_bytes(),
        )  # fmt: skip
    finally:
        process.kill()
