"""One cell in one launch: placed, loaded, its result judged, a burst timed, unloaded.

What surrounds the timed rounds is beside it: `calibration.py` before them, `timed_checks.py` after
them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from xbench.engine.burst import Burst, keep, without_clock_jump
from xbench.engine.launch import LaunchContext
from xbench.errors import CellFailed
from xbench.keys import DEFAULT_CACHE
from xbench.ops import get_op
from xbench.plan.cell import Cell
from xbench.process.messages import (
    AnswerRequest,
    BurstRequest,
    InputFiles,
    LoadRequest,
    PutInputsRequest,
    Reading,
    UnloadRequest,
)
from xbench.records.schema import CellLine, Samples


@dataclass(slots=True)
class CellWork:
    """What is done to the cells of one group. Every method may raise CellFailed or WorkerDied,
    which concern the cell, and OracleFailed, which concerns the group."""

    launch: LaunchContext
    inputs: InputFiles = field(default_factory=InputFiles)
    jumps: list[str] = field(default_factory=list)
    """Bursts that were repeated since a clock jumped in them."""

    traces: dict[str, int] = field(default_factory=dict)
    """How often each cell's step had been traced when it was warm."""

    def put_inputs(self, cell: Cell) -> None:
        """Put the cell's inputs on the device."""
        expect = self.launch.plan.predictions[cell.id].load_s
        cold = cell.key.cache != DEFAULT_CACHE
        self.launch.ask(cell, PutInputsRequest(cell.id, cell.spec, self.inputs, cold), expect)

    def load(self, cell: Cell, line: CellLine) -> None:
        """Build the step and run it for the first time."""
        predicted = self.launch.plan.predictions[cell.id]
        loaded = self.launch.ask(cell, LoadRequest(cell.id, cell.key.variant), predicted.load_s)
        line.build_ns, line.memory_bytes = loaded.build_ns, loaded.memory_bytes
        line.first_ns, line.copies = loaded.first.wall_ns, loaded.copies

    def judge_first(self, cell: Cell, line: CellLine) -> None:
        """Have the result of a loaded cell's first call judged."""
        line.check, _ = self.judge(cell, 1)

    def judge(self, cell: Cell, calls: int) -> tuple[dict[str, str], int]:
        """Have the oracle judge the last burst's results. Returns: the check made of each output,
        and how often the step was traced so far.

        Raises: CellFailed("invalid", ...) with what is wrong; a wrong result has no time."""
        self.launch.progress.doing("check", cell)
        with self.launch.spent.on("judging results"):
            return self._judge(cell, calls)

    def _judge(self, cell: Cell, calls: int) -> tuple[dict[str, str], int]:
        file = str(self.launch.settings.scratch / "answer.npz")
        expect_s = self.launch.plan.predictions[cell.id].load_s
        answer = self.launch.ask(
            cell, AnswerRequest(cell.id, file, self.inputs.samplings), expect_s
        )
        if cell.key.backend in get_op(cell.spec.op).uncompared:
            Path(file).unlink(missing_ok=True)
            return {}, answer.traces
        verdict = self.launch.oracle.judge(self.inputs.id, file, calls)
        if verdict.problems:
            raise CellFailed("invalid", "; ".join(verdict.problems))
        return verdict.checks, answer.traces

    def burst(
        self,
        cell: Cell,
        burst: Burst,
        into: Samples,
        read_placed: bool = False,
        relocated: bool = True,
    ) -> Reading:
        """One timed burst, appended to `into`. Returns: all that was read. `read_placed`: after it
        a finished tensor is read, not a result; `relocated`: its tensors come to lie elsewhere,
        perhaps on pages that are new."""
        worker = self.launch.workers.get(cell.worker)
        predicted = self.launch.plan.predictions[cell.id]
        before = worker.idle_cpu_ns
        shift = self.launch.draws.shift_bytes(cell, burst.lead_in, predicted.held_bytes)
        layout = self.launch.draws.layout(cell) if relocated else None
        calls, lead_in = burst.calls, burst.lead_in
        request = BurstRequest(cell.id, calls, lead_in, layout, shift, read_placed)
        ask = partial(self.launch.ask, cell, request, predicted.call_s * burst.calls)
        reading = without_clock_jump(ask, cell.id, self.jumps.append)
        reading = reading._replace(idle_cpu_ns=worker.idle_cpu_ns - before)
        keep(reading, into)
        return reading

    def unload(self, cell: Cell) -> None:
        """Have its worker, if there is one, forget the cell."""
        worker = self.launch.workers.running(cell.worker)
        if worker is not None:
            worker.ask(UnloadRequest(cell.id), self.launch.settings.timeout_s)
