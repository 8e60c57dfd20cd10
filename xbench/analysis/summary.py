"""One line a cell: what compare, gate, history and the report start from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import isfinite, log
from statistics import fmean, geometric_mean, median
from typing import Any

import msgspec

from xbench.analysis.bound import (
    Bound,
    Cause,
    Timing,
    explain,
    find_ceilings,
    launch_cost_s,
)
from xbench.analysis.interval import IMPRECISE, Estimate, location, over_launches
from xbench.analysis.spread import LOW, Outliers, disturbed_share, outliers, quantile
from xbench.errors import Status
from xbench.keys import WorkerKey
from xbench.records.read import Run
from xbench.records.schema import CeilingsLine, CellLine, CellPlan, Int64, WorkerLine
from xbench.text import show_seconds

# What the samples of a cell's launches say beside its time.


def mean_faults_per_call(lines: list[CellLine]) -> float:
    """Page faults of a call as its time is taken: a launch's median, here with their mean."""
    medians = [
        median(line.timed.minor_faults) / line.calls for line in lines if line.timed.minor_faults
    ]
    return fmean(medians) if medians else 0.0


def mean_latency_s(lines: list[CellLine]) -> float | None:
    """The geometric mean over launches of their medians."""
    medians = [median(line.latency.wall_ns) for line in lines if line.latency.wall_ns]
    return geometric_mean(medians) * 1e-9 if medians and min(medians) > 0 else None


def mean_device_s(lines: list[CellLine]) -> float | None:
    """The geometric mean over launches of the median time that a call took by the device's own
    events, where it has such."""
    medians = [median(line.timed.device_ns) / line.calls for line in lines if line.timed.device_ns]
    return geometric_mean(medians) * 1e-9 if medians and min(medians) > 0 else None


def disturbed_bursts_share(lines: list[CellLine]) -> float | None:
    """The share of bursts that waited for a core longer than is usual."""
    waited = [
        wait / wall
        for line in lines
        for wait, wall in zip(line.timed.wait_ns, line.timed.wall_ns, strict=False)
    ]
    return disturbed_share(waited) if waited else None


def restless_share(lines: list[CellLine]) -> float | None:
    """CPU time while others were timed, over the bursts' time. Before a launch's first burst its
    worker was warming up, and rightly busy."""
    wall = sum(sum(line.timed.wall_ns[1:]) for line in lines)
    return sum(sum(line.timed.idle_cpu_ns[1:]) for line in lines) / wall if wall else None


def cores_busy(lines: list[CellLine]) -> float:
    """Processor time over wall time, of all bursts."""
    wall = sum(sum(line.timed.wall_ns) for line in lines)
    return sum(sum(line.timed.cpu_ns) for line in lines) / wall if wall else 0.0


class CellSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A cell over all launches. Times are seconds of one call; None where there is no number.

    `launch_s`: each launch's median; `low_s`, `high_s`: the 95 % interval of their geometric
    mean; `first_s`: the first call of the first launch (compiles, traces); `overhead`: the
    harness's share of a sample, the largest of all launches; `latency_s`: a call alone, where
    bursts hold more; `device_s`: a call by the device's own events; `p10_s`: what the calls of
    a tenth of all bursts took at most; `outliers_*`: how many bursts are outliers in their
    launch (see `spread.Outliers`), which count like any other; `disturbed`: the share of bursts
    in which threads waited for a core longer than is usual for the cell; `restless`: the CPU
    time its worker used while others were timed, over its bursts' time; `cores_busy`: processor
    time over wall time; from `gflop_per_s` on: what explains the time (see `bound.Cause`);
    `peak_bytes`: the memory it needs at its most, if asked for (`worker/peak.py`)."""

    plan: CellPlan
    status: Status
    reason: str
    launch_s: list[float]
    time_s: float | None
    low_s: float | None
    high_s: float | None
    first_s: float | None
    build_s: float | None
    open_s: float | None
    calls: int
    rounds: int
    overhead: float | None
    converged: bool
    check: dict[str, str]
    faults_per_call: float | None
    environment_hash: str
    unchecked: str = ""
    latency_s: float | None = None
    device_s: float | None = None
    p10_s: float | None = None
    outliers_low_severe: int | None = None
    outliers_low_mild: int | None = None
    outliers_high_mild: int | None = None
    outliers_high_severe: int | None = None
    disturbed: float | None = None
    restless: float | None = None
    cores_busy: float | None = None
    gflop_per_s: float | None = None
    gbyte_per_s: float | None = None
    compute_fraction: float | None = None
    bandwidth_fraction: float | None = None
    allocation_share: float | None = None
    launch_share: float | None = None
    bound: Bound = ""
    place: str = ""
    peak_bytes: Int64 | None = None

    @property
    def id(self) -> str:
        """The cell's id."""
        return self.plan.key.id

    @property
    def min_gbyte_per_s(self) -> float | None:
        """The rate of the bytes that any mode must move, in GB/s."""
        return None if self.time_s is None else self.plan.min_bytes / self.time_s * 1e-9


