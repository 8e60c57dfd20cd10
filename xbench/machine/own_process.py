"""What a process can read of itself: the BLAS it loaded, its memory, its malloc."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any, TypedDict

from xbench.contracts import Memory

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MAPS = Path("/proc/self/maps")
MALLOCS = ("jemalloc", "tcmalloc", "mimalloc", "hoard", "tbbmalloc", "snmalloc")
"""Libraries that replace malloc."""

_THE_MARK = "5"
"""Written to clear_refs: the high-water mark of resident memory, and nothing else (proc(5))."""

_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""`ru_maxrss` counts kB on Linux, bytes on macOS."""


class Blas(TypedDict):
    """A library of linear algebra as it was loaded; `threads` is -1 if unknown."""

    name: str
    version: str
    threads: int
    kernel: str


def blas() -> Blas:
    """The BLAS that this process has loaded.

    Source: threadpoolctl where the interpreter has it, else NumPy's build record alone."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        import numpy as np

        # NumPy's own words, of which no type is known
        config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
        built = config["Build Dependencies"]["blas"]
        return {"name": built["name"], "version": built["version"], "threads": -1, "kernel": ""}
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            return {
                "name": pool["internal_api"],
                "version": pool["version"],
                "threads": pool["num_threads"],
                "kernel": pool.get("architecture", ""),
            }
    return {"name": "unknown", "version": "", "threads": -1, "kernel": ""}


def resident_memory() -> Memory:
    """The process's resident memory: now, and at its highest since it began or since `forget_peak`.

    Linux: VmRSS and VmHWM, which count what only this address space held; `ru_maxrss`, the peak
    elsewhere, may be that of the process it was forked from. Where only the peak is known, it is
    given as the current figure too."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
    found = _status()
    return Memory(found.get("VmRSS", peak), found.get("VmHWM", peak))


def malloc_library() -> str:
    """The file name of a library that stands in for the C library's malloc, if one is loaded; ""
    otherwise, and where the system does not tell."""
    try:
        lines = _MAPS.read_text().splitlines()
    except OSError:
        return ""
    files = sorted({Path(line.split()[-1]).name for line in lines if "/" in line})
    return next((file for file in files if any(each in file for each in MALLOCS)), "")


def has_own_mark() -> bool:
    """Whether the peak is VmHWM, and not `ru_maxrss`."""
    return "VmHWM" in _status()


def forget_peak() -> bool:
    """Set the peak back to what is resident now. Returns: whether this system can (Linux)."""
    try:
        _CLEAR.write_text(_THE_MARK)
    except OSError:
        return False
    return True


def _status() -> dict[str, int]:
    """Sizes in /proc/self/status by name, in bytes; none where there is no such file."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return {}
    return {
        name: int(value.split()[0]) * 1024
        for name, _, value in (line.partition(":") for line in lines)
        if value.endswith(" kB")
    }
