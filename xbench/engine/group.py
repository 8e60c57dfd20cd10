"""One group in one launch: load and check every cell, rounds of bursts, check again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from statistics import median
from typing import Any

from xbench.cell import Cell, Group
from xbench.engine.calibrate import Burst, choose_burst, choose_rounds, steady
from xbench.engine.oracle import Oracle
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, OracleFailed, Status, WorkerDied
from xbench.plan.plan import Plan
from xbench.records.schema import CellLine, GroupLine, Samples
from xbench.workloads import get_op

WARMUP_NS = 400_000_000
WARMUP_BURSTS = 60
SAMPLE_FIELDS = Samples.__struct_fields__
Observe = Callable[[str, Cell], None]
"""Called with what is being done (`load`, `check`, `time`) and to which cell."""


class _Again(Exception):
    """A worker is gone, and with it other cells of the group: measure the rest anew."""


@dataclass(slots=True)
class GroupRun:
    """Measures one group. `bursts` outlives it: a cell keeps its burst through all launches."""

    plan: Plan
    settings: Settings
    workers: Workers
    oracle: Oracle
    bursts: dict[str, Burst]
    group: Group
    launch: int
    observe: Observe
    failed: dict[str, tuple[Status, str]] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)

    def measure(self, cells: list[Cell]) -> GroupLine:
        """Measure the given cells of the group together; failures become statuses."""
        spec = self.group.spec
        params = {"op": spec.op, "params": list(spec.params), "dtype": spec.dtype}
        started = datetime.now(UTC).isoformat(timespec="seconds")
        lines: dict[str, CellLine] = {}
        order: list[list[int]] = []
        try:
            self.inputs = self.oracle.prepare(params)
            while len(self.failed) < len(cells):
                alive = [cell for cell in cells if cell.id not in self.failed]
                lines = {cell.id: CellLine(id=cell.id) for cell in alive}
                try:
                    places = [cells.index(cell) for cell in alive]
                    turns = self._attempt(alive, lines, params)
                    order = [[places[place] for place in turn] for turn in turns]
                    break
                except _Again:
                    continue
                finally:
                    self._unload(alive)
            self.oracle.release(self.inputs["id"])
        except OracleFailed as error:
            for cell in cells:
                self.failed.setdefault(cell.id, (error.status, error.message))
        for name, (status, reason) in self.failed.items():
            lines[name] = CellLine(id=name, status=status, reason=reason)
        return GroupLine(
            group=self.group.id, launch=self.launch, started_utc=started,
            inputs_sha256=self.inputs.get("sha256", ""), order=order,
            cells=[lines[cell.id] for cell in cells],
        )  # fmt: skip

    def _attempt(
        self, cells: list[Cell], lines: dict[str, CellLine], params: dict[str, Any]
    ) -> list[list[int]]:
        """Returns: the order of bursts in each round, as places in `cells`."""
        traces: dict[str, int] = {}
        for cell in cells:
            self._guard(cell, partial(self._load, cell, lines[cell.id], params))
        ready = [cell for cell in cells if cell.id not in self.failed]
        for cell in ready:
            self._guard(cell, partial(self._warm_up, cell, lines[cell.id], traces))
        ready = [cell for cell in ready if cell.id not in self.failed]
        if not ready:
            return []
        order = self._rounds(cells, ready, lines)
        for cell in ready:
            self._guard(cell, partial(self._check_after, cell, lines[cell.id], traces))
        return order

    def _guard(self, cell: Cell, work: Callable[[], object]) -> None:
        """Do something for one cell; note its failure. Raises: _Again if its worker is gone."""
        try:
            work()
        except OracleFailed:
            raise
        except CellFailed as error:
            self.failed[cell.id] = (error.status, error.message)
        except WorkerDied as error:
            self.failed[cell.id] = (error.status, error.message)
            self.workers.discard(cell.worker)
            raise _Again from None

    def _ask(self, cell: Cell, action: str, expect_s: float, **arguments: Any) -> dict[str, Any]:
        limit = max(self.settings.timeout_s, 20.0 * expect_s)
        return self.workers.get(cell.worker).call(action, limit, cell=cell.id, **arguments)

    def _load(self, cell: Cell, line: CellLine, params: dict[str, Any]) -> None:
        self.observe("load", cell)
        predicted = self.plan.predictions[cell.id]
        variant = [cell.variant.mode, cell.variant.gradient]
        loaded = self._ask(
            cell, "load", predicted.load_s, spec=params, variant=variant, inputs=self.inputs
        )
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

    def _burst(self, cell: Cell, burst: Burst, into: Samples) -> dict[str, int]:
        call_s = self.plan.predictions[cell.id].call_s
        reading = self._ask(
            cell, "burst", call_s * burst.calls, calls=burst.calls, lead_in=burst.lead_in
        )
        for name in SAMPLE_FIELDS:
            getattr(into, name).append(reading[name])
        return reading

    def _warm_up(self, cell: Cell, line: CellLine, traces: dict[str, int]) -> None:
        """Single calls until they are steady, then choose the burst."""
        self.observe("warm up", cell)
        spent = 0
        walls: list[float] = []
        while not line.warmup_converged and len(walls) < WARMUP_BURSTS:
            if spent > WARMUP_NS and len(walls) >= 2:
                break
            reading = self._burst(cell, Burst(1, 0), line.warmup)
            walls.append(reading["wall_ns"])
            spent += reading["wall_ns"]
            traces[cell.id] = reading["traces"]
            line.warmup_converged = steady(walls)
        fence = self.workers.facts[cell.worker]["fence_ns"]
        if cell.id not in self.bursts:
            trains = get_op(cell.spec.op).trains
            self.bursts[cell.id] = choose_burst(median(walls[-5:]), fence, trains)
        burst = self.bursts[cell.id]
        line.calls, line.lead_in = burst.calls, burst.lead_in

    def _rounds(
        self, cells: list[Cell], ready: list[Cell], lines: dict[str, CellLine]
    ) -> list[list[int]]:
        random = Random(f"{self.settings.seed}/{self.launch}/{self.group.id}")
        round_ns = 0.0
        for cell in ready:
            burst, line = self.bursts[cell.id], lines[cell.id]
            call = median(line.warmup.wall_ns[-5:])
            round_ns += call * (burst.calls + burst.lead_in) + 500_000
        order: list[list[int]] = []
        for _ in range(choose_rounds(round_ns, self.plan.group_s)):
            turn = random.sample(ready, len(ready))
            order.append([cells.index(cell) for cell in turn])
            for cell in turn:
                self.observe("time", cell)
                burst, timed = self.bursts[cell.id], lines[cell.id].timed
                self._guard(cell, partial(self._burst, cell, burst, timed))
                if cell.id in self.failed:
                    raise _Again
        return order

    def _check_after(self, cell: Cell, line: CellLine, traces: dict[str, int]) -> None:
        """The last timed output must be right, and nothing may have been traced meanwhile."""
        reply = self._check(cell, line.calls)
        if reply["traces"] != traces[cell.id]:
            times = reply["traces"] - traces[cell.id]
            raise CellFailed("invalid", f"retraced or recompiled {times} times while timed")
        fence = self.workers.facts[cell.worker]["fence_ns"]
        line.overhead = fence / median(line.timed.wall_ns)

    def _unload(self, cells: list[Cell]) -> None:
        for cell in cells:
            worker = self.workers.running(cell.worker)
            if worker is None:
                continue
            try:
                worker.call("unload", self.settings.timeout_s, cell=cell.id)
            except WorkerDied:
                self.workers.discard(cell.worker)
