"""The machine at both ends of a fraction of a second in which we only wait."""

from __future__ import annotations

import time
from dataclasses import dataclass

from xbench.doctor import reading
from xbench.doctor.sharing import CpuTicks, parse_stat, process_shares
from xbench.machine import cgroup, files

SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters at one moment; `ticks` is None where there is no /proc."""

    at_s: float
    ticks: CpuTicks | None
    processes: dict[tuple[int, float], float]
    throttle_counts: dict[str, int]
    quota_stops: int
    swapped_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Two snapshots, the second later."""

    before: Snapshot
    after: Snapshot

    @property
    def shares(self) -> list[float]:
        """Cores that each process kept busy."""
        elapsed = self.after.at_s - self.before.at_s
        return process_shares(self.before.processes, self.after.processes, elapsed)

    def busy_cores(self, cores: int) -> float | None:
        """How many of the `cores` usable CPUs were busy; None where the kernel does not show it."""
        before, after = self.before.ticks, self.after.ticks
        if before is None or after is None or after.total <= before.total:
            return None
        return (after.busy - before.busy) / (after.total - before.total) * cores


def take_sample(seconds: float = SAMPLE_S) -> Sample:
    """Wait `seconds` between two snapshots; hardly any work of ours falls between them."""
    processes, first_s = reading.process_times(), time.monotonic()
    before = _snapshot(processes, first_s)
    time.sleep(seconds)
    after = _snapshot(None, time.monotonic())
    return Sample(before, after)


def _snapshot(processes: dict[tuple[int, float], float] | None, at_s: float) -> Snapshot:
    """`processes`: if they were listed already, which is the work that takes longest."""
    text = files.read("/proc/stat")
    _, _, swapped = reading.swap_bytes()
    return Snapshot(
        at_s=at_s,
        ticks=parse_stat(text, reading.usable_cpus()) if text else None,
        throttle_counts=reading.throttle_counts(),
        quota_stops=cgroup.throttled() if cgroup.visible() else 0,
        swapped_bytes=swapped,
        processes=reading.process_times() if processes is None else processes,
    )
