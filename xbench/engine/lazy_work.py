"""Whether every call of a timed cell does its own work, before its fence returns.

The worker takes the evidence (`worker/work_checks.py`), the rules are in `refusals.py`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median

from xbench.analysis.bound import reach
from xbench.contracts import Spec
from xbench.engine.launch import LaunchContext
from xbench.engine.refusals import (
    NEW_TIMES,
    SLOWEST,
    STORED_NS,
    STORED_TIMES,
    VARIED_SLACK_NS,
    less_work_than_usual,
    longer_than_timed,
    moving_ns,
    operand_and_result_bytes,
    returns_old_results,
    unfinished_after_fence,
)
from xbench.errors import CellFailed
from xbench.machine.machine import available_bytes
from xbench.ops import get_op
from xbench.ops.base import ITEM_BYTES
from xbench.plan.cell import Cell
from xbench.process.messages import (
    KeepResultsRequest,
    NewOperandsReply,
    NewOperandsRequest,
    VaryCallsRequest,
)
from xbench.records.schema import CellLine

WORK_TRIALS, WORK_TRIES, MOST_TRIALS = 3, 6, 15
"""How often calls on new operands are tried; how often at most a check is repeated where a cell
seems lazy; and calls on new operands, of which one that took its usual time clears the cell."""

KEPT_CALLS, KEPT_BYTES, MOST_KEPT_BYTES = 5_000, 64 << 20, 256 << 20
"""Results that are kept to see whether each is done: so many calls, while they hold so much; three
calls of larger results, two of the largest."""

VARIED_CALLS, VARIED_NS, LEAST_VARIED, VARIED_REPEATS = 16, 4e6, 4, 5
"""Calls that are varied, so many or for so long, but no fewer than that; and how often. Only where
a burst has several calls: of a single one the fence is given the result, and what was stored in
calls before it is told by timed calls beside calls on new operands."""

ROOM_SHARE, NO_ROOM = 0.8, "memory has no room for more results or operands"
"""Of the free memory, what checks may take on the host; why they were not made."""


@dataclass(slots=True)
class LazyWorkChecks:
    """Checks that the calls of one group's cells are neither left undone nor answered by earlier
    results."""

    launch: LaunchContext

    def check(self, cell: Cell, line: CellLine) -> str:
        """Every call must do its own work, before the fence returns. Returns: why not all of this
        was looked at, "" if it was.

        Raises: CellFailed("invalid", ...)"""
        expect_s = self.launch.plan.predictions[cell.id].load_s
        if (problem := self._unfinished(cell, line, expect_s)) is not None:
            raise CellFailed("invalid", problem)
        if not self._room(cell, 3):
            return NO_ROOM
        if (problem := self._stored(cell, line, expect_s)) is not None:
            raise CellFailed("invalid", problem)
        if line.calls == 1:
            return ""
        call_ns = median(line.timed.wall_ns) / line.calls
        calls, repeats = varied_calls(call_ns, line.calls), VARIED_REPEATS
        if not self._room(cell, 2 + calls):
            return NO_ROOM
        if (problem := self._varied(cell, calls, repeats, call_ns)) is not None:
            raise CellFailed("invalid", problem)
        return ""

    def _unfinished(self, cell: Cell, line: CellLine, expect_s: float) -> str | None:
        """What is wrong if results of a burst were not done when its fence returned. Repeated where
        it seems so: a reading may be late since another program had the core."""
        request = KeepResultsRequest(cell.id, kept_calls(cell.spec, line.calls), line.lead_in)
        problem = unfinished_after_fence(self.launch.ask(cell, request, expect_s))
        for _ in range(WORK_TRIES):
            if problem is None:
                break
            problem = unfinished_after_fence(self.launch.ask(cell, request, expect_s))
        return problem

    def _stored(self, cell: Cell, line: CellLine, expect_s: float) -> str | None:
        """What is wrong if results come from earlier calls. More calls on new operands follow where
        it seems so, each after a wait for free cores. Where bursts have one call, nothing else
        tells a framework that stores a part of its results, so that less is allowed; and what
        it stored in many calls only the timed ones tell."""
        least, free_cores = WORK_TRIALS, self.launch.free_cores([cell])
        times, more_ns = float(STORED_TIMES), float(STORED_NS)
        if line.calls == 1:
            least, times = 1, NEW_TIMES
            more_ns = self._moving_ns(cell, 1)["new_ns"] + VARIED_SLACK_NS
        trials: list[NewOperandsReply] = []
        problem = None
        while len(trials) < least or (problem and len(trials) < MOST_TRIALS):
            if len(trials) >= least:
                free_cores.wait()
            trials.append(self.launch.ask(cell, NewOperandsRequest(cell.id), 2 * expect_s))
            problem = returns_old_results(trials, times, more_ns) or (
                longer_than_timed(trials, line, more_ns) if line.calls == 1 else None
            )
        return problem

    def _room(self, cell: Cell, times: int) -> bool:
        """Whether so many times a call's operands and results fit in memory beside what is there;
        of a device only its own framework could tell, which then says that they do not."""
        needed = times * sum(operand_and_result_bytes(cell.spec))
        return cell.worker.device != "cpu" or needed <= ROOM_SHARE * available_bytes()

    def _varied(self, cell: Cell, calls: int, repeats: int, call_ns: float) -> str | None:
        """What is wrong if calls that keep results, or have their own operands, take longer."""
        sets = min(calls, max(2, MOST_KEPT_BYTES // max(operand_and_result_bytes(cell.spec)[0], 1)))
        moving = self._moving_ns(cell, calls)
        expect_s = 4 * calls * (repeats + 1) * call_ns * 1e-9
        problem = None
        for _ in range(WORK_TRIES):
            varied = self.launch.ask(
                cell, VaryCallsRequest(cell.id, calls, repeats, sets), expect_s
            )
            if (problem := less_work_than_usual(varied, calls, moving)) is None:
                break
        return problem

    def _moving_ns(self, cell: Cell, calls: int) -> dict[str, float]:
        """`moving_ns` by this machine's ceilings."""
        ceilings, (given, made) = self.launch.ceilings.of(cell), operand_and_result_bytes(cell.spec)
        on_host = bool(get_op(cell.spec.op).on_host)
        ceilings = None if on_host and cell.worker.device != "cpu" else ceilings
        found = reach(ceilings, calls * (given + made)) if ceilings else None
        new_pages = on_host or cell.worker.allocator == "system" or sys.platform != "linux"
        return moving_ns(cell.spec, found.bytes_per_s if found else SLOWEST, new_pages)


def varied_calls(call_ns: float, burst: int) -> int:
    """How many calls are varied at once, an even number, of an op whose bursts are of so many."""
    longest = max(LEAST_VARIED, int(VARIED_NS / max(call_ns, 1.0)))
    calls = max(LEAST_VARIED, min(VARIED_CALLS, longest, burst))
    return calls - calls % 2


def kept_calls(spec: Spec, calls: int) -> int:
    """How many calls keep their results at once, of an op whose bursts are of so many calls."""
    each = get_op(spec.op).tensors(spec).elements("outputs") * ITEM_BYTES[spec.dtype]
    least = 2 if each > MOST_KEPT_BYTES else 3
    return max(least, min(calls, KEPT_CALLS, KEPT_BYTES // max(each, 1)))
