"""What the samples of a cell's launches say beside its time."""

from __future__ import annotations

from statistics import fmean, geometric_mean, median

from xbench.records.schema import CellLine
from xbench.stats.spread import disturbed_share


def faults(lines: list[CellLine]) -> float:
    """Page faults of a call as its time is taken: a launch's median, here with their mean."""
    medians = [
        median(line.timed.minor_faults) / line.calls for line in lines if line.timed.minor_faults
    ]
    return fmean(medians) if medians else 0.0


def latency(lines: list[CellLine]) -> float | None:
    """The geometric mean over launches of their medians."""
    medians = [median(line.latency.wall_ns) for line in lines if line.latency.wall_ns]
    return geometric_mean(medians) * 1e-9 if medians and min(medians) > 0 else None


def device(lines: list[CellLine]) -> float | None:
    """The geometric mean over launches of the median time that a call took by the device's own
    events, where it has such."""
    medians = [median(line.timed.device_ns) / line.calls for line in lines if line.timed.device_ns]
    return geometric_mean(medians) * 1e-9 if medians and min(medians) > 0 else None


def disturbed(lines: list[CellLine]) -> float | None:
    """The share of bursts that waited for a core longer than is usual."""
    waited = [
        wait / wall
        for line in lines
        for wait, wall in zip(line.timed.wait_ns, line.timed.wall_ns, strict=False)
    ]
    return disturbed_share(waited) if waited else None


def restless(lines: list[CellLine]) -> float | None:
    """CPU time while others were timed, over the bursts' time. Before a launch's first burst its
    worker was warming up, and rightly busy."""
    wall = sum(sum(line.timed.wall_ns[1:]) for line in lines)
    return sum(sum(line.timed.idle_cpu_ns[1:]) for line in lines) / wall if wall else None


def cores_busy(lines: list[CellLine]) -> float:
    """Processor time over wall time, of all bursts."""
    wall = sum(sum(line.timed.wall_ns) for line in lines)
    return sum(sum(line.timed.cpu_ns) for line in lines) / wall if wall else 0.0
