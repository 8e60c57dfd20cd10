"""One cell in one launch: loaded, checked, warmed up, timed burst by burst, checked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import TypeVar

from msgspec import structs

from xbench.analysis.bound import least_time, reach
from xbench.contracts import Spec
from xbench.engine.burst import Burst, agree, agree_in_pairs, choose_burst, keep, steadily, steady
from xbench.engine.oracle_client import Oracle
from xbench.engine.placement import Scatter, largest_shift
from xbench.engine.quiet import Canary, FreeCores, WaitBudget
from xbench.engine.refusals import (
    SLOWEST,
    depends,
    device_disagrees,
    early_fence,
    lone_call,
    moved_bytes,
    moving_ns,
    stored,
    too_fast,
    too_many_threads,
    traced_again,
    unfinished,
)
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed
from xbench.keys import DEFAULT_CACHE
from xbench.machine.machine import available_bytes
from xbench.ops import get_op
from xbench.ops.base import ITEM_BYTES
from xbench.plan.cell import Cell
from xbench.plan.plan import WARMUP_S, Plan
from xbench.process.messages import (
    AnswerRequest,
    BurstRequest,
    InputFiles,
    KeepResultsRequest,
    LoadRequest,
    NewOperandsReply,
    NewOperandsRequest,
    PlaceRequest,
    PopulateRequest,
    ProbeRequest,
    ReadCostRequest,
    Reading,
    Request,
    UnloadRequest,
    VaryCallsRequest,
)
from xbench.records.schema import CeilingsLine, CellLine, Samples, place_of

R = TypeVar("R")

WARMUP_BURSTS = 60
LATENCY_BURSTS, LATENCY_LIMIT_NS, LATENCY_TRIES = 15, 1_000_000, 4
"""Bursts of a single call, for calls shorter than this that are otherwise timed several at once;
and how often at most where they take too long."""

FAR = 2.0
"""A burst is settled again if it should have been more than so many times as long."""

TRIES, MOST_TRIES = 3, 20
STARVED = 0.5
"""A burst whose threads waited for a core for more than this share of it says little: in a calm one
a framework's own threads may wait for each other."""

MORE_BURSTS = 14
"""Taken where a fence seems to return early, or where calls seem too fast."""

WORK_TRIALS, WORK_TRIES, MOST_TRIALS = 3, 6, 15
"""How often calls on new operands are tried; how often at most a check is repeated where a cell
seems lazy; and calls on new operands, of which one that took its usual time clears the cell."""

KEPT_CALLS, KEPT_BYTES, MOST_KEPT_BYTES = 5_000, 64 << 20, 256 << 20
"""Results that are kept to see whether each is done: so many calls, while they hold so much; three
calls of larger results, two of the largest."""

VARIED_CALLS, VARIED_NS, LEAST_VARIED, VARIED_REPEATS = 16, 4e6, 4, 5
"""Calls that are varied, so many or for so long, but no fewer than that; and how often."""

LONG_NS, LONGEST_NS = 5e7, 1e9
"""Calls that take longer are varied two at a time, once: nothing disturbs all of them; and not at
all, since that would take minutes."""

ROOM_SHARE, NO_ROOM = 0.8, "memory has no room for more results or operands"
"""Of the free memory, what checks may take on the host; why they were not made."""

AGAIN = 4
"""How often ceilings and bursts are measured again before a cell is refused for being faster."""

POPULATE_TIMES = 2
"""The heap that a cell's tensors move about in, against what they hold."""

BEYOND_CACHES, UNKNOWN_CACHE_BYTES = 4, 128 << 20
"""Bytes of so many times a device's cache are bound by its memory; what it may hold where no
framework tells."""

Observe = Callable[[str, Cell], None]
"""Called with what is being done (`load`, `check`, `time`) and to which cell."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The machine's ceilings so far, and what measures those of a line again."""

    lines: Sequence[CeilingsLine] = ()
    again: Callable[[CeilingsLine], CeilingsLine] = lambda line: line

    def of(self, cell: Cell) -> CeilingsLine | None:
        """Those that hold for a cell."""
        return next((line for line in self.lines if place_of(line) == cell.key.place), None)


