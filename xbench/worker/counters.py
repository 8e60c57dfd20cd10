"""What is read around every burst: clocks, page faults, context switches."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable

Reading = dict[str, int]


def measured(work: Callable[[], None]) -> Reading:
    """Run `work` between two readings, with the garbage collector off.

    Returns: `wall_ns`, `cpu_ns` (all threads), `minor_faults`, `involuntary_switches`,
    `voluntary_switches`, `start_ns` (monotonic)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        before = resource.getrusage(resource.RUSAGE_SELF)
        cpu = time.process_time_ns()
        start = time.perf_counter_ns()
        work()
        end = time.perf_counter_ns()
        cpu = time.process_time_ns() - cpu
        after = resource.getrusage(resource.RUSAGE_SELF)
    finally:
        if enabled:
            gc.enable()
    return {
        "wall_ns": end - start,
        "cpu_ns": cpu,
        "minor_faults": after.ru_minflt - before.ru_minflt,
        "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
        "voluntary_switches": after.ru_nvcsw - before.ru_nvcsw,
        "start_ns": start,
    }


def idle_cost_ns(work: Callable[[], None], repeats: int = 9) -> int:
    """The median wall time of `work`: the cost of a clock pair around an idle fence."""
    times = sorted(measured(work)["wall_ns"] for _ in range(repeats))
    return times[repeats // 2]
