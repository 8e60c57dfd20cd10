"""What holds a cell back: its rates against the machine's ceilings, and what explains its time.

Thresholds. `allocation` and `launch` are floors: page faults and empty calls are counted at their
cheapest, and each brings more (pages are unmapped again, caches are cold, autograd records), so
that 30 % of the time is enough to name them; `allocation` comes first, since it also makes the
rates low. `compute` and `bandwidth` are ceilings: a cell at half of one cannot be made more than
twice as fast without computing or moving less. Of those past their threshold the largest share
gives the name.

A cell's bytes are held against the ceiling of the cache level that they fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Literal

import msgspec

from xbench.keys import DEFAULT_CACHE
from xbench.records.schema import CeilingsLine, CellPlan, Figure, WorkerLine, ceiling_key

# What a cell could reach at most, by the machine's ceilings: its bytes and its arithmetic.

MEMORY = "memory"


def better(one: CeilingsLine, other: CeilingsLine) -> CeilingsLine:
    """A line with the better figure of two for the same cells in each of its fields."""
    caches = [
        other_level if other_level.bandwidth.best > level.bandwidth.best else level
        for level, other_level in zip(one.caches, other.caches, strict=False)
    ]
    return msgspec.structs.replace(
        one,
        caches=caches or other.caches,
        bandwidth=_better(one.bandwidth, other.bandwidth),
        compute=_better(one.compute, other.compute),
    )


def _better(one: Figure | None, other: Figure | None) -> Figure | None:
    known = [each for each in (one, other) if each is not None]
    return max(known, key=lambda each: each.best, default=None)


@dataclass(frozen=True, slots=True)
class Reach:
    """Bytes/s of data that are used again and again, and the farthest place that they need: `L2`,
    `memory`. `spread`: how far the readings of that ceiling lay apart, as a share."""

    bytes_per_s: float
    place: str
    spread: float


def reach(ceilings: CeilingsLine, footprint_bytes: int, warm: bool = True) -> Reach | None:
    """The bandwidth ceiling of so many distinct bytes, which caches may hold if they are `warm`;
    None if none was measured.

    At best each level of cache keeps as much of them as it holds, and each part moves at its
    level's own speed. So the ceiling falls from one level's figure to the next one's, and no
    figure of a cell that is partly in a cache lies above it."""
    if footprint_bytes <= 0:
        return None
    caches = ceilings.caches if warm else []
    steps = [(f"L{each.level}", each.size_bytes, each.bandwidth) for each in caches]
    if ceilings.bandwidth is not None:
        steps.append((MEMORY, footprint_bytes, ceilings.bandwidth))
    steps = [each for each in steps if each[1] > 0 and 0.0 < each[2].best < inf]
    if not steps:
        return None
    left, seconds, slowest = footprint_bytes, 0.0, steps[-1]
    for name, size, figure in _no_faster(steps):
        part = min(left, size)
        left, seconds, slowest = left - part, seconds + part / figure.best, (name, size, figure)
        if left == 0:
            break
    if left:  # the memory's figure is missing: as fast as the last cache, which it is not
        seconds += left / slowest[2].best
    return Reach(footprint_bytes / seconds, slowest[0], slowest[2].spread)


def bandwidths(line: CeilingsLine) -> dict[str, float]:
    """Bytes a second by place, the nearest cache first, memory last."""
    found = {f"L{each.level}": each.bandwidth.best for each in line.caches}
    return found | ({MEMORY: line.bandwidth.best} if line.bandwidth else {})


def _no_faster(steps: list[tuple[str, int, Figure]]) -> list[tuple[str, int, Figure]]:
    """The steps, each at least as fast as those behind it: a nearer level that was measured slower
    was measured badly."""
    found: list[tuple[str, int, Figure]] = []
    best: Figure | None = None
    for name, size, figure in reversed(steps):
        best = figure if best is None or figure.best > best.best else best
        found.insert(0, (name, size, best))
    return found


@dataclass(frozen=True, slots=True)
class Least:
    """The least seconds that a call's work needs, `because` of what, and the share by which the
    ceiling behind it is uncertain."""

    seconds: float
    because: str
    spread: float


def least_time(
    flop: int, least_bytes: int, ceilings: CeilingsLine, warm: bool = True
) -> Least | None:
    """The least time of a call that computes so much and moves so many bytes, each once; None if
    no ceiling says anything of it. `warm`: caches may hold them."""
    found: list[Least] = []
    at_best = reach(ceilings, least_bytes, warm)
    if at_best is not None:
        rate = f"{at_best.bytes_per_s * 1e-9:.3g} GB/s"
        because = f"moving {least_bytes:,} bytes at the {rate} that {at_best.place} reaches here"
        found.append(Least(least_bytes / at_best.bytes_per_s, because, at_best.spread))
    compute = ceilings.compute
    if compute is not None and flop > 0:
        rate = f"{compute.best * 1e-9:.3g} GFLOP/s"
        because = f"{flop:,} operations at the {rate} that products reach here"
        found.append(Least(flop / compute.best, because, compute.spread))
    return max(found, key=lambda each: each.seconds, default=None)


Bound = Literal["allocation", "bandwidth", "compute", "launch", ""]
FLOOR_SHARE = 0.3
CEILING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Timing:
    """What was measured of a cell: seconds of a call, cores kept busy, page faults a call."""

    time_s: float
    cores_busy: float
    faults_per_call: float


@dataclass(frozen=True, slots=True)
class Cause:
    """Rates of a cell and the shares of its time that they explain; None: unknown.

    `gflop_per_s`, `gbyte_per_s`: work of the cost model over time, and as fractions of the ceilings
    (`compute_fraction`, `bandwidth_fraction`). `place`: where its data are at best, `L1` to
    `memory`, whose ceiling the bandwidth is held against.
    `allocation_share`: page faults times the cost of one, over the processor time of a call.
    `launch_share`: an empty call and, in eager mode, the op's operators on single entries, over the
    time."""

    gflop_per_s: float | None = None
    gbyte_per_s: float | None = None
    compute_fraction: float | None = None
    bandwidth_fraction: float | None = None
    allocation_share: float | None = None
    launch_share: float | None = None
    bound: Bound = ""
    place: str = ""


def moved_bytes(plan: CellPlan) -> int:
    """Bytes a call moves in its mode: eagerly one kernel an operator, else at best all fused."""
    return plan.eager_bytes if plan.key.mode == "eager" else plan.min_bytes


def find_ceilings(plan: CellPlan, lines: Iterable[CeilingsLine]) -> CeilingsLine | None:
    """The ceilings that hold for a cell: the last ones, where they were measured again."""
    fitting = [line for line in lines if ceiling_key(line) == plan.key.ceiling_key]
    return fitting[-1] if fitting else None


def launch_cost_s(plan: CellPlan, workers: Iterable[WorkerLine]) -> float | None:
    """Seconds a call of the cell costs its worker without any work, the median of all launches;
    None where the worker did not say, or the op does not say how many operators it takes."""
    if plan.operators is None:
        return None
    costs = [
        worker.dispatch_ns + plan.operators * worker.operator_ns
        for worker in workers
        if worker.dispatch_ns > 0
    ]
    return median(costs) * 1e-9 if costs else None


def explain(
    plan: CellPlan, timing: Timing, ceilings: CeilingsLine | None, launch_s: float | None
) -> Cause:
    """Rates, shares and the bound of a cell that has a time; `launch_s` as `launch_cost_s`."""
    time_s = timing.time_s
    flop_per_s, bytes_per_s = plan.flop / time_s, moved_bytes(plan) / time_s
    compute = _over(flop_per_s, ceilings.compute if ceilings else None)
    data = _data(plan, ceilings)
    bandwidth = bytes_per_s / data.bytes_per_s if data and bytes_per_s > 0.0 else None
    allocation = None
    if ceilings is not None and ceilings.fault_ns is not None:
        faults_s = timing.faults_per_call * ceilings.fault_ns.best * 1e-9
        allocation = faults_s / (time_s * max(1.0, timing.cores_busy))
    launch = None if launch_s is None else launch_s / time_s
    return Cause(
        flop_per_s * 1e-9,
        bytes_per_s * 1e-9,
        compute,
        bandwidth,
        allocation,
        launch,
        name_bound(compute, bandwidth, allocation, launch),
        data.place if data else "",
    )


def name_bound(
    compute: float | None, bandwidth: float | None, allocation: float | None, launch: float | None
) -> Bound:
    """What explains a time, by the thresholds above; "" if nothing measured does. `bandwidth` is of
    the level of cache that the data fit."""
    if allocation is not None and allocation >= FLOOR_SHARE:
        return "allocation"
    shares: dict[Bound, float] = {}
    if compute is not None and compute >= CEILING_SHARE:
        shares["compute"] = compute
    if bandwidth is not None and bandwidth >= CEILING_SHARE:
        shares["bandwidth"] = bandwidth
    if launch is not None and launch >= FLOOR_SHARE:
        shares["launch"] = launch
    return max(shares, key=lambda name: shares[name], default="")


def _data(plan: CellPlan, ceilings: CeilingsLine | None) -> Reach | None:
    """The ceiling of a cell's data: of all that it touches, each byte once. A cold cell's copies
    are in no cache."""
    return reach(ceilings, plan.min_bytes, plan.key.cache == DEFAULT_CACHE) if ceilings else None


def _over(rate: float, ceiling: Figure | None) -> float | None:
    if ceiling is None or ceiling.best <= 0.0 or rate <= 0.0:
        return None
    return rate / ceiling.best
