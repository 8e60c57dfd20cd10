"""Warm-up, and the choice of how many calls make a cell's burst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xbench.engine.burst import Burst, agree, agree_in_pairs, choose_burst, steady
from xbench.engine.cell import CellWork
from xbench.engine.launch import LaunchContext
from xbench.engine.launch_draws import largest_shift
from xbench.engine.quiet import FreeCores
from xbench.ops import get_op
from xbench.plan.cell import Cell
from xbench.process.messages import (
    BurstRequest,
    PopulateRequest,
    ReadCostRequest,
)
from xbench.records.schema import CellLine, Samples

WARMUP_BURSTS = 60
FAR = 2.0
"""A burst is settled again if it should have been more than so many times as long."""

TRIES, MOST_TRIES = 3, 20
STARVED = 0.5
"""A burst whose threads waited for a core for more than this share of it says little: in a calm one
a framework's own threads may wait for each other."""

POPULATE_TIMES, MOST_POPULATED_BYTES = 2, 256 << 20
"""The heap that a cell's tensors move about in, against what they hold; and at most."""


@dataclass(slots=True)
class Calibration:
    """Warms the cells of one group up and chooses their bursts."""

    launch: LaunchContext
    work: CellWork
    call_ns: dict[str, float] = field(default_factory=dict)
    """Of the cells whose bursts were settled just now."""

    populated: set[str] = field(default_factory=set)
    """Cells whose memory has its pages."""

    def warm_up(self, cell: Cell, line: CellLine) -> None:
        """Single calls until they are steady, then choose the burst."""
        self.launch.progress.doing("warm up", cell)
        spent = 0
        walls: list[float] = [line.first_ns]
        traces: list[int] = []
        free_cores = self.launch.free_cores([cell])
        while not line.warmup_converged and len(walls) < WARMUP_BURSTS:
            if spent > self.launch.plan.warmup_s * 1e9 and len(walls) > 1:
                break
            free_cores.wait()
            reading = self.work.burst(cell, Burst(1, 0), line.warmup, relocated=False)
            walls.append(reading.wall_ns)
            spent += reading.wall_ns
            traces.append(reading.traces)
            line.warmup_converged = steady(walls, traces)
        self.work.traces[cell.id] = traces[-1]
        if cell.id not in self.launch.bursts:
            self.launch.bursts[cell.id] = self._calibrate(cell, line, min(walls), free_cores)
        self._touch(cell, self.launch.bursts[cell.id])

    def populate(self, cell: Cell) -> None:
        """Have pages for the memory that a cell's tensors will move about in, if its burst is known
        and it has none yet."""
        burst = self.launch.bursts.get(cell.id)
        if burst is None or cell.id in self.populated:
            return
        self.populated.add(cell.id)
        held_bytes = self.launch.plan.predictions[cell.id].held_bytes
        shift = largest_shift(cell, burst.lead_in, held_bytes)
        if shift:
            moving = min(POPULATE_TIMES * held_bytes + shift, MOST_POPULATED_BYTES)
            self.launch.ask(cell, PopulateRequest(cell.id, moving), 1.0)

    def _touch(self, cell: Cell, burst: Burst) -> None:
        """One more untimed burst, shifted as far as any will be: the timed ones then find pages
        that the process has, wherever they lie."""
        predicted = self.launch.plan.predictions[cell.id]
        shift = largest_shift(cell, burst.lead_in, predicted.held_bytes)
        if shift:
            self.populate(cell)
            calls, layout = max(2, burst.calls), self.launch.draws.layout(cell)
            request = BurstRequest(cell.id, calls, burst.lead_in, layout, shift)
            self.launch.ask(cell, request, predicted.call_s * burst.calls)

    def settle_bursts(self, cells: Sequence[Cell], lines: dict[str, CellLine]) -> None:
        """Let cells that are alike have the same burst, the first time; then note the bursts."""
        fresh = {name: self.launch.bursts[name] for name in self.call_ns}
        pairs = {cell.id: cell.pair for cell in cells if cell.pair}
        self.launch.bursts.update(agree_in_pairs(agree(fresh, self.call_ns), pairs))
        self.call_ns.clear()
        for name, line in lines.items():
            if name in self.launch.bursts:
                burst = self.launch.bursts[name]
                line.calls, line.lead_in, line.read_ns = burst.calls, burst.lead_in, burst.read_ns

    def resettle(self, cells: Sequence[Cell], lines: dict[str, CellLine]) -> bool:
        """If what was timed shows that a burst is far too short, settle all of them by it; the
        rounds so far were then tries. Returns: whether that was so."""
        call_ns = {name: min(line.timed.wall_ns) / line.calls for name, line in lines.items()}
        chosen: dict[str, Burst] = {}
        for cell in cells:
            fence = self.launch.workers.facts[cell.worker].fence_ns
            burst = choose_burst(call_ns[cell.id], fence, get_op(cell.spec.op).trains)
            chosen[cell.id] = replace(burst, read_ns=lines[cell.id].read_ns)
        if all(chosen[name].calls <= FAR * line.calls for name, line in lines.items()):
            return False
        for name, line in lines.items():
            line.calibration_calls += [line.calls] * len(line.timed.wall_ns)
            line.calibration.extend(line.timed)
            line.timed = Samples()
            chosen[name] = max(
                chosen[name], self.launch.bursts[name], key=lambda burst: burst.calls
            )
        self.launch.bursts.update(chosen)
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
        fence = self.launch.workers.facts[cell.worker].fence_ns
        call = max(single_ns - fence, single_ns / 20)
        trains = get_op(cell.spec.op).trains
        line.read_ns = read_ns = self.launch.ask(
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
            reading = self.work.burst(cell, burst, line.calibration)
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
