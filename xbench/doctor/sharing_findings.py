"""Who else wants the processor: other processes, other guests, a container's quota.

Also the sample of half a second that these checks, and others, are made from."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import floor

from xbench import files
from xbench.doctor.finding import Finding, by_amount
from xbench.machine import cgroup, live_state
from xbench.machine.lock import LockHolder
from xbench.text import percent, plural

BUSY_SHARE = 0.05
"""A process that keeps more of a core than this busy counts as a busy one."""
NOTED_CORES, WARNED_CORES = 0.1, 0.3
"""Cores kept busy by others from which it is noted, and warned of."""
NOTED_LOAD, WARNED_LOAD = 0.1, 0.5
"""The same for the load average, of each usable CPU."""
STEAL_NOTED, STEAL_WARNED = 0.002, 0.01
"""The same for the share of CPU time that is stolen."""


@dataclass(frozen=True, slots=True)
class CpuTicks:
    """Clock ticks of some CPUs together since boot."""

    busy: int
    stolen: int
    total: int


def parse_stat(text: str, cpus: Collection[int]) -> CpuTicks | None:
    """/proc/stat, summed over `cpus`, or over all where it does not list them singly.

    None if it counts nothing. Guest time is part of user time there, and not added again."""
    lines = [line.split() for line in text.splitlines() if line.startswith("cpu")]
    wanted = {f"cpu{number}" for number in cpus}
    chosen = [line for line in lines if line[0] in wanted] or lines[:1]
    sums = [sum(map(int, column)) for column in zip(*(line[1:9] for line in chosen), strict=False)]
    if len(sums) < 8 or not any(sums):
        return None
    user, nice, system, idle, iowait, irq, softirq, stolen = sums
    busy = user + nice + system + irq + softirq
    return CpuTicks(busy, stolen, busy + idle + iowait + stolen)


def load(averages: tuple[float, float, float], cores: int) -> Finding:
    """`averages`: runnable processes over 1, 5 and 15 minutes."""
    now = averages[0]
    level = by_amount(now / cores, NOTED_LOAD, WARNED_LOAD)
    return Finding(
        "load average",
        level,
        f"{now:.2f} over the last minute, {averages[1]:.2f} over five, on {plural(cores, 'CPU')}",
        "whatever ran lately may run again during a round",
        "end other work and wait until the load has fallen:",
        "uptime",
        {"load_1min": now, "load_5min": averages[1], "load_15min": averages[2]},
    )


def steal(before: CpuTicks | None, after: CpuTicks | None) -> Finding | None:
    """CPU time that the hypervisor gave to other guests: in the sample, and since boot."""
    if before is None or after is None:
        return None
    passed = after.total - before.total
    now = (after.stolen - before.stolen) / passed if passed > 0 else 0.0
    boot = after.stolen / after.total if after.total else 0.0
    level = by_amount(max(now, boot), STEAL_NOTED, STEAL_WARNED)
    return Finding(
        "steal time",
        level,
        f"{percent(now)} of CPU time now, {percent(boot)} since boot",
        "the hypervisor runs other guests on these CPUs, and a clock counts that as ours",
        "use dedicated CPUs or bare metal; failing that, take more launches:",
        "xbench run --launches 5",
        {"now_share": now, "boot_share": boot},
    )


def others(shares: Collection[float], busy_cores: float | None, cores: int) -> Finding:
    """`shares`: cores each visible process kept busy over the sample, ours left out; `busy_cores`:
    how many of the usable CPUs were busy meanwhile, whoever with; None where that is not shown."""
    busy = sorted((share for share in shares if share > BUSY_SHARE), reverse=True)
    used = sum(shares) if busy_cores is None else busy_cores
    level = by_amount(used, NOTED_CORES, WARNED_CORES)
    each = (
        f", {plural(len(busy), 'process', 'processes')} above {percent(BUSY_SHARE)} of a core"
        if busy
        else ""
    )
    unseen = ", by processes not visible here" if level != "ok" and not busy else ""
    return Finding(
        "other processes",
        level,
        f"{used:.2f} of {plural(cores, 'CPU')} busy with other work{each}{unseen}",
        "xbench uses all cores, so whoever else runs takes time from whatever is being timed",
        "find them, and end them:",
        "top -o cpu" if sys.platform == "darwin" else "top -o %CPU",
        {"busy_cores": used, "busy_processes": len(busy), "highest_share": max(busy, default=0.0)},
    )


def other_run(holder: LockHolder | None) -> Finding:
    """`holder`: the process that holds the lock of this machine, if any does."""
    why = "two runs disturb each other, so the second waits for the first"
    if holder is None:
        return Finding("other run", "ok", "nobody else measures here", why)
    values = {"pid": holder.pid, "since": holder.since_utc}
    todo = "let it end, or end it:"
    return Finding("other run", "warning", str(holder), why, todo, f"kill {holder.pid}", values)


def quota(allowed: float | None, usable: Collection[int], throttled: int) -> Finding:
    """`allowed`: cores' worth of CPU time a cgroup grants, None without a limit; `throttled`: how
    often it stopped us during the sample."""
    cores = len(usable)
    values = {"cores_allowed": allowed, "cpus": cores, "throttled": throttled}
    why = "beyond the quota the kernel stops every thread until the period ends, mid-burst too"
    if allowed is None or allowed >= cores:
        seen = "none" if allowed is None else f"{allowed:g} CPUs, for {cores} usable"
        return Finding("CPU quota", "ok", seen, why, values=values)
    whole = floor(allowed)
    now = f", stopped {plural(throttled, 'time')} just now" if throttled else ""
    seen = f"{allowed:g} CPUs' worth of time for {plural(cores, 'usable CPU')}{now}"
    if whole < 1:
        todo = "give the container whole CPUs, with docker for instance:"
        command = f"docker run --cpus={cores} …"
        return Finding("CPU quota", "problem", seen, why, todo, command, values)
    some = ",".join(map(str, sorted(usable)[:whole]))
    todo = "raise the quota, or use no more CPUs than it pays for:"
    command = f"taskset -c {some} xbench run"
    return Finding("CPU quota", "warning", seen, why, todo, command, values)


def process_shares(
    before: Mapping[tuple[int, float], float],
    after: Mapping[tuple[int, float], float],
    elapsed_s: float,
) -> list[float]:
    """Cores each process kept busy. Keys are (process id, start), values its CPU seconds."""
    return [max(0.0, after[key] - before[key]) / elapsed_s for key in after.keys() & before.keys()]


# The machine at both ends of a fraction of a second in which we only wait.

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


def take_sample() -> Sample:
    """Wait `SAMPLE_S` between two snapshots; hardly any work of ours falls between them."""
    processes, first_s = live_state.process_times(), time.monotonic()
    before = _snapshot(processes, first_s)
    time.sleep(SAMPLE_S)
    after = _snapshot(None, time.monotonic())
    return Sample(before, after)


def _snapshot(processes: dict[tuple[int, float], float] | None, at_s: float) -> Snapshot:
    """`processes`: if they were listed already, which is the work that takes longest."""
    text = files.read("/proc/stat")
    _, _, swapped = live_state.swap_bytes()
    return Snapshot(
        at_s=at_s,
        ticks=parse_stat(text, live_state.usable_cpus()) if text else None,
        throttle_counts=live_state.throttle_counts(),
        quota_stops=cgroup.throttled() if cgroup.visible() else 0,
        swapped_bytes=swapped,
        processes=live_state.process_times() if processes is None else processes,
    )
