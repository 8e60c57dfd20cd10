"""What a person sees while a run goes on: what runs, the latest figures, and the time left.

A live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from xbench.analysis.interval import location
from xbench.analysis.summary import per_call_s
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan
from xbench.plan.predict import oracle_s
from xbench.records.schema import GroupLine, MemoryLine
from xbench.text import in_short, plural, show_bytes, show_seconds

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

# How far a run is, and how long the rest will take.


class TimeLeft:
    """How much of the plan is done, and how long the rest will take.

    That is the prediction of the rest, times how much slower or faster than predicted the work done
    went. Half a launch as predicted counts beside it: a cold first group alone says little."""

    def __init__(self, plan: Plan, done: Sequence[str] = (), settled: Sequence[str] = ()) -> None:
        """`done`: groups that were measured before; `settled`: see `settle`."""
        self._memory_s = plan.memory_costs_s()
        self._time_s = plan.time_s
        self.total = len(plan.groups) * plan.launches + len(self._memory_s)
        self.done = 0
        self.start = time.monotonic()
        self._cost_s = {group.id: plan.group_cost_s(group) for group in plan.groups}
        self._oracle_s = {group.id: oracle_s(group.spec, plan.cores) for group in plan.groups}
        self._opening_s = plan.launch_s() - sum(self._cost_s.values())
        self._damping_s = 0.5 * plan.launch_s() or 1.0
        self._rest_s = plan.total_s()
        self._launches: Counter[str] = Counter()
        for group in done:
            self.step(group)
        for cell in settled:
            self.settle(cell)
        self._began_s = self._rest_s

    def step(self, group: str) -> None:
        """One group is done in one launch: the first one of a launch had its workers opened, the
        first launch of a group had its answers worked out."""
        self.done += 1
        self.total = max(self.total, self.done)  # more launches may follow
        if self._launches[group] == max(self._launches.values(), default=0):
            self._rest_s -= self._opening_s
        self._launches[group] += 1
        self._rest_s -= self._cost_s[group] + self._oracle_s.pop(group, 0.0)

    def settle(self, cell: str) -> None:
        """A cell's peak memory is known, or never will be: the cell has failed."""
        if cell in self._memory_s:
            self.done += 1
            self._rest_s -= self._memory_s.pop(cell)

    def waits_for(self, cells: Iterable[str]) -> bool:
        """Whether the peak memory of one of these is still to be measured."""
        return not self._memory_s.keys().isdisjoint(cells)

    def measured(self, line: GroupLine) -> None:
        """A group was measured, and some of its cells may have failed."""
        self.step(line.group)
        for cell in line.cells:
            if cell.status != "ok":
                self.settle(cell.id)

    def left_s(self) -> float:
        """Seconds left; of a run that has a time, until it is over."""
        spent = time.monotonic() - self.start
        done = self._began_s - self._rest_s
        pace = (spent + self._damping_s) / (done + self._damping_s)
        rest = max(self._rest_s, 0.0) * pace if self.done < self.total else 0.0
        return max(rest, (self._time_s or 0.0) - spent)


def _in_seconds(left_s: float) -> str:
    """No finer than seconds, which is finer than they are known."""
    return show_seconds(max(round(left_s), 1)) if left_s > 0.0 else "0 s"


SHOWN = 8
REFRESH_S = 0.25


class Progress(Protocol):
    """Told by the engine what happens; prints nothing while a burst is timed."""

    def __enter__(self) -> Progress: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def starting(self, what: str) -> None:
        """Something begins that concerns no cell."""

    def doing(self, what: str, cell: Cell) -> None:
        """Something begins on a cell."""

    def measured(self, line: GroupLine) -> None:
        """A group has been measured in one launch."""

    def memory_measured(self, line: MemoryLine) -> None:
        """A cell's peak memory is known, or why there is none."""


def describe(line: GroupLine) -> list[str]:
    """A group's cells with the latest figure, or why there is none."""
    rows = []
    for cell in line.cells:
        name = cell.key.within_group
        if cell.status == "ok":
            rows.append(f"{name:38} {show_seconds(location(per_call_s(cell))):>9}")
        else:
            rows.append(f"{name:38} {cell.status:>9}  {in_short(cell.reason)}")
    return rows


def describe_memory(line: MemoryLine) -> str:
    """A cell's peak memory, or why there is none."""
    peak = line.status if line.peak_bytes is None else show_bytes(line.peak_bytes)
    return f"{line.id}  peak memory {peak}  {in_short(line.reason)}".rstrip()


