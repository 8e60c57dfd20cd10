"""What a worker can read of its own process: the BLAS it loaded, its memory."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

from xbench.contracts import Memory

_PAGE_BYTES = resource.getpagesize()
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""`ru_maxrss` counts kB on Linux, bytes on macOS."""


def blas() -> dict[str, Any]:
    """The loaded BLAS: `name`, `version`, `threads` (-1 if unknown), `kernel`.

    Source: threadpoolctl where the interpreter has it, else NumPy's build record alone."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        import numpy as np

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
    """The process's resident memory: now (Linux; elsewhere the peak) and at its highest."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
    statm = Path("/proc/self/statm")
    current = int(statm.read_text().split()[1]) * _PAGE_BYTES if statm.exists() else peak
    return Memory(current, peak)
