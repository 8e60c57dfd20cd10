"""Other programs on the cores: xbench waits until they leave them free, within a time limit, and
times a fixed piece of work before each round, which shows how much of the cores it was given."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
class WaitBudget:
    """The seconds that a run may still wait for free cores. Every group adds some, and leaves what
    it does not need to later ones, which may meet a longer disturbance."""

    left_s: float = 0.0

    def grant(self, rounds_s: float, most_s: float = inf) -> None:
        """Add `PER_GROUP` times what a group's rounds take; in all no more than `most_s`, what the
        run's own budget has to spare."""
        self.left_s = max(0.0, min(self.left_s + PER_GROUP * rounds_s, most_s))

    def spend(self, seconds: float) -> float:
        """Returns: as much of these seconds as the limit leaves."""
        spent = min(seconds, self.left_s)
        self.left_s -= spent
        return spent


@dataclass(slots=True)
class FreeCores:
    """Holds a burst back while other programs need the cores that `threads` threads will use.

    It waits within the time limit: on a machine that is never quiet, rounds go on, and the counters
    tell them apart. `waited_s` is what it waited, and was excused."""

    cores: int
    threads: int
    wait_budget: WaitBudget
    waited_s: float = 0.0
    count: Callable[[], int | None] = runnable
    sleep: Callable[[float], None] = field(default=time.sleep)

    def wait(self) -> None:
        """Return when the cores are free, or the time limit is reached."""
        while self.wait_budget.left_s > 0.0 and self._crowded():
            start = time.monotonic()
            self.sleep(PAUSE_S)
            self.excuse(max(time.monotonic() - start, PAUSE_S))

    def excuse(self, seconds: float) -> None:
        """Count time in which a burst had no core as waited, within the time limit."""
        self.waited_s += self.wait_budget.spend(seconds)

    def _crowded(self) -> bool:
        found = self.count()
        return found is not None and found - 1 + self.threads > self.cores


# A fixed piece of work before each round: when it takes long, the machine itself was slow.

WORK_BYTES = 1 << 18
MOST_THREADS = 8


class Canary:
    """Hashes the same bytes on every core at once, in this process, while all workers are idle.

    Hashing releases the interpreter's lock and stays in the cache, so what its time shows is how
    much of the cores this machine really gives. Less than a millisecond."""

    def __init__(self, cores: int) -> None:
        self._threads = max(1, min(cores, MOST_THREADS))
        self._pool = ThreadPoolExecutor(self._threads)
        self._work = bytes(range(256)) * (WORK_BYTES // 256)
        self.measure()  # starts the threads

    def measure(self) -> int:
        """Nanoseconds until every core has done its work."""
        start = time.perf_counter_ns()
        jobs = [self._pool.submit(hashlib.sha256, self._work) for _ in range(self._threads)]
        for job in jobs:
            job.result()
        return time.perf_counter_ns() - start

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()
