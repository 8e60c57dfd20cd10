"""The machine's ceilings for the cells of a plan: from the cache, or from a worker of their own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from xbench.analysis.bound import better
from xbench.engine.ceilings_cache import (
    ceilings_key,
    device_key,
    product_key,
    read_cached,
    write_cached,
)
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.files import cache_folder
from xbench.keys import WorkerKey
from xbench.machine.machine import available_bytes
from xbench.plan.plan import Plan
from xbench.process.child import ChildProcess
from xbench.process.environment import variables_of, worker_environment
from xbench.process.messages import (
    CacheRate,
    CeilingsReply,
    DeviceCeilingsRequest,
    MeasureRequest,
    ProductRequest,
    Rate,
)
from xbench.records.schema import (
    PLACE,
    CacheBandwidth,
    CeilingsLine,
    Figure,
    WorkerLine,
    place_of,
)
from xbench.registry import load_backend

# The ceilings of devices other than the CPU: the best that any framework of the plan reaches.

DEVICE_LIMIT_S = 180.0
Kind = tuple[str, str, str]
"""Device, dtype and math: what decides a device's ceilings."""

Measured = tuple[CeilingsReply, str]
"""What was measured, and by which frameworks, if by any but NumPy."""


def kinds(plan: Plan) -> dict[Kind, list[WorkerKey]]:
    """What is to be known of the plan's devices, and the workers it may be asked of: an eager one
    of each backend that has one there, else any."""
    found: dict[Kind, dict[str, WorkerKey]] = {}
    for cell in (cell for group in plan.groups for cell in group.cells):
        key = cell.worker
        if key.device == "cpu" or key.side:
            continue
        mine = found.setdefault((key.device, cell.spec.dtype, key.math), {})
        if key.backend not in mine or key.mode == "eager":
            mine[key.backend] = key
    return {kind: list(keys.values()) for kind, keys in found.items()}


def cache_name(kind: Kind, keys: list[WorkerKey]) -> str:
    """The file that keeps these ceilings."""
    by = (f"{key.backend} {load_backend(key.backend).probe().version}" for key in keys)
    return device_key(*kind, by=tuple(sorted(by)))


def measure_device(
    kind: Kind, keys: list[WorkerKey], plan: Plan, settings: Settings, budget_s: float
) -> Measured:
    """Each figure the best of the frameworks, one after another, and whose they are.

    Raises: CellFailed, WorkerDied if none of them could measure; the last one's reason."""
    replies: dict[str, CeilingsReply] = {}
    error: CellFailed | WorkerDied | None = None
    for key in (replace(key, threads="all") for key in keys):
        with Workers(settings, 0, plan.cores, _unrecorded) as workers:
            try:
                request = DeviceCeilingsRequest(key.mode, kind[1], budget_s)
                replies[key.backend] = workers.get(key).ask(request, DEVICE_LIMIT_S)
            except (CellFailed, WorkerDied) as found:
                error = found
    if not replies:
        raise error or CellFailed("unsupported", "no framework of this run reaches the device")
    told = replies.values()
    streamed = max(told, key=lambda each: _best(each.bandwidth))
    multiplied = max(told, key=lambda each: _best(each.compute))
    best = CeilingsReply(
        bandwidth=streamed.bandwidth,
        compute=multiplied.compute,
        caches=_fastest_caches(told),
        array_bytes=streamed.array_bytes,
        cache_bytes=max(each.cache_bytes for each in told),
        matrix_n=multiplied.matrix_n,
    )
    return best, ", ".join(replies)


def _fastest_caches(replies: Iterable[CeilingsReply]) -> list[CacheRate]:
    """The caches of the reply whose first is the fastest; none if nobody knows of any."""
    known = [each.caches for each in replies if each.caches]
    return max(known, key=lambda caches: caches[0].bandwidth.best, default=[])


def _best(rate: Rate | None) -> float:
    return rate.best if rate is not None else 0.0


def _unrecorded(line: WorkerLine) -> None:
    """The journal's worker lines are of those that time cells."""


# The ceilings of a run: those kept from before, or measured now.

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
    measure: Callable[[], Measured]


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
        if place_of(line) != cell.key.place:
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
        version = str(workers.facts[key].attest.get("version"))
        threads, variables = key.policy(cores).threads, variables_of(settings.variables)
        name = product_key(
            key.backend,
            version,
            line.dtype,
            line.math,
            key.mode,
            threads,
            key.allocator,
            variables["variables"],
        )
        kept = None if settings.fresh_ceilings else read_cached(cache_folder(), name)
        if kept is not None:
            return kept.compute
        request = ProductRequest(key.mode, line.dtype, PRODUCT_S)
        figure = _known(worker.ask(request, PRODUCT_LIMIT_S).compute)
    except (WorkerDied, CellFailed) as error:
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
    place = job.place
    line = CeilingsLine(
        device=place["device"],
        dtype=place["dtype"],
        math=place["math"],
        threads=place["threads"],
        allocator=place["allocator"],
        measured_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        found, by = job.measure()
    except (WorkerDied, CellFailed) as error:
        return msgspec.structs.replace(line, reason=error.message)
    return msgspec.structs.replace(
        line,
        by=by,
        bandwidth=_known(found.bandwidth),
        caches=[_cache(each) for each in found.caches],
        compute=_known(found.compute),
        fault_ns=_known(found.fault_ns),
        array_bytes=found.array_bytes,
        cache_bytes=found.cache_bytes,
        matrix_n=found.matrix_n,
        page_bytes=found.page_bytes,
        reason=found.reason,
    )


def _known(rate: Rate | None) -> Figure | None:
    return None if rate is None else _figure(rate)


def _figure(rate: Rate) -> Figure:
    return Figure(rate.best, rate.spread, rate.repeats)


def _cache(rate: CacheRate) -> CacheBandwidth:
    bandwidth = _figure(rate.bandwidth)
    return CacheBandwidth(level=rate.level, size_bytes=rate.size_bytes, bandwidth=bandwidth)


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
) -> Measured:
    """Figures from a fresh process: its threads, allocator and BLAS are sized as a NumPy worker's.

    Raises: WorkerDied, CellFailed."""
    policy = key.policy(cores)
    process = ChildProcess(
        "xbench.worker.cpu_ceilings:main",
        {},
        worker_environment(
            load_backend("numpy").env(policy), key.allocator, settings.scratch, settings.variables
        ),
        settings.logs / "ceilings.log",
    )
    try:
        request = MeasureRequest(dtype, policy.threads, budget_s, available_bytes())
        return process.ask(request, LIMIT_S), ""
    finally:
        process.kill()
