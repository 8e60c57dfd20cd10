"""Checks of a cell after its last round: the result, the fence, the threads, the time itself.

The rules are in `refusals.py`; a check of times is repeated here before it refuses a cell."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from msgspec import structs

from xbench.analysis.bound import least_time
from xbench.engine.burst import Burst
from xbench.engine.cell import CellWork
from xbench.engine.launch import LaunchContext
from xbench.engine.lazy_work import NO_ROOM, LazyWorkChecks
from xbench.engine.refusals import (
    device_disagrees,
    early_fence,
    lone_call,
    too_fast,
    too_many_threads,
    traced_again,
)
from xbench.errors import CellFailed
from xbench.keys import DEFAULT_CACHE
from xbench.ops import get_op
from xbench.plan.cell import Cell
from xbench.process.messages import FollowsInputsRequest
from xbench.records.schema import CellLine, Samples

LATENCY_BURSTS, LATENCY_LIMIT_NS, LATENCY_TRIES = 15, 1_000_000, 4
"""Bursts of a single call, for calls shorter than this that are otherwise timed several at once;
and how often at most where they take too long."""

MORE_BURSTS = 14
"""Taken where a fence seems to return early, or where calls seem too fast."""

AGAIN = 4
"""How often ceilings and bursts are measured again before a cell is refused for being faster."""

BEYOND_CACHES, UNKNOWN_CACHE_BYTES = 4, 128 << 20
"""Bytes of so many times a device's cache are bound by its memory; what it may hold where no
framework tells."""


@dataclass(slots=True)
class TimedChecks:
    """Checks the cells of one group after their last round."""

    launch: LaunchContext
    work: CellWork

    def check(self, cell: Cell, line: CellLine, first: bool) -> None:
        """The last timed output must be right, the fence have waited, no more threads have worked
        than were declared, and nothing have been traced meanwhile. The `first` time also:
        results must follow the inputs, and leave them alone."""
        fence = self.launch.workers.facts[cell.worker].fence_ns
        _, traces = self.work.judge(cell, line.calls + line.lead_in)
        threads = cell.worker.policy(self.launch.plan.cores).threads
        problems = [
            self._early_fence(cell, line),
            device_disagrees(line),
            too_many_threads(line, threads) if cell.worker.device == "cpu" else None,
            traced_again(self.work.traces[cell.id], traces),
        ]
        found = [problem for problem in problems if problem]
        if found:
            raise CellFailed("invalid", "; ".join(found))
        if first:
            with self.launch.spent.on("checking the work of calls"):
                self._check_work(cell, line)
        if (problem := self._too_fast(cell, line)) is not None:
            raise CellFailed("invalid", problem)
        line.overhead = fence / median(line.timed.wall_ns)
        if line.calls > 1 and median(line.timed.wall_ns) / line.calls < LATENCY_LIMIT_NS:
            self._time_alone(cell, line, fence)

    def _check_work(self, cell: Cell, line: CellLine) -> None:
        expect_s = 4 * self.launch.plan.predictions[cell.id].load_s
        self.launch.ask(cell, FollowsInputsRequest(cell.id), expect_s)
        try:
            line.unchecked = LazyWorkChecks(self.launch).check(cell, line)
        except CellFailed as error:
            if error.status != "oom":
                raise
            line.unchecked = NO_ROOM  # a timed cell needs less than its checks

    def _early_fence(self, cell: Cell, line: CellLine) -> str | None:
        """What `early_fence` says; where it complains, of more bursts: on a busy machine a reading
        may be late by chance, and what is pending after a burst is pending after each."""
        problem = early_fence(line)
        if problem is None:
            return None
        more, burst = Samples(), Burst(line.calls, line.lead_in)
        for number in range(MORE_BURSTS):
            self.work.burst(cell, burst, more, read_placed=number % 2 == 1)
        return early_fence(structs.replace(line, timed=more))

    def _time_alone(self, cell: Cell, line: CellLine, fence_ns: int) -> None:
        """Time calls alone; more of them where they seem far too long, perhaps for another's sake.

        Raises: CellFailed("invalid", ...)"""
        free_cores, problem = self.launch.free_cores([cell]), None
        for _ in range(LATENCY_TRIES):
            for _ in range(LATENCY_BURSTS):
                self.work.burst(cell, Burst(1, 1), line.latency)
            if (problem := lone_call(line, fence_ns)) is None:
                return
            free_cores.wait()
        if problem is not None:
            raise CellFailed("invalid", problem)

    def _too_fast(self, cell: Cell, line: CellLine) -> str | None:
        """Whether the time is less than the work needs, by ceilings and bursts that were measured
        again, one after the other: what keeps the cores busy slows both."""
        ceilings = self.launch.ceilings.of(cell)
        if ceilings is None:
            return None
        cost, warm = get_op(cell.spec.op).cost(cell.spec), cell.key.cache == DEFAULT_CACHE
        moved = cost.min_bytes
        held = ceilings.cache_bytes or UNKNOWN_CACHE_BYTES
        if cell.worker.device != "cpu" and moved < BEYOND_CACHES * held:
            moved = 0  # how fast a device's cache is, only its own framework tells
        problem = too_fast(line, least_time(cost.flop, moved, ceilings, warm))
        free_cores = self.launch.free_cores([cell])
        for _ in range(AGAIN):
            if problem is None:
                break
            free_cores.wait()
            ceilings = self.launch.ceilings.measure_again(ceilings)
            now = structs.replace(line, timed=self._timed_now(cell, line))
            problem = too_fast(now, least_time(cost.flop, moved, ceilings, warm))
        return problem

    def _timed_now(self, cell: Cell, line: CellLine) -> Samples:
        """More bursts like those that were timed."""
        more, burst = Samples(), Burst(line.calls, line.lead_in)
        for _ in range(min(MORE_BURSTS, len(line.timed.wall_ns))):
            self.work.burst(cell, burst, more)
        return more
