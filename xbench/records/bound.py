"""What holds a cell back: its rates against the machine's ceilings, and what explains its time.

Thresholds. `allocation` and `launch` are floors: page faults and empty calls are counted at their
cheapest, and each brings more (pages are unmapped again, caches are cold, autograd records), so
that 30 % of the time is enough to name them; `allocation` comes first, since it also makes the
rates low. `compute` and `bandwidth` are ceilings: a cell at half of one cannot be made more than
twice as fast without computing or moving less. Of those past their threshold the largest share
gives the name.

A cell's bytes are held against the ceiling of the cache level that they fit (`records/reach.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from xbench.records.reach import Reach, place_of, reach
from xbench.records.schema import CeilingsLine, CellPlan, Figure, WorkerLine

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
    return plan.eager_bytes if plan.mode == "eager" else plan.min_bytes


def find_ceilings(plan: CellPlan, lines: Iterable[CeilingsLine]) -> CeilingsLine | None:
    """The ceilings that hold for a cell: the last ones, where they were measured again."""
    fitting = [line for line in lines if place_of(line) == place_of(plan)]
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
        flop_per_s * 1e-9, bytes_per_s * 1e-9, compute, bandwidth, allocation, launch,
        name_bound(compute, bandwidth, allocation, launch), data.place if data else "",
    )  # fmt: skip


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
    return reach(ceilings, plan.min_bytes, plan.cache == "warm") if ceilings else None


def _over(rate: float, ceiling: Figure | None) -> float | None:
    if ceiling is None or ceiling.best <= 0.0 or rate <= 0.0:
        return None
    return rate / ceiling.best
