"""What is read around every burst: clocks, page faults, context switches."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable
from typing import NamedTuple

from xbench.process.messages import Reading

TASKS = "/proc/self/task"
PER_THREAD = 0b110
"""Linux: with a thread's number above it, inverted, the id of that thread's clock of CPU time."""

SLEPT: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux: the clock that times, and what the machine slept."""

IDLE_READINGS = 9
"""Of the cost of an idle fence; the median counts."""


class CpuTime:
    """The CPU time of this process's threads since this object was made.

    From the threads' own clocks where there are any (Linux): those are exact. The process's clock
    learns of other threads at the scheduler's ticks, 4 ms or 10 ms apart, as long as many bursts: a
    pool of two threads then seems to be one or three. `exact` says which clocks were read."""

    def __init__(self) -> None:
        self._clocks = thread_clocks()
        self._since = time.perf_counter_ns()
        self._process = time.process_time_ns()
        self.exact = bool(self._clocks)
        try:
            self._before = _total(self._clocks)
        except OSError:
            self.exact = False

    def spent_ns(self) -> int:
        """All threads' time, those that started since included. Where one has ended, which takes
        its clock along, the process's."""
        try:
            if self.exact:
                known = _total(self._clocks) - self._before
                return known + _total(thread_clocks() - self._clocks)
        except OSError:
            self.exact = False
        return time.process_time_ns() - self._process

    def share_ns(self, wall_ns: int) -> int:
        """What is due to a stretch of work since this object was made, pro rata: other threads ran
        on while the clocks were read, and for long if this one then lost its core."""
        spent = self.spent_ns()
        passed_ns = time.perf_counter_ns() - self._since
        return spent if passed_ns <= wall_ns else round(spent * wall_ns / passed_ns)


def thread_clocks() -> set[int]:
    """The clock of each thread of this process; none where the system does not list its threads.

    In a container whose /proc is another namespace's, threads are listed by their ids there, while
    clocks are made of their ids here. Then each thread's status tells both, if the kernel does."""
    try:
        threads = os.listdir(TASKS)
    except OSError:
        return set()
    if _listed_as() != os.getpid():
        threads = [own for thread in threads if (own := _own_id(thread))]
    return {(~int(thread) << 3) | PER_THREAD for thread in threads}


def _listed_as() -> int:
    """This process's id in the namespace of /proc."""
    try:
        return int(os.readlink("/proc/self"))
    except (OSError, ValueError):
        return 0


def _own_id(thread: str) -> str:
    """A listed thread's id in our own namespace, the innermost (proc(5), NSpid); "" if unknown."""
    if thread not in _OWN_IDS:
        try:
            with open(f"{TASKS}/{thread}/status") as file:
                lines = file.read().splitlines()
        except OSError:
            return ""  # it ended meanwhile
        told = next((line for line in lines if line.startswith("NSpid:")), "")
        _OWN_IDS[thread] = told.split()[-1] if told else ""
    return _OWN_IDS[thread]


_OWN_IDS: dict[str, str] = {}
"""An id may be used again once its thread has ended; the clock of a wrong one does not exist, or is
of another thread of ours."""


def _total(clocks: set[int]) -> int:
    return sum(map(time.clock_gettime_ns, clocks))


class Clocks(NamedTuple):
    """What other clocks show: one that goes on while the machine sleeps, and the wall clock, which
    can be set. Each is read against the clock that times, which does neither."""

    slept_ns: int
    wall_ns: int

    @classmethod
    def read(cls) -> Clocks:
        """Both, less the clock that times, now."""
        now = time.perf_counter_ns()
        slept = time.clock_gettime_ns(SLEPT) - now if SLEPT is not None else 0
        return cls(slept, time.time_ns() - now)


def measured(work: Callable[[], None]) -> Reading:
    """Run `work` between two readings, with the garbage collector off.

    Returns: what was read, of nothing but `work`."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        clocks = Clocks.read()
        queued = queued_ns()
        before = resource.getrusage(resource.RUSAGE_SELF)
        cpu = CpuTime()
        start = time.perf_counter_ns()
        work()
        end = time.perf_counter_ns()
        cpu_ns = cpu.share_ns(end - start)
        exact = cpu.exact
        after = resource.getrusage(resource.RUSAGE_SELF)
        queued = queued_ns() - queued
        later = Clocks.read()
    finally:
        if enabled:
            gc.enable()
    return Reading(
        wall_ns=end - start,
        cpu_ns=cpu_ns,
        cpu_exact=int(exact),
        minor_faults=after.ru_minflt - before.ru_minflt,
        involuntary_switches=after.ru_nivcsw - before.ru_nivcsw,
        voluntary_switches=after.ru_nvcsw - before.ru_nvcsw,
        start_ns=start,
        wait_ns=max(queued, 0),  # a thread that ended took its share with it
        suspended_ns=later.slept_ns - clocks.slept_ns,
        stepped_ns=later.wall_ns - clocks.wall_ns,
    )


def queued_ns() -> int:
    """How long this process's threads have waited for a core since they began, summed; 0 where the
    system does not say. The second number of Linux's schedstat: nanoseconds, exact."""
    total = 0
    try:
        threads = os.listdir(TASKS)
    except OSError:
        return 0
    for thread in threads:
        try:
            with open(f"{TASKS}/{thread}/schedstat", "rb") as file:
                total += int(file.read().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
    return total


def idle_cost_ns(work: Callable[[], None]) -> int:
    """The median wall time of `work`: the cost of a clock pair around an idle fence."""
    times = sorted(measured(work).wall_ns for _ in range(IDLE_READINGS))
    return times[IDLE_READINGS // 2]
