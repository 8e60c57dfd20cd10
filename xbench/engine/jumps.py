"""Bursts during which a clock jumped are not kept: the machine slept, or was set to another time.

The clock that times does neither, on Linux; but what was in a cache before a laptop's sleep, or
before a virtual machine was moved, is not what a figure is about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xbench.errors import WorkerDied
from xbench.text import show_seconds

SLEPT_NS = 10_000_000
STEPPED_NS, STEPPED_SHARE = 100_000_000, 0.1
"""What the wall clock may gain or lose: time services turn it faster or slower by up to 8 %, and a
thread may lose its core between the reading of two clocks."""

MOST = 5
SLACK_NS = 1_000_000


def steadily(
    ask: Callable[[], dict[str, Any]], what: str, note: Callable[[str], None]
) -> dict[str, Any]:
    """A burst without a jump: one with is noted and asked for again.

    Raises: WorkerDied, with status `invalid`, if there are ever more of them, or if a burst took
    longer by the worker's clock than by ours: such a process is not to be believed again."""
    for _ in range(MOST):
        start = time.monotonic_ns()
        reading = ask()
        passed = time.monotonic_ns() - start
        if reading["wall_ns"] > passed + SLACK_NS:
            said, seen = (show_seconds(each * 1e-9) for each in (reading["wall_ns"], passed))
            reason = f"a burst took {said} by the worker's clock, and {seen} by ours"
            raise WorkerDied(reason, "invalid")
        jump = jump_of(reading)
        if jump is None:
            return reading
        note(f"{what}: {jump}")
    raise WorkerDied(f"in {MOST} bursts one after another: {jump}", "invalid")


def jump_of(reading: dict[str, Any]) -> str | None:
    """What happened to the machine's clocks in a burst, if anything."""
    slept, stepped = reading["suspended_ns"], reading["stepped_ns"]
    if slept > SLEPT_NS:
        return f"the machine slept for {show_seconds(slept * 1e-9)}"
    if abs(stepped) > STEPPED_NS + STEPPED_SHARE * reading["wall_ns"]:
        way = "forward" if stepped > 0 else "back"
        return f"the wall clock went {way} by {show_seconds(abs(stepped) * 1e-9)}"
    return None
