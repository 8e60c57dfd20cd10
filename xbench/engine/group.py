"""One group in one launch: load and check every cell, rounds of bursts, check again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from random import Random

from msgspec import UNSET

from xbench.engine.burst import more_rounds
from xbench.engine.calibration import STARVED, Calibration
from xbench.engine.cell import CellWork
from xbench.engine.launch import LaunchContext
from xbench.engine.timed_checks import TimedChecks
from xbench.engine.workers import in_parallel
from xbench.errors import CellFailed, OracleFailed, Status, WorkerDied, XbenchError
from xbench.keys import WorkerKey
from xbench.machine.nvml import GpuState, state_of
from xbench.plan.cell import Cell, Group
from xbench.records.schema import CellLine, GroupLine

Failures = list[tuple[Cell, CellFailed | WorkerDied]]
"""Cells without a number, and why."""


class _WorkerGone(Exception):
    """A worker is gone, and with it other cells of the group: measure the rest anew."""


@dataclass(slots=True)
class GroupRun:
    """Measures one group in one launch; `failed` then says which cells have no number."""

    launch: LaunchContext
    group: Group
    failed: dict[str, tuple[Status, str]] = field(default_factory=dict)
    canaries: list[int] = field(default_factory=list)
    gpus: list[GpuState] = field(default_factory=list)
    first: bool = False
    """Whether it is measured for the first time, in launch 0 or later: the budget may have had no
    time for it before."""

    work: CellWork = field(init=False)
    calibration: Calibration = field(init=False)

    def __post_init__(self) -> None:
        self.work = CellWork(self.launch)
        self.calibration = Calibration(self.launch, self.work)

    def measure(self, cells: list[Cell]) -> GroupLine:
        """Measure the given cells of the group together; failures become statuses."""
        spec = self.group.spec
        judged = replace(spec, math=self.group.cells[0].worker.math)
        self.first = any(cell.id not in self.launch.bursts for cell in cells)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        lines: dict[str, CellLine] = {}
        order: list[list[int]] = []
        try:
            with self.launch.spent.on("inputs and exact answers"):
                self.work.inputs = self.launch.oracle.prepare(judged)
            while len(self.failed) < len(cells):
                alive = self.launch.draws.order(c for c in cells if c.id not in self.failed)
                lines = {cell.id: CellLine(key=cell.key) for cell in alive}
                try:
                    places = [cells.index(cell) for cell in alive]
                    turns = self._attempt(alive, lines)
                    order = [[places[place] for place in turn] for turn in turns]
                    break
                except _WorkerGone:
                    continue
                finally:
                    self._unload(alive)
            with suppress(OracleFailed):  # what was measured stands; the next one makes inputs anew
                self.launch.oracle.release(self.work.inputs.id)
        except OracleFailed as error:
            for cell in cells:
                self.failed.setdefault(cell.id, (error.status, error.message))
        for cell in cells:
            if cell.id in self.failed:
                status, reason = self.failed[cell.id]
                lines[cell.id] = CellLine(key=cell.key, status=status, reason=reason)
        return GroupLine(
            group=self.group.id,
            launch=self.launch.number,
            started_utc=started,
            inputs_sha256=self.work.inputs.sha256,
            order=order,
            cells=[lines[cell.id] for cell in cells],
            canary_ns=self.canaries,
            gpus=self.gpus,
            jumps=self.work.jumps or UNSET,
            unlocked=self.launch.settings.unlocked or UNSET,
        )

    def _attempt(self, cells: list[Cell], lines: dict[str, CellLine]) -> list[list[int]]:
        """Returns: the order of bursts in each round, as places in `cells`."""
        spent = self.launch.spent
        self.calibration.populated.clear()
        with spent.on("placing inputs" if self.first else "loading and first calls"):
            self._place(cells, lines)
        placed = [cell for cell in cells if cell.id not in self.failed]
        with spent.on("loading and first calls"):
            for cell in placed:
                self._guard(cell, partial(self._load, cell, lines[cell.id]))
        ready = [cell for cell in cells if cell.id not in self.failed]
        with spent.on("warm-up and choice of bursts"):
            for cell in ready:
                self._guard(cell, partial(self.calibration.warm_up, cell, lines[cell.id]))
        ready = [cell for cell in ready if cell.id not in self.failed]
        mine = {cell.id: lines[cell.id] for cell in ready}
        self.calibration.settle_bursts(ready, mine)
        if not ready:
            return []
        with spent.on("rounds"):
            order = self._rounds(cells, ready, lines)
            if self.first and self.calibration.resettle(ready, mine):
                order = self._rounds(cells, ready, lines)
        checks = TimedChecks(self.launch, self.work)
        with spent.on("checking times"):
            for cell in ready:
                self._guard(cell, partial(checks.check, cell, lines[cell.id], self.first))
        return order

    def _guard(self, cell: Cell, work: Callable[[], object]) -> None:
        """Do something for one cell; note its failure.

        Raises: _WorkerGone, if its worker is."""
        try:
            work()
        except OracleFailed:
            raise
        except (CellFailed, WorkerDied) as error:
            if self._note(cell, error):
                raise _WorkerGone from None

    def _note(self, cell: Cell, error: CellFailed | WorkerDied) -> bool:
        """Note a cell's failure. Returns: whether its worker is gone."""
        self.failed[cell.id] = (error.status, error.message)
        if isinstance(error, WorkerDied):
            self.launch.workers.discard(cell.worker)
            return True
        return False

    def _load(self, cell: Cell, line: CellLine) -> None:
        """Load a placed cell, if that was not done, and have its first result judged."""
        self.launch.progress.doing("load", cell)
        if self.first:
            self.work.load(cell, line)
        self.work.judge_first(cell, line)

    def _place(self, cells: list[Cell], lines: dict[str, CellLine]) -> None:
        """Have the workers put their inputs, side by side: at large sizes it is mostly waiting for
        the kernel to hand out pages. Cells of one worker go one after another.

        Cells that were measured before are also loaded, and get the pages that they move about in.
        The very first call of a cell is reported, so that it is made while nothing else works."""
        by_worker: dict[WorkerKey, list[Cell]] = {}
        for cell in cells:
            self.launch.progress.doing("place", cell)
            by_worker.setdefault(cell.worker, []).append(cell)
            self._guard(cell, partial(self.launch.workers.get, cell.worker))

        alive = [
            [cell for cell in mine if cell.id not in self.failed] for mine in by_worker.values()
        ]
        jobs: list[Callable[[], Failures]] = [self._foresee]
        jobs += [partial(self._place_in_turn, mine, lines) for mine in alive]
        died = False
        for errors in in_parallel(jobs, self.launch.plan.cores, self._stop):
            if isinstance(errors, XbenchError):
                raise errors
            for cell, error in errors:
                died |= self._note(cell, error)
        if died:
            raise _WorkerGone

    def _stop(self) -> None:
        """End whoever is being waited for."""
        self.launch.workers.kill()
        self.launch.oracle.kill()

    def _foresee(self) -> Failures:
        """Have the oracle work out the answer while workers wait for memory."""
        self.launch.oracle.precompute_answer(self.work.inputs.id)
        return []

    def _place_in_turn(self, cells: list[Cell], lines: dict[str, CellLine]) -> Failures:
        """Place the cells of one worker. Returns: what failed; the worker's death ends it."""
        found: Failures = []
        for cell in cells:
            try:
                self.work.put_inputs(cell)
                if not self.first:
                    self.work.load(cell, lines[cell.id])
                    self.calibration.populate(cell)
            except CellFailed as error:
                found.append((cell, error))
            except WorkerDied as error:
                return [*found, (cell, error)]
        return found

    def _rounds(
        self, cells: list[Cell], ready: list[Cell], lines: dict[str, CellLine]
    ) -> list[list[int]]:
        random = Random(f"{self.launch.settings.seed}/{self.launch.number}/{self.group.id}")
        plan, free_cores = self.launch.plan, self.launch.free_cores(ready)
        order: list[list[int]] = []
        self.canaries.clear()
        self.gpus.clear()
        self._look_at_device(ready)
        start = time.monotonic()
        while more_rounds(
            len(order), time.monotonic() - start - free_cores.waited_s, plan.group_s, plan.rounds
        ):
            free_cores.wait()
            turn = random.sample(ready, len(ready))
            self.canaries.append(self.launch.canary.measure())
            order.append([cells.index(cell) for cell in turn])
            for cell in turn:
                self.launch.progress.doing("time", cell)
                burst, timed = self.launch.bursts[cell.id], lines[cell.id].timed
                placed = len(timed.wall_ns) % 2 == 1
                self._guard(cell, partial(self.work.burst, cell, burst, timed, placed))
                if cell.id in self.failed:
                    raise _WorkerGone
                if timed.wait_ns[-1] > STARVED * timed.wall_ns[-1]:
                    free_cores.excuse(min(timed.wait_ns[-1], timed.wall_ns[-1]) * 1e-9)
        self._look_at_device(ready)
        return order

    def _look_at_device(self, cells: list[Cell]) -> None:
        """Note the state of the group's device, if its driver tells; never during a burst."""
        device = cells[0].worker.device
        state = None if device == "cpu" else state_of(device, self.launch.workers.pids)
        self.gpus += [] if state is None else [state]

    def _unload(self, cells: list[Cell]) -> None:
        for cell in cells:
            try:
                self.work.unload(cell)
            except (CellFailed, WorkerDied):
                self.launch.workers.discard(cell.worker)
