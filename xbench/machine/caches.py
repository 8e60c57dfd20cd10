"""How large the caches are, as the operating system tells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
UNKNOWN_BYTES = 64 << 20
"""Size of the caches that is assumed where the system tells none."""

BEYOND = 2
"""The copies of a cold cell are together so many times as large as the caches."""

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class CacheLevel:
    """The caches of one level beside the cores that this process may use: how many, and the bytes
    of each."""

    level: int
    size_bytes: int
    count: int

    @property
    def total_bytes(self) -> int:
        """Of all of them."""
        return self.size_bytes * self.count


def cache_levels(cpus: Path = CPUS) -> list[CacheLevel]:
    """The levels of data caches, the nearest first; none where the system does not tell."""
    if sys.platform == "darwin":
        return _mac_levels()
    found: dict[tuple[int, str], int] = {}
    for core in os.sched_getaffinity(0):
        for index in cpus.glob(f"cpu{core}/cache/index*"):
            kind, level, size, shared = (
                _read(index / name) for name in ("type", "level", "size", "shared_cpu_list")
            )
            if kind in ("Unified", "Data") and level.isdigit() and (held := _bytes(size)):
                found[int(level), shared] = held
    sizes: dict[int, list[int]] = {}
    for (number, _), each_bytes in sorted(found.items()):
        sizes.setdefault(number, []).append(each_bytes)
    return [CacheLevel(number, max(mine), len(mine)) for number, mine in sizes.items()]


def last_level_bytes(cpus: Path = CPUS) -> int:
    """Bytes of all last-level caches beside the cores that this process may use; 0: unknown."""
    levels = cache_levels(cpus)
    return levels[-1].total_bytes if levels else 0


def copies_beyond(cache_bytes: int, each_bytes: int) -> int:
    """How many copies of so many bytes no cache holds together: two at least."""
    beyond = BEYOND * (cache_bytes or UNKNOWN_BYTES)
    return max(2, ceil(beyond / max(each_bytes, 1)))


def _mac_levels() -> list[CacheLevel]:
    """Of the fast cores, whose caches are the larger ones; the L2 is a cluster's."""
    cores = os.cpu_count() or 1
    found = []
    for level, names, count in (
        (1, ("hw.perflevel0.l1dcachesize", "hw.l1dcachesize"), cores),
        (2, ("hw.perflevel0.l2cachesize", "hw.l2cachesize"), 1),
        (3, ("hw.l3cachesize",), 1),
    ):
        size = next((size for name in names if (size := _sysctl(name))), 0)
        found += [CacheLevel(level, size, count)] if size else []
    return found


def _sysctl(name: str) -> int:
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    return int(done.stdout) if done.stdout.strip().isdigit() else 0


def _bytes(text: str) -> int:
    """`32768K` as sysfs writes it."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(match[1]) * UNITS[match[2]] if match else 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
