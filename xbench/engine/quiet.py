"""Waiting for others: what is timed begins when the cores it needs are free, or patience ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

LOAD_FILE = Path("/proc/loadavg")
PAUSE_S = 0.005
PER_GROUP = 2.0
"""How much longer a run may wait for free cores with each group, in times of its rounds' time."""


def runnable() -> int | None:
    """How many threads of the machine run or want to, this one included; None if not known.

    An instant's value, while load averages lag by a minute."""
    try:
        return int(LOAD_FILE.read_text().split()[3].split("/")[0])
    except (OSError, ValueError, IndexError):
        return None


@dataclass(slots=True)
class Patience:
    """How much longer a run may wait for others, in all. Every group is granted some, and what it
    does not need is left to later ones, which may meet a longer disturbance."""

    left_s: float = 0.0

    def grant(self, rounds_s: float, most_s: float = inf) -> None:
        """Be patient for longer, by `PER_GROUP` times what a group's rounds take; in all no longer
        than `most_s`, what a budget has to spare."""
        self.left_s = max(0.0, min(self.left_s + PER_GROUP * rounds_s, most_s))

    def spend(self, seconds: float) -> float:
        """Returns: as much of these seconds as there was patience for."""
        spent = min(seconds, self.left_s)
        self.left_s -= spent
        return spent


@dataclass(slots=True)
class Gate:
    """Holds a burst back while other programs need the cores that `threads` threads will use.

    It waits as long as there is patience: on a machine that is never quiet, rounds go on and are
    told apart by what the counters say. `waited_s` is what it waited, and was excused."""

    cores: int
    threads: int
    patience: Patience
    waited_s: float = 0.0
    count: Callable[[], int | None] = runnable
    sleep: Callable[[float], None] = field(default=time.sleep)

    def wait(self) -> None:
        """Return when the cores are free, or patience has ended."""
        while self.patience.left_s > 0.0 and self._crowded():
            start = time.monotonic()
            self.sleep(PAUSE_S)
            self.excuse(max(time.monotonic() - start, PAUSE_S))

    def excuse(self, seconds: float) -> None:
        """Count time as waited, as far as patience goes: that in which a burst had no core."""
        self.waited_s += self.patience.spend(seconds)

    def _crowded(self) -> bool:
        found = self.count()
        return found is not None and found - 1 + self.threads > self.cores
