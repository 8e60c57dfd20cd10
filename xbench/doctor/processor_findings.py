"""The processor, its clocks, and GPUs: how fast they run, and what slows them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from xbench.doctor.finding import Finding, Level
from xbench.machine.nvml import Card, GpuState, library
from xbench.text import plural, show_bytes, show_seconds

KINDS_DIFFER = 1.1
"""Cores whose top frequencies differ by more than this are of two kinds."""
NO_TURBO = "/sys/devices/system/cpu/intel_pstate/no_turbo"
BOOST = "/sys/devices/system/cpu/cpufreq/boost"


def governor(found: Mapping[int, str]) -> Finding | None:
    """`found`: the frequency governor of each usable CPU."""
    if not found:
        return None
    names = sorted(set(found.values()))
    return Finding(
        "governor",
        "ok" if names == ["performance"] else "warning",
        f"{', '.join(names)} on {plural(len(found), 'CPU')}",
        "any other than performance lowers the clock while a worker waits and raises it late",
        "choose that governor:",
        "sudo cpupower frequency-set -g performance",
        {"governors": names},
    )


def turbo(no_turbo: str | None, boost: str | None) -> Finding | None:
    """`no_turbo`: Intel's switch, 1 is off; `boost`: the general one, 1 is on."""
    if no_turbo is None and boost is None:
        return None
    on = no_turbo == "0" if no_turbo is not None else boost == "1"
    command = f"echo 1 | sudo tee {NO_TURBO}" if no_turbo else f"echo 0 | sudo tee {BOOST}"
    return Finding(
        "turbo",
        "note" if on else "ok",
        "on" if on else "off",
        "the clock then follows temperature and the number of busy cores, so times drift",
        "for steadier (and slower) times turn it off:",
        command,
        {"turbo": on},
    )


def frequency(
    now: Mapping[int, int], limit: Mapping[int, int], top: Mapping[int, int]
) -> Finding | None:
    """Frequencies of each usable CPU in kHz: current, allowed at most, and the hardware's most."""
    if not top:
        return None
    lowest, highest = min(top.values()), max(top.values())
    capped = {cpu for cpu in top if limit.get(cpu, top[cpu]) < top[cpu]}
    values = {"now_khz": dict(now), "limit_khz": dict(limit), "top_khz": dict(top)}
    shown = f"; now {_ghz(now.values())}" if now else ""
    if capped:
        least, many = _ghz([limit[cpu] for cpu in capped]), plural(len(capped), "CPU")
        return Finding(
            "frequency",
            "warning",
            f"{many} may run at {least} at most, of {_ghz([highest])}{shown}",
            "a cap below the hardware's own makes every time longer than the machine needs",
            "lift it:",
            f"sudo cpupower frequency-set -u {highest}kHz",
            values,
        )
    if highest > KINDS_DIFFER * lowest:
        fast = ",".join(str(cpu) for cpu in sorted(top) if top[cpu] * KINDS_DIFFER > highest)
        return Finding(
            "frequency",
            "warning",
            f"cores of two kinds: {_ghz(top.values())} at most{shown}",
            "work spread over both waits for the slower ones, and a single thread may be on either",
            "measure on the fast ones alone:",
            f"taskset -c {fast} xbench run",
            values,
        )
    return Finding(
        "frequency",
        "ok",
        f"up to {_ghz(top.values())}{shown}",
        "a capped clock makes times longer",
        values=values,
    )


def throttling(before: Mapping[str, int], after: Mapping[str, int]) -> Finding | None:
    """Counts of thermal throttling by file, at both ends of the sample."""
    if not after:
        return None
    total = max(after.values())
    rose = any(count > before.get(name, count) for name, count in after.items())
    past = f"{plural(total, 'time')} since boot, not now" if total else "none since boot"
    return Finding(
        "throttling",
        "warning" if rose else "note" if total else "ok",
        "just now" if rose else past,
        "a CPU that is too hot lowers its clock in the middle of a run",
        "let it cool and free its air; to watch it:",
        "sensors",
        {"highest_count": total, "rose": rose},
    )


