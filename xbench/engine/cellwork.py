"""One cell in one launch: loaded, checked, warmed up, timed burst by burst, checked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from xbench.cell import Cell
from xbench.engine.calibrate import Burst, choose_burst, steady
from xbench.engine.oracle import Oracle
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed
from xbench.plan.plan import Plan
from xbench.records.schema import CellLine, Samples
from xbench.workloads import get_op

WARMUP_NS = 250_000_000
WARMUP_BURSTS = 60
SAMPLE_FIELDS = Samples.__struct_fields__
Observe = Callable[[str, Cell], None]
"""Called with what is being done (`load`, `check`, `time`) and to which cell."""


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
    inputs: dict[str, Any] = field(default_factory=dict)
    traces: dict[str, int] = field(default_factory=dict)

    def place(self, cell: Cell, spec: dict[str, Any]) -> None:
        """Put the cell's inputs on the device; the only work done to several workers at once."""
        expect = self.plan.predictions[cell.id].load_s
        self._ask(cell, "place", expect, spec=spec, inputs=self.inputs)

    def load(self, cell: Cell, line: CellLine) -> None:
        """Build the step, run it for the first time, have the result judged."""
        self.observe("load", cell)
        predicted = self.plan.predictions[cell.id]
        variant = [cell.variant.mode, cell.variant.gradient]
        loaded = self._ask(cell, "load", predicted.load_s, variant=variant)
        line.build_ns, line.memory_bytes = loaded["build_ns"], loaded["memory_bytes"]
        line.first_ns = loaded["first"]["wall_ns"]
        line.check = self._check(cell, 1)["checks"]

    def _check(self, cell: Cell, calls: int) -> dict[str, Any]:
        """Have the oracle judge the last burst's results.

        Raises: CellFailed("invalid", ...) with what is wrong; a wrong result has no time."""
        self.observe("check", cell)
        file = str(self.settings.scratch / "answer.npz")
        predicted = self.plan.predictions[cell.id]
        reply = self._ask(
            cell, "answer", predicted.load_s, file=file, digests=self.inputs["digests"]
        )
        verdict = self.oracle.judge(self.inputs["id"], file, calls)
        if verdict["problems"]:
            raise CellFailed("invalid", "; ".join(verdict["problems"]))
        return reply | verdict

    def burst(self, cell: Cell, burst: Burst, into: Samples) -> dict[str, int]:
        """One timed burst, appended to `into`. Returns: all that was read."""
        call_s = self.plan.predictions[cell.id].call_s
        reading = self._ask(
            cell, "burst", call_s * burst.calls, calls=burst.calls, lead_in=burst.lead_in
        )
        for name in SAMPLE_FIELDS:
            getattr(into, name).append(reading[name])
        return reading

    def warm_up(self, cell: Cell, line: CellLine) -> None:
        """Single calls until they are steady, then choose the burst."""
        self.observe("warm up", cell)
        spent = 0
        walls: list[float] = [line.first_ns]
        while not line.warmup_converged and len(walls) < WARMUP_BURSTS:
            if spent > WARMUP_NS and len(walls) > 1:
                break
            reading = self.burst(cell, Burst(1, 0), line.warmup)
            walls.append(reading["wall_ns"])
            spent += reading["wall_ns"]
            self.traces[cell.id] = reading["traces"]
            line.warmup_converged = steady(walls)
        fence = self.workers.facts[cell.worker]["fence_ns"]
        if cell.id not in self.bursts:
            single = median(walls[-5:])  # holds a fence, which a burst shares among its calls
            call = max(single - fence, single / 20)
            trains = get_op(cell.spec.op).trains
            self.bursts[cell.id] = choose_burst(call, fence, trains)
        burst = self.bursts[cell.id]
        line.calls, line.lead_in = burst.calls, burst.lead_in

    def check_after(self, cell: Cell, line: CellLine, first_launch: bool) -> None:
        """The last timed output must be right, and nothing may have been traced meanwhile. At the
        first launch also: results must follow the inputs, and leave them alone."""
        reply = self._check(cell, line.calls)
        if first_launch:
            self._ask(cell, "probe", 4 * self.plan.predictions[cell.id].load_s)
        if reply["traces"] != self.traces[cell.id]:
            times = reply["traces"] - self.traces[cell.id]
            raise CellFailed("invalid", f"retraced or recompiled {times} times while timed")
        fence = self.workers.facts[cell.worker]["fence_ns"]
        line.overhead = fence / median(line.timed.wall_ns)

    def unload(self, cell: Cell) -> None:
        """Have its worker, if there is one, forget the cell."""
        worker = self.workers.running(cell.worker)
        if worker is not None:
            worker.call("unload", self.settings.timeout_s, cell=cell.id)

    def _ask(self, cell: Cell, action: str, expect_s: float, **arguments: Any) -> dict[str, Any]:
        limit = max(self.settings.timeout_s, 20.0 * expect_s)
        return self.workers.get(cell.worker).call(action, limit, cell=cell.id, **arguments)