class SilentProgress:
    """Nothing, for scripts that print their own."""

    def __enter__(self) -> SilentProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to tidy."""

    def starting(self, what: str) -> None:
        """Not said."""

    def doing(self, what: str, cell: Cell) -> None:
        """Not said."""

    def measured(self, line: GroupLine) -> None:
        """Not said."""

    def memory_measured(self, line: MemoryLine) -> None:
        """Not said."""


def _group_names(plan: Plan) -> dict[str, str]:
    """`matmul 64×1000×w, width 512` by the group's id, with what else the plan has several of, and
    the part of a workload that did not fit in memory at once."""
    keys = [group.cells[0].key for group in plan.groups]
    axes = ("dtype", "device", "threads", "math")
    several = [axis for axis in axes if len({getattr(key, axis) for key in keys}) > 1]
    found: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for group in plan.groups:
        cell = group.cells[0]
        parts = [cell.family, f"width {cell.width}"]
        name = ", ".join(parts + [f"{axis} {getattr(cell.key, axis)}" for axis in several])
        taken[name] += 1
        found[group.id] = f"{name}, part {taken[name]}" if taken[name] > 1 else name
    return found


class PlainProgress(SilentProgress):
    """One line a group, for pipes and logs: what was done and what is left. No figure that a reader
    could take for a result."""

    def __init__(self, plan: Plan, done: Sequence[str] = (), settled: Sequence[str] = ()) -> None:
        self._clock = TimeLeft(plan, done, settled)
        self._names = _group_names(plan)
        self._group_of = {cell.id: group.id for group in plan.groups for cell in group.cells}
        self._weighed: Counter[str] = Counter()

    def measured(self, line: GroupLine) -> None:
        self._clock.measured(line)
        refused = Counter(cell.status for cell in line.cells if cell.status != "ok")
        counts = [f"{plural(len(line.cells) - refused.total(), 'cell')} measured"]
        counts += [f"{count} {status}" for status, count in sorted(refused.items())]
        name = self._names.get(line.group, line.group)
        self._say(f"{name}, launch {line.launch + 1}: {', '.join(counts)}")

    def memory_measured(self, line: MemoryLine) -> None:
        """Once a group's cells are all done."""
        self._clock.settle(line.id)
        group = self._group_of[line.id]
        self._weighed[group] += 1
        if not self._clock.waits_for(cell for cell, own in self._group_of.items() if own == group):
            cells = plural(self._weighed[group], "cell")
            self._say(f"{self._names[group]}: peak memory of {cells} measured")

    def _say(self, what: str) -> None:
        clock = self._clock
        left = _in_seconds(clock.left_s())
        with suppress(OSError):  # whoever read along may have gone; the run goes on
            line = f"[{clock.done}/{clock.total}] {what} ({left} left)"
            print(line, file=sys.stderr, flush=True)


class LiveProgress:
    """A few lines that are drawn again between bursts: what runs, what is left, and the latest
    figures. Those are of one launch, as is said above them, and go when the run ends.

    The terminal may be closed; the run goes on."""

    def __init__(self, plan: Plan, done: Sequence[str] = (), settled: Sequence[str] = ()) -> None:
        self._clock = TimeLeft(plan, done, settled)
        self._latest: list[str] = []
        self._group = ""
        self._drawn = 0.0
        self._live: Live | None = None

    def __enter__(self) -> LiveProgress:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), auto_refresh=False)
        with suppress(OSError):
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._group, self._latest = "", []
            self._draw("")
            with suppress(OSError):
                self._live.__exit__(kind, error, trace)

    def starting(self, what: str) -> None:
        """Draw it at once."""
        self._draw(what)

    def doing(self, what: str, cell: Cell) -> None:
        now = time.monotonic()
        if now - self._drawn > REFRESH_S:
            self._drawn = now
            self._draw(f"{what:8} {cell.key.within_group}  {cell.key.workload_id}")

    def measured(self, line: GroupLine) -> None:
        self._clock.measured(line)
        self._group = f"{line.group}, launch {line.launch + 1} alone, so far:"
        self._latest = describe(line)[:SHOWN]
        self._draw("")

    def memory_measured(self, line: MemoryLine) -> None:
        """Draw it below those before."""
        self._clock.settle(line.id)
        before = [] if self._group else self._latest
        self._group, self._latest = "", [*before, describe_memory(line)][-SHOWN:]
        self._draw("")

    def _draw(self, now: str) -> None:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        clock = self._clock
        head = f"{clock.done} of {clock.total} done, {_in_seconds(clock.left_s())} left"
        bar = ProgressBar(total=clock.total, completed=clock.done, width=40)
        rows: list[RenderableType] = [Text(head), bar, Text(now, style="dim"), Text(self._group)]
        if self._live is not None:
            rows += [Text(f"  {row}") for row in self._latest]
            with suppress(OSError):
                self._live.update(Group(*rows), refresh=True)


def make_progress(plan: Plan, done: Sequence[str] = (), settled: Sequence[str] = ()) -> Progress:
    """Live on a terminal, plain otherwise; `done` names groups that were measured before, `settled`
    cells whose peak memory was, or that have failed."""
    kind = LiveProgress if sys.stderr.isatty() else PlainProgress
    return kind(plan, done, settled)
