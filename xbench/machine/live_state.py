"""The machine's state at this moment: clocks of the CPUs, throttling, power, swap, other processes.

A file that is not there reads as None."""

from __future__ import annotations

import glob
import os
import sys

from xbench import files

CPUS = "/sys/devices/system/cpu"


def usable_cpus() -> list[int]:
    """Numbers of the CPUs this process may use."""
    linux = sys.platform == "linux"
    return sorted(os.sched_getaffinity(0)) if linux else list(range(os.cpu_count() or 1))


def of_each_cpu(name: str) -> dict[int, str]:
    """The file `name` below each usable CPU's folder in /sys, where it is there."""
    found = {cpu: files.read(f"{CPUS}/cpu{cpu}/{name}") for cpu in usable_cpus()}
    return {cpu: text for cpu, text in found.items() if text}


def number_of_each_cpu(name: str) -> dict[int, int]:
    """The same for files that hold a number."""
    return {cpu: int(text) for cpu, text in of_each_cpu(name).items() if text.isdigit()}


def throttle_counts() -> dict[str, int]:
    """How often each core and package was throttled since boot, by file."""
    paths = glob.glob(f"{CPUS}/cpu*/thermal_throttle/*_throttle_count")
    found = {path: files.read(path) for path in paths}
    return {path: int(text) for path, text in found.items() if text and text.isdigit()}


def on_mains() -> bool | None:
    """Whether a machine with a battery is plugged in; None without a battery or if unknown."""
    import psutil

    sensor = getattr(psutil, "sensors_battery", None)  # not on every system
    battery = sensor() if sensor else None
    return None if battery is None else battery.power_plugged


def swap_bytes() -> tuple[int, int, int]:
    """Swap there is, swap in use, and bytes moved to and from it since boot."""
    import warnings

    import psutil

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the kernel counts no moves
        found = psutil.swap_memory()
    return found.total, found.used, found.sin + found.sout


def process_times() -> dict[tuple[int, float], float]:
    """CPU seconds of every other process that can be seen, by id and start."""
    import psutil

    found: dict[tuple[int, float], float] = {}
    for process in psutil.process_iter(["cpu_times", "create_time"]):
        times = process.info["cpu_times"]
        if times is not None and process.pid != os.getpid():
            found[process.pid, process.info["create_time"] or 0.0] = times.user + times.system
    return found
