"""How large the last-level caches are, as the operating system tells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from math import ceil
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
UNKNOWN_BYTES, BEYOND = 64 << 20, 2
"""Where nothing tells the size; and how many times the caches a cold cell's copies are together."""

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def last_level_bytes(cpus: Path = CPUS) -> int:
    """Bytes of all last-level caches beside the cores that this process may use; 0: unknown."""
    if sys.platform == "darwin":
        return _mac()
    found: dict[tuple[int, str], int] = {}
    for core in os.sched_getaffinity(0):
        for index in cpus.glob(f"cpu{core}/cache/index*"):
            kind, level, size, shared = (
                _read(index / name) for name in ("type", "level", "size", "shared_cpu_list")
            )
            if kind in ("Unified", "Data") and level.isdigit():
                found[int(level), shared] = _bytes(size)
    last = max((level for level, _ in found), default=0)
    return sum(size for (level, _), size in found.items() if level == last)


def copies_beyond(cache_bytes: int, each_bytes: int) -> int:
    """How many copies of so many bytes no cache holds together: two at least."""
    beyond = BEYOND * (cache_bytes or UNKNOWN_BYTES)
    return max(2, ceil(beyond / max(each_bytes, 1)))


def _mac() -> int:
    for name in ("hw.l3cachesize", "hw.perflevel0.l2cachesize", "hw.l2cachesize"):
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
        if done.stdout.strip().isdigit() and int(done.stdout) > 0:
            return int(done.stdout)
    return 0


def _bytes(text: str) -> int:
    """`32768K` as sysfs writes it."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(match[1]) * UNITS[match[2]] if match else 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