def smt(siblings: Mapping[int, str], usable: Collection[int]) -> Finding | None:
    """`siblings`: for each usable CPU the list of CPUs on its core, such as `0,4` or `0-1`."""
    if not siblings:
        return None
    cores = {frozenset(cpu_list(text) & set(usable)) for text in siblings.values()}
    firsts = sorted(min(core) for core in cores if core)
    shared = len(firsts) < len(usable)
    seen = f"{plural(len(usable), 'usable CPU')} on {plural(len(firsts), 'core')}"
    picked = ",".join(map(str, firsts))
    return Finding(
        "SMT",
        "note" if shared else "ok",
        seen if shared else f"{seen}: none is shared",
        "two busy threads on one core halve each other's speed, and --threads all uses both",
        "to run one thread a core:",
        f"taskset -c {picked} xbench run",
        {"usable_cpus": len(usable), "cores": len(firsts)},
    )


def power(plugged: bool | None) -> Finding | None:
    """Whether the machine is on mains; None where it has no battery."""
    if plugged is None:
        return None
    return Finding(
        "power",
        "ok" if plugged else "warning",
        "on mains" if plugged else "on battery",
        "on battery the clock is held down",
        "plug it in",
        values={"plugged": plugged},
    )


def cpu_list(text: str) -> set[int]:
    """`0-2,5` as numbers."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def _ghz(khz: Collection[int]) -> str:
    low, high = f"{min(khz) / 1e6:.2f}", f"{max(khz) / 1e6:.2f}"
    return f"{low} GHz" if low == high else f"{low} to {high} GHz"


# The clock every time is read from.

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


# NVIDIA GPUs: is anybody else there, is something holding the clock down.

CROWDED_SHARE = 0.02
"""Of a card's memory: a driver's own reserve is less, another program's context is not."""

HOT_CELSIUS = 80


def without_library(gpus: tuple[str, ...]) -> Finding | None:
    """GPUs of which clocks, heat and company cannot be read."""
    if not gpus or library() is not None or gpus[0].startswith("AMD"):
        return None
    return Finding(
        "GPU state",
        "note",
        f"{', '.join(gpus)}: clocks and other processes cannot be read",
        "a throttled or shared GPU then looks like a slow one",
        "install the driver's library for Python:",
        "pip install 'xbench[nvidia]'",
    )


def state(device: str, card: Card, found: GpuState) -> Iterator[Finding]:
    """Who else holds memory, what lowers the clock, how hot it is."""
    used = found.used_bytes
    if used is not None:
        crowded = used > CROWDED_SHARE * card.memory_bytes
        yield Finding(
            f"{device} memory",
            "warning" if crowded else "ok",
            f"{show_bytes(used)} of {show_bytes(card.memory_bytes)} in use on {card.name}",
            "another program there takes turns with what is measured, unseen by any clock of ours",
            "see who it is, and end it:" if crowded else "nothing to do",
            "nvidia-smi" if crowded else "",
            {"device": device, "used_bytes": used, "memory_bytes": card.memory_bytes},
        )
    clock = f"SM clock {found.sm_mhz} of {found.max_sm_mhz} MHz"
    slowed = ", ".join(found.slowed_by)
    yield Finding(
        f"{device} clock",
        "warning" if slowed else "note" if found.clock_set else "ok",
        f"{clock}{', held down by ' + slowed if slowed else ', set by the user' * found.clock_set}",
        "what is measured then says more about cooling and power than about the code",
        "let it cool, or raise its limit" if slowed else "nothing to do",
        values={"device": device, "sm_mhz": found.sm_mhz, "max_sm_mhz": found.max_sm_mhz},
    )
    if found.celsius is not None:
        hot = found.celsius >= HOT_CELSIUS
        yield Finding(
            f"{device} heat",
            "warning" if hot else "ok",
            f"{found.celsius} °C",
            "a hot GPU lowers its clock",
            "let it cool" if hot else "nothing to do",
            values={"device": device, "celsius": found.celsius},
        )
