"""What an adapter may have and need not: see `xbench.contracts.Backend`."""

from __future__ import annotations

from collections.abc import Callable

from xbench.contracts import Backend, Stopwatch
from xbench.worker.caches import last_level_bytes


def stopwatch(backend: Backend) -> Stopwatch | None:
    """A new one of the device's own, if it has timed events."""
    make: Callable[[], Stopwatch | None] | None = getattr(backend, "stopwatch", None)
    return make() if make is not None else None


def cache_bytes(backend: Backend, device: str) -> int:
    """Of the last-level caches of the policy's device; 0: unknown."""
    if device == "cpu":
        return last_level_bytes()
    ask: Callable[[], int | None] | None = getattr(backend, "cache_bytes", None)
    return (ask() if ask is not None else None) or 0
