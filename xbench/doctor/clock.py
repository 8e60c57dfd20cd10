"""The clock every time is read from."""

from __future__ import annotations

import time
from itertools import pairwise

from xbench.doctor.finding import Finding, Level
from xbench.text import show_seconds

SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
SLOW_S, USELESS_S = 1e-6, 1e-3
"""A burst lasts at least 2 ms: with a microsecond it is sound, with a millisecond it is noise."""
READS = 2000


def clock(resolution_s: float, cost_s: float, source: str | None) -> Finding:
    """The smallest step seen, the time one reading takes, and the kernel's source of time."""
    worst = max(resolution_s, cost_s)
    level: Level = "problem" if worst >= USELESS_S else "warning" if worst >= SLOW_S else "ok"
    named = f" (source {source})" if source else ""
    return Finding(
        "clock",
        level,
        f"steps of {show_seconds(resolution_s)}, {show_seconds(cost_s)} a reading{named}",
        "a slow or coarse clock is part of every short burst",
        "if the machine offers tsc as a source:" if source else "restart the machine",
        f"echo tsc | sudo tee {SOURCE}" if source else "",
        {"resolution_s": resolution_s, "cost_s": cost_s, "source": source},
    )


def read_clock() -> tuple[float, float]:
    """The smallest step of `perf_counter_ns` and the median time of a reading, both in seconds."""
    readings = [time.perf_counter_ns() for _ in range(READS + 1)]
    gaps = sorted(later - earlier for earlier, later in pairwise(readings))
    step = next((gap for gap in gaps if gap), gaps[-1])
    stated = time.get_clock_info("perf_counter").resolution
    mean = (readings[-1] - readings[0]) / READS
    return max(step * 1e-9, stated), (gaps[READS // 2] or mean) * 1e-9
