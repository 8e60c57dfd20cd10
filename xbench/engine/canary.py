"""A fixed piece of work before each round: when it takes long, the machine itself was slow."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

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
        self.sing()  # starts the threads

    def sing(self) -> int:
        """Nanoseconds until every core has done its work."""
        start = time.perf_counter_ns()
        jobs = [self._pool.submit(hashlib.sha256, self._work) for _ in range(self._threads)]
        for job in jobs:
            job.result()
        return time.perf_counter_ns() - start

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()
