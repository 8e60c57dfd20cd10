"""Limits a container or a service manager puts on us, of cgroup version 1 and 2."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

from xbench import files

T = TypeVar("T")
ROOT = "/sys/fs/cgroup"
NO_LIMIT_BYTES = 1 << 60
"""Version 1 writes "unlimited" as a number near 2**63."""


def folders(membership: str, controller: str) -> list[str]:
    """Where limits on us may stand, our own group first, then its ancestors: any may be tighter.

    `membership` is /proc/self/cgroup. In a container it may name a path of the host that does not
    exist here; the root, always last, is then the container's own."""
    found: list[str] = []
    for line in membership.splitlines():
        if line.count(":") < 2:
            continue
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            base = ROOT
        elif controller in controllers.split(","):
            base = f"{ROOT}/{controller}"
        else:
            continue
        own = PurePosixPath(path)
        found += [f"{base}{each}".rstrip("/") for each in (own, *own.parents)]
    return found


def parse_cpu_max(text: str) -> float | None:
    """Version 2's `200000 100000` as cores; None for `max`."""
    granted, period = text.split()
    return None if granted == "max" else int(granted) / int(period)


def parse_quota(quota: str, period: str) -> float | None:
    """Version 1's two files, in microseconds, as cores; None for -1."""
    return int(quota) / int(period) if int(quota) > 0 else None


def parse_bytes(text: str) -> int | None:
    """A memory limit; None for `max` or version 1's huge number."""
    return int(text) if text.isdigit() and int(text) < NO_LIMIT_BYTES else None


def parse_throttled(text: str) -> int:
    """How often `cpu.stat` says the group was stopped."""
    counts = dict(line.split() for line in text.splitlines())
    return int(counts.get("nr_throttled", 0))


def cpu_cores() -> float | None:
    """The tightest CPU quota on us, in cores; None without one."""
    return min(_each("cpu", _cpu_limit), default=None)


def memory_bytes() -> int | None:
    """The tightest memory limit on us; None without one."""
    return min(_each("memory", _memory_limit), default=None)


def available_bytes() -> int | None:
    """What the tightest memory limit leaves to us; None without one."""
    return min(_each("memory", _left), default=None)


def throttled() -> int:
    """How often any of our groups was stopped so far."""
    found = [files.read(f"{folder}/cpu.stat") for folder in _own("cpu")]
    return max((parse_throttled(text) for text in found if text), default=0)


def visible() -> bool:
    """Whether this system has cgroups."""
    return Path("/proc/self/cgroup").exists()


def _own(controller: str) -> list[str]:
    return folders(files.read("/proc/self/cgroup") or "", controller)


def _each(controller: str, limit: Callable[[str], T | None]) -> list[T]:
    found: list[T] = []
    for folder in _own(controller):
        with suppress(ValueError, ZeroDivisionError):  # a file that is not what the kernel writes
            if (each := limit(folder)) is not None:
                found.append(each)
    return found


def _cpu_limit(folder: str) -> float | None:
    text = files.read(f"{folder}/cpu.max")
    if text:
        return parse_cpu_max(text)
    granted, period = (
        files.read(f"{folder}/cpu.cfs_quota_us"),
        files.read(f"{folder}/cpu.cfs_period_us"),
    )
    return parse_quota(granted, period) if granted and period else None


def _left(folder: str) -> int | None:
    """What a group's limit leaves, less what the group has."""
    limit = _memory_limit(folder)
    used = files.read(f"{folder}/memory.current") or files.read(f"{folder}/memory.usage_in_bytes")
    return None if limit is None else max(limit - int(used or 0), 0)


def _memory_limit(folder: str) -> int | None:
    text = files.read(f"{folder}/memory.max") or files.read(f"{folder}/memory.limit_in_bytes")
    return parse_bytes(text) if text else None