def summarise(run: Run) -> list[CellSummary]:
    """Every planned cell in plan order, refused ones too."""
    lines: dict[str, list[CellLine]] = {}
    for group in run.groups:
        for line in group.cells:
            lines.setdefault(line.id, []).append(line)
    workers: dict[WorkerKey, list[WorkerLine]] = {}
    for worker in run.workers:
        workers.setdefault(worker.worker, []).append(worker)
    environment = _environment_hash(run.header.environment)
    peak = {line.id: line.peak_bytes for line in run.memory}
    return [
        summarise_cell(
            plan,
            lines.get(plan.id, []),
            workers.get(plan.key.worker, []),
            find_ceilings(plan, run.ceilings),
            environment,
            _left_out(run, plan),
            peak.get(plan.id),
        )
        for plan in run.header.cells
    ]


def per_call_s(line: CellLine) -> list[float]:
    """Seconds of one call in each round, to the last bit as pytest-benchmark works them out."""
    return [wall * 1e-9 / line.calls for wall in line.timed.wall_ns]


def summarise_cell(
    plan: CellPlan,
    lines: list[CellLine],
    workers: Sequence[WorkerLine] = (),
    ceilings: CeilingsLine | None = None,
    environment: str = "",
    left_out: str = "",
    peak_bytes: int | None = None,
) -> CellSummary:
    """A cell from its lines, one a launch, and from what its workers said when they opened;
    `left_out` says why it may have no lines."""
    timed = [sorted(per_call_s(line)) for line in lines if line.calls > 0]
    status, reason, estimate, launch_s = _judge(plan, lines, timed, left_out)
    good = [line for line in lines if line.status == "ok"] if estimate else []
    calls = sum(line.calls * len(line.timed.wall_ns) for line in good)
    faults = mean_faults_per_call(good)
    imports = [worker.open_ns for worker in workers]
    busy = cores_busy(good)
    cause = Cause()
    if estimate is not None:
        timing = Timing(estimate.value, busy, faults)
        cause = explain(plan, timing, ceilings, launch_cost_s(plan, workers))
    return CellSummary(
        plan=plan,
        status=status,
        reason=reason,
        launch_s=launch_s,
        time_s=estimate.value if estimate else None,
        low_s=estimate.low if estimate else None,
        high_s=estimate.high if estimate else None,
        first_s=good[0].first_ns * 1e-9 if good else None,
        build_s=good[0].build_ns * 1e-9 if good else None,
        open_s=sorted(imports)[len(imports) // 2] * 1e-9 if imports else None,
        calls=good[0].calls if good else 0,
        rounds=sum(len(line.timed.wall_ns) for line in good),
        overhead=max(line.overhead for line in good) if good else None,
        converged=bool(good) and all(line.warmup_converged for line in good),
        check=good[0].check if good else {},
        faults_per_call=faults if calls else None,
        environment_hash=environment,
        unchecked=next((line.unchecked for line in good if line.unchecked), ""),
        latency_s=mean_latency_s(good),
        device_s=mean_device_s(good),
        **_spread(timed if good else []),
        disturbed=disturbed_bursts_share(good),
        restless=restless_share(good),
        cores_busy=busy if calls else None,
        **_fields(cause),
        peak_bytes=peak_bytes if estimate else None,
    )


def _left_out(run: Run, plan: CellPlan) -> str:
    call = show_seconds(plan.predicted_s)
    if run.footer is not None and run.footer.outcome == "budget":
        return f"left out by the budget; one call is predicted to take {call}"
    return f"the run ended before it was measured; one call is predicted to take {call}"


def _spread(launches: list[list[float]]) -> dict[str, Any]:
    """The low quantile over all bursts; outliers by launch, since each has a level of its own."""
    if not launches:
        return {}
    found = sum(map(outliers, launches), Outliers())
    low = quantile([each for one in launches for each in one], LOW)
    return {"p10_s": low} | {f"outliers_{name}": n for name, n in _fields(found).items()}


def _fields(found: Cause | Outliers) -> dict[str, Any]:
    """By name; `dataclasses.asdict` copies each of them, which was a sixth of all summarising."""
    return {name: getattr(found, name) for name in found.__slots__}


def _judge(
    plan: CellPlan, lines: list[CellLine], timed: list[list[float]], left_out: str
) -> tuple[Status, str, Estimate | None, list[float]]:
    """The cell's status, why, and its time with the launches it rests on. `timed`: the seconds of
    each launch's calls, in order of size, as far as it has any."""
    if plan.status is not None:
        return plan.status, plan.reason, None, []
    for line in lines:
        if line.status != "ok":
            return line.status, line.reason, None, []
    if not lines:
        return "skipped", left_out, None, []
    whole = len(timed) == len(lines) and all(each and each[0] > 0.0 for each in timed)
    launch_s = [location(each) for each in timed] if whole else [0.0]
    if not all(isfinite(each) and each > 0.0 for each in launch_s):
        return "invalid", "its journal holds times that are not positive", None, []
    estimate = over_launches([log(each) for each in launch_s])
    low, high = estimate.low, estimate.high
    if low is not None and high is not None and high > IMPRECISE * low:
        ends = f"{show_seconds(low)} and {show_seconds(high)}"
        reason = f"known only to lie between {ends}; more launches would tell"
        return "imprecise", reason, estimate, launch_s
    return "ok", "", estimate, launch_s


def _environment_hash(environment: dict[str, Any]) -> str:
    steady = {
        name: environment.get(name)
        for name in ("machine_key", "os", "libc", "python", "governor", "thp", "variables")
    }
    return hashlib.sha256(repr(sorted(steady.items())).encode()).hexdigest()[:12]