@dataclass(slots=True)
class CellWork:
    """What is done to the cells of one group. Every method may raise CellFailed or WorkerDied,
    which concern the cell, and OracleFailed, which concerns the group.

    `bursts` outlives it: a cell keeps its burst through all launches."""

    plan: Plan
    settings: Settings
    workers: Workers
    oracle: Oracle
    bursts: dict[str, Burst]
    observe: Observe
    canary: Canary
    scatter: Scatter
    wait_budget: WaitBudget
    limits: Limits
    inputs: InputFiles = field(default_factory=InputFiles)
    jumps: list[str] = field(default_factory=list)
    traces: dict[str, int] = field(default_factory=dict)
    call_ns: dict[str, float] = field(default_factory=dict)
    """Of the cells whose bursts were settled just now."""

    def place(self, cell: Cell) -> None:
        """Put the cell's inputs on the device; the only work done to several workers at once."""
        expect = self.plan.predictions[cell.id].load_s
        cold = cell.key.cache != DEFAULT_CACHE
        self._ask(cell, PlaceRequest(cell.id, cell.spec, self.inputs, cold), expect)

    def load(self, cell: Cell, line: CellLine) -> None:
        """Build the step, run it for the first time, have the result judged."""
        self.observe("load", cell)
        predicted = self.plan.predictions[cell.id]
        loaded = self._ask(cell, LoadRequest(cell.id, cell.key.variant), predicted.load_s)
        line.build_ns, line.memory_bytes = loaded.build_ns, loaded.memory_bytes
        line.first_ns, line.copies = loaded.first.wall_ns, loaded.copies
        line.check, _ = self._check(cell, 1)

    def _check(self, cell: Cell, calls: int) -> tuple[dict[str, str], int]:
        """Have the oracle judge the last burst's results. Returns: the check made of each output,
        and how often the step was traced so far.

        Raises: CellFailed("invalid", ...) with what is wrong; a wrong result has no time."""
        self.observe("check", cell)
        file = str(self.settings.scratch / "answer.npz")
        expect_s = self.plan.predictions[cell.id].load_s
        answer = self._ask(cell, AnswerRequest(cell.id, file, self.inputs.digests), expect_s)
        verdict = self.oracle.judge(self.inputs.id, file, calls)
        if verdict.problems:
            raise CellFailed("invalid", "; ".join(verdict.problems))
        return verdict.checks, answer.traces

    def burst(
        self,
        cell: Cell,
        burst: Burst,
        into: Samples,
        read_placed: bool = False,
        scattered: bool = True,
    ) -> Reading:
        """One timed burst, appended to `into`. Returns: all that was read. `read_placed`: after it
        a finished tensor is read, not a result; `scattered`: its tensors come to lie elsewhere,
        perhaps on pages that are new."""
        worker, predicted = self.workers.get(cell.worker), self.plan.predictions[cell.id]
        before = worker.idle_cpu_ns
        shift = self.scatter.shift_bytes(cell, burst.lead_in, predicted.held_bytes)
        layout = self.scatter.layout(cell) if scattered else None
        calls, lead_in = burst.calls, burst.lead_in
        request = BurstRequest(cell.id, calls, lead_in, layout, shift, read_placed)
        ask = partial(self._ask, cell, request, predicted.call_s * burst.calls)
        reading = steadily(ask, cell.id, self.jumps.append)
        reading = reading._replace(idle_cpu_ns=worker.idle_cpu_ns - before)
        keep(reading, into)
        return reading

    def warm_up(self, cell: Cell, line: CellLine) -> None:
        """Single calls until they are steady, then choose the burst."""
        self.observe("warm up", cell)
        spent = 0
        walls: list[float] = [line.first_ns]
        traces: list[int] = []
        free_cores = self.free_cores([cell])
        while not line.warmup_converged and len(walls) < WARMUP_BURSTS:
            if spent > WARMUP_S * 1e9 and len(walls) > 1:
                break
            free_cores.wait()
            reading = self.burst(cell, Burst(1, 0), line.warmup, scattered=False)
            walls.append(reading.wall_ns)
            spent += reading.wall_ns
            traces.append(reading.traces)
            line.warmup_converged = steady(walls, traces)
        self.traces[cell.id] = traces[-1]
        if cell.id not in self.bursts:
            self.bursts[cell.id] = self._calibrate(cell, line, min(walls), free_cores)
        self._touch(cell, self.bursts[cell.id])

    def _touch(self, cell: Cell, burst: Burst) -> None:
        """One more untimed burst, shifted as far as any will be: the timed ones then find pages
        that the process has, wherever they lie."""
        predicted = self.plan.predictions[cell.id]
        shift = largest_shift(cell, burst.lead_in, predicted.held_bytes)
        if shift:
            moving = POPULATE_TIMES * predicted.held_bytes + shift
            self._ask(cell, PopulateRequest(cell.id, moving), 1.0)
            calls, layout = max(2, burst.calls), self.scatter.layout(cell)
            request = BurstRequest(cell.id, calls, burst.lead_in, layout, shift)
            self._ask(cell, request, predicted.call_s * burst.calls)

    def settle_bursts(self, cells: Sequence[Cell], lines: dict[str, CellLine]) -> None:
        """Let cells that are alike have the same burst, the first time; then note the bursts."""
        fresh = {name: self.bursts[name] for name in self.call_ns}
        pairs = {cell.id: cell.pair for cell in cells if cell.pair}
        self.bursts.update(agree_in_pairs(agree(fresh, self.call_ns), pairs))
        self.call_ns.clear()
        for name, line in lines.items():
            if name in self.bursts:
                burst = self.bursts[name]
                line.calls, line.lead_in, line.read_ns = burst.calls, burst.lead_in, burst.read_ns

    def resettle(self, cells: Sequence[Cell], lines: dict[str, CellLine]) -> bool:
        """If what was timed shows that a burst is far too short, settle all of them by it; the
        rounds so far were then tries. Returns: whether that was so."""
        call_ns = {name: min(line.timed.wall_ns) / line.calls for name, line in lines.items()}
        chosen: dict[str, Burst] = {}
        for cell in cells:
            fence = self.workers.facts[cell.worker].fence_ns
            burst = choose_burst(call_ns[cell.id], fence, get_op(cell.spec.op).trains)
            chosen[cell.id] = replace(burst, read_ns=lines[cell.id].read_ns)
        if all(chosen[name].calls <= FAR * line.calls for name, line in lines.items()):
            return False
        for name, line in lines.items():
            line.calibration_calls += [line.calls] * len(line.timed.wall_ns)
            line.calibration.extend(line.timed)
            line.timed = Samples()
            chosen[name] = max(chosen[name], self.bursts[name], key=lambda burst: burst.calls)
        self.bursts.update(chosen)
        self.call_ns.update(call_ns)
        self.settle_bursts(cells, lines)
        return True

    def _calibrate(
        self, cell: Cell, line: CellLine, single_ns: float, free_cores: FreeCores
    ) -> Burst:
        """A burst that is long enough by the shortest call seen, in warm-up or in bursts that are
        tried, longer ones until trying one shows that it is long enough: warm-up times are too long
        where the machine was disturbed, and a burst or a lead-in too short would then be kept for
        the run.

        `single_ns`, of one call, holds a fence, which a burst shares among its calls."""
        fence = self.workers.facts[cell.worker].fence_ns
        call = max(single_ns - fence, single_ns / 20)
        trains = get_op(cell.spec.op).trains
        line.read_ns = read_ns = self._ask(
            cell, ReadCostRequest(cell.id), 9 * single_ns * 1e-9
        ).read_ns
        burst, longer = Burst(0, 0), choose_burst(call, fence, trains)
        while longer.calls > burst.calls:
            burst = longer
            call = min(call, self._try(cell, burst, line, free_cores))
            longer = choose_burst(call, fence, trains)
        self.call_ns[cell.id] = call
        return replace(longer, read_ns=read_ns)

    def _try(self, cell: Cell, burst: Burst, line: CellLine, free_cores: FreeCores) -> float:
        """Nanoseconds of the shortest call in bursts that are tried: so many that some of them had
        their cores, within the time limit for waiting. If none had, what is left without the
        waiting: a burst that is too long does no harm. What was still pending at the end counts, or
        a device whose fence does not wait would get ever longer bursts before it is refused."""
        wanted = TRIES if burst.lead_in else 1
        calm: list[float] = []
        starved: list[float] = []
        while len(calm) < wanted and len(starved) < MOST_TRIES:
            free_cores.wait()
            reading = self.burst(cell, burst, line.calibration)
            line.calibration_calls.append(burst.calls)
            wall, waited = reading.wall_ns, min(reading.wait_ns, reading.wall_ns)
            pending = max((reading.residual_ns or 0) - line.read_ns, 0)
            if waited <= STARVED * wall:
                calm.append((wall + pending) / burst.calls)
                continue
            free_cores.excuse(waited * 1e-9)
            starved.append((max(wall - waited, wall / 20) + pending) / burst.calls)
            if len(starved) >= TRIES and free_cores.wait_budget.left_s == 0.0:
                break
        return min(calm or starved)

    def free_cores(self, cells: Sequence[Cell]) -> FreeCores:
        """What holds bursts of these cells back while others need the cores."""
        cores = self.plan.cores
        threads = max(cell.worker.policy(cores).threads for cell in cells)
        return FreeCores(cores, threads, self.wait_budget)

    def check_after(self, cell: Cell, line: CellLine, first_launch: bool) -> None:
        """The last timed output must be right, the fence have waited, no more threads have worked
        than were declared, and nothing have been traced meanwhile. At the first launch also:
        results must follow the inputs, and leave them alone."""
        fence = self.workers.facts[cell.worker].fence_ns
        _, traces = self._check(cell, line.calls + line.lead_in)
        threads = cell.worker.policy(self.plan.cores).threads
        problems = [
            self._early_fence(cell, line),
            device_disagrees(line),
            too_many_threads(line, threads) if cell.worker.device == "cpu" else None,
            traced_again(self.traces[cell.id], traces),
        ]
        found = [problem for problem in problems if problem]
        if found:
            raise CellFailed("invalid", "; ".join(found))
        if first_launch:
            self._ask(cell, ProbeRequest(cell.id), 4 * self.plan.predictions[cell.id].load_s)
            try:
                line.unchecked = self._check_work(cell, line)
            except CellFailed as error:
                if error.status != "oom":
                    raise
                line.unchecked = NO_ROOM  # a timed cell needs less than its checks
        if (problem := self._too_fast(cell, line)) is not None:
            raise CellFailed("invalid", problem)
        line.overhead = fence / median(line.timed.wall_ns)
        if line.calls > 1 and median(line.timed.wall_ns) / line.calls < LATENCY_LIMIT_NS:
            self._time_alone(cell, line, fence)

    def _early_fence(self, cell: Cell, line: CellLine) -> str | None:
        """What `early_fence` says; where it complains, of more bursts: on a busy machine a reading
        may be late by chance, and what is pending after a burst is pending after each."""
        problem = early_fence(line)
        if problem is None:
            return None
        more, burst = Samples(), Burst(line.calls, line.lead_in)
        for number in range(MORE_BURSTS):
            self.burst(cell, burst, more, read_placed=number % 2 == 1)
        return early_fence(structs.replace(line, timed=more))

    def _time_alone(self, cell: Cell, line: CellLine, fence_ns: int) -> None:
        """Time calls alone; more of them where they seem far too long, perhaps for another's sake.

        Raises: CellFailed("invalid", ...)"""
        free_cores, problem = self.free_cores([cell]), None
        for _ in range(LATENCY_TRIES):
            for _ in range(LATENCY_BURSTS):
                self.burst(cell, Burst(1, 1), line.latency)
            if (problem := lone_call(line, fence_ns)) is None:
                return
            free_cores.wait()
        if problem is not None:
            raise CellFailed("invalid", problem)

    def _too_fast(self, cell: Cell, line: CellLine) -> str | None:
        """Whether the time is less than the work needs, by ceilings and bursts that were measured
        again, one after the other: what keeps the cores busy slows both."""
        ceilings = self.limits.of(cell)
        if ceilings is None:
            return None
        cost, warm = get_op(cell.spec.op).cost(cell.spec), cell.key.cache == DEFAULT_CACHE
        moved = cost.min_bytes
        held = ceilings.cache_bytes or UNKNOWN_CACHE_BYTES
        if cell.worker.device != "cpu" and moved < BEYOND_CACHES * held:
            moved = 0  # how fast a device's cache is, only its own framework tells
        problem = too_fast(line, least_time(cost.flop, moved, ceilings, warm))
        free_cores = self.free_cores([cell])
        for _ in range(AGAIN):
            if problem is None:
                break
            free_cores.wait()
            ceilings = self.limits.again(ceilings)
            now = structs.replace(line, timed=self._timed_now(cell, line))
            problem = too_fast(now, least_time(cost.flop, moved, ceilings, warm))
        return problem

    def _timed_now(self, cell: Cell, line: CellLine) -> Samples:
        """More bursts like those that were timed."""
        more, burst = Samples(), Burst(line.calls, line.lead_in)
        for _ in range(min(MORE_BURSTS, len(line.timed.wall_ns))):
            self.burst(cell, burst, more)
        return more

    def _check_work(self, cell: Cell, line: CellLine) -> str:
        """Every call must do its own work, before the fence returns. Returns: why not all of this
        was looked at, "" if it was.

        Raises: CellFailed("invalid", ...)"""
        expect_s = self.plan.predictions[cell.id].load_s
        if (problem := self._unfinished(cell, line, expect_s)) is not None:
            raise CellFailed("invalid", problem)
        if not self._room(cell, 3):
            return NO_ROOM
        if (problem := self._stored(cell, line, expect_s)) is not None:
            raise CellFailed("invalid", problem)
        call_ns = median(line.timed.wall_ns) / line.calls
        calls, repeats = varied_calls(call_ns, line.calls)
        if call_ns > LONGEST_NS:
            return "its calls take too long"
        if not self._room(cell, 2 + calls):
            return NO_ROOM
        if (problem := self._varied(cell, calls, repeats, call_ns)) is not None:
            raise CellFailed("invalid", problem)
        return ""

    def _unfinished(self, cell: Cell, line: CellLine, expect_s: float) -> str | None:
        """What is wrong if results of a burst were not done when its fence returned. Repeated where
        it seems so: a reading may be late since another program had the core."""
        request = KeepResultsRequest(cell.id, kept_calls(cell.spec, line.calls), line.lead_in)
        problem = unfinished(self._ask(cell, request, expect_s))
        for _ in range(WORK_TRIES):
            if problem is None:
                break
            problem = unfinished(self._ask(cell, request, expect_s))
        return problem

    def _stored(self, cell: Cell, line: CellLine, expect_s: float) -> str | None:
        """What is wrong if results come from earlier calls. More calls on new operands follow where
        it seems so, each after a wait for free cores."""
        least, free_cores = WORK_TRIALS if line.lead_in else 1, self.free_cores([cell])
        trials: list[NewOperandsReply] = []
        while len(trials) < least or (stored(trials) and len(trials) < MOST_TRIALS):
            if len(trials) >= least:
                free_cores.wait()
            trials.append(self._ask(cell, NewOperandsRequest(cell.id), 2 * expect_s))
        return stored(trials)

    def _room(self, cell: Cell, times: int) -> bool:
        """Whether so many times a call's operands and results fit in memory beside what is there;
        of a device only its own framework could tell, which then says that they do not."""
        needed = times * sum(moved_bytes(cell.spec))
        return cell.worker.device != "cpu" or needed <= ROOM_SHARE * available_bytes()

    def _varied(self, cell: Cell, calls: int, repeats: int, call_ns: float) -> str | None:
        """What is wrong if calls that keep results, or have their own operands, take longer."""
        sets = min(calls, max(2, MOST_KEPT_BYTES // max(moved_bytes(cell.spec)[0], 1)))
        moving = self._moving_ns(cell, calls)
        expect_s = 4 * calls * (repeats + 1) * call_ns * 1e-9
        problem = None
        for _ in range(WORK_TRIES):
            varied = self._ask(cell, VaryCallsRequest(cell.id, calls, repeats, sets), expect_s)
            if (problem := depends(varied, calls, moving)) is None:
                break
        return problem

    def _moving_ns(self, cell: Cell, calls: int) -> dict[str, float]:
        """`moving_ns` by this machine's ceilings."""
        ceilings, (given, made) = self.limits.of(cell), moved_bytes(cell.spec)
        on_host = bool(get_op(cell.spec.op).on_host)
        ceilings = None if on_host and cell.worker.device != "cpu" else ceilings
        found = reach(ceilings, calls * (given + made)) if ceilings else None
        new_pages = on_host or cell.worker.allocator == "system" or sys.platform != "linux"
        return moving_ns(cell.spec, found.bytes_per_s if found else SLOWEST, new_pages)

    def unload(self, cell: Cell) -> None:
        """Have its worker, if there is one, forget the cell."""
        worker = self.workers.running(cell.worker)
        if worker is not None:
            worker.ask(UnloadRequest(cell.id), self.settings.timeout_s)

    def _ask(self, cell: Cell, request: Request[R], expect_s: float) -> R:
        limit = max(self.settings.timeout_s, 20.0 * expect_s)
        return self.workers.get(cell.worker).ask(request, limit)


def varied_calls(call_ns: float, burst: int) -> tuple[int, int]:
    """How many calls are varied at once, an even number, of an op whose bursts are of so many; and
    how often."""
    if call_ns > LONG_NS:
        return 2, 1
    longest = max(LEAST_VARIED, int(VARIED_NS / max(call_ns, 1.0)))
    calls = max(LEAST_VARIED, min(VARIED_CALLS, longest, burst))
    return calls - calls % 2, VARIED_REPEATS


def kept_calls(spec: Spec, calls: int) -> int:
    """How many calls keep their results at once, of an op whose bursts are of so many calls."""
    each = get_op(spec.op).tensors(spec).elements("outputs") * ITEM_BYTES[spec.dtype]
    least = 2 if each > MOST_KEPT_BYTES else 3
    return max(least, min(calls, KEPT_CALLS, KEPT_BYTES // max(each, 1)))
