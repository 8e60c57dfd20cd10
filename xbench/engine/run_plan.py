"""A run: launches of fresh processes, each serving every group, written to the journal.

A part of a run can be measured again, in a run of its own inside the first one's folder."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import msgspec

from xbench.analysis.ratios import undecided_groups
from xbench.analysis.stopping import LOOK_LEVEL
from xbench.analysis.summary import CellSummary, summarise
from xbench.engine.burst import Burst
from xbench.engine.group import GroupRun
from xbench.engine.launch import LaunchContext, RunCeilings
from xbench.engine.launch_draws import LaunchDraws
from xbench.engine.machine_ceilings import framework_products, known_ceilings, measured_again
from xbench.engine.oracle_client import OracleClient
from xbench.engine.peak_memory import MemoryWork, cells_without_peak, timing_budget_s
from xbench.engine.progress import Progress
from xbench.engine.quiet import Canary, WaitBudget
from xbench.engine.schedule import (
    DEFAULT_TARGET,
    Schedule,
    missing,
    not_measured,
    precise,
)
from xbench.engine.settings import Settings, make_header, new_run_id
from xbench.engine.time_spent import TimeSpent
from xbench.engine.workers import Workers
from xbench.files import write_whole
from xbench.keys import WorkerKey
from xbench.plan.cell import Group
from xbench.plan.plan import Plan
from xbench.records.journal import (
    JOURNAL,
    SUMMARY,
    Journal,
    encoded,
    make_run_folder,
    replace_link_with_folder,
)
from xbench.records.read import Run, read_run
from xbench.records.schema import (
    CeilingsLine,
    Footer,
    GroupLine,
    Header,
    MemoryLine,
    ValuesLine,
    WorkerLine,
    ceiling_key,
    keep_latest,
)

# The end of a run: its summary, then the last line of its journal.


def write_summary(path: Path, cells: list[CellSummary]) -> None:
    """Write `summary.jsonl`, whole or not at all. Raises: OSError."""
    write_whole(path, b"".join(encoded(cell) + b"\n" for cell in cells))


def end_run(
    journal: Journal, run: Run, footer: Footer, folder: Path
) -> tuple[Run, list[CellSummary]]:
    """Write both, and read the run back. A run whose summary finds no room is interrupted: taken up
    again, it has that left to do. Raises: StorageFailed."""
    run.footer = footer
    summaries = summarise(run)
    try:
        write_summary(folder / SUMMARY, summaries)
    except OSError as error:
        journal.write(msgspec.structs.replace(footer, outcome="interrupted"))
        raise journal.failed(error) from None
    journal.write(footer)
    journal.close()
    return read_run(folder), summaries


AfterLastLaunch = Callable[[Workers], Iterable[ValuesLine]]
"""What a command may pass to a run: called after the last launch, nothing is timed any more. The
workers are fresh and start when they are asked for; they are closed when the last line is there.
Each line is written to the journal as it comes."""

MOST_LOOKS = 3
"""How often the ceilings for one kind of cell are measured again in a run."""


@dataclass(slots=True)
class RunInProgress:
    """A run while it is measured into `settings.folder`, which exists.

    `resumed`: its journal is taken up again. `bursts` and `given_up` hold for the whole run: a
    cell keeps its burst, and one that failed is not tried again."""

    plan: Plan
    settings: Settings
    header: Header
    progress: Progress
    resumed: bool = False
    first: Workers | None = None
    """The workers of the first launch, where a command has started some before."""
    lines: list[GroupLine] = field(default_factory=list)
    bursts: dict[str, Burst] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    ceilings: list[CeilingsLine] = field(default_factory=list)
    workers: list[WorkerLine] = field(default_factory=list)
    memory: list[MemoryLine] = field(default_factory=list)
    without_peak: list[str] = field(default_factory=list)
    wait_budget: WaitBudget = field(default_factory=WaitBudget)
    spent: TimeSpent = field(default_factory=TimeSpent)
    began: float = field(default_factory=time.monotonic)
    opening_s: float = 0.0
    """What the workers of the last launch took to start."""

    outcome: str = "complete"
    _looked_again: Counter[tuple[str, ...]] = field(default_factory=Counter)
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        """Raises: UsageError if another process is measuring this run."""
        self.journal = Journal(self.settings.folder / JOURNAL)
        if self.resumed:
            self._take_up()

    def begin(self) -> None:
        """Write the journal's first line, if it has none yet."""
        if not self.journal.begun():
            self.journal.write(self.header)

    def _take_up(self) -> None:
        self.journal.cut_torn_line()
        # Left by whoever was killed; compilers keep what they made there, and `first_s` is cold.
        shutil.rmtree(self.settings.scratch, ignore_errors=True)
        for folder in (self.settings.scratch, self.settings.logs):
            replace_link_with_folder(folder)
        before = read_run(self.settings.folder)
        self.ceilings, self.workers, self.memory = before.ceilings, before.workers, before.memory
        self.spent.take_up(before.footer.spent if before.footer else [])
        for line in before.groups:
            self._remember(line)

    def _remember(self, line: GroupLine) -> None:
        self.lines.append(line)
        for cell in line.cells:
            if cell.status != "ok":
                self.given_up.add(cell.id)
            else:
                burst = Burst(cell.calls, cell.lead_in, cell.read_ns)
                self.bursts.setdefault(cell.id, burst)

    def measure(self, groups: Sequence[Group]) -> list[GroupLine]:
        """Measure groups of the plan in all launches, until the budget or the target ends it.

        Returns: what was written to the journal."""
        if not groups:
            return []
        before, done = len(self.lines), {(line.group, line.launch) for line in self.lines}
        schedule = Schedule(
            self.plan, self.settings.seed, timing_budget_s(self.plan, self.settings.budget_s), done
        )
        self._find_ceilings()
        oracle, canary = OracleClient(self.settings), Canary(self.plan.cores)
        longest_s = 0.0  # of later launches; that of the first, which compiles, is no guide
        try:
            for launch in range(self.plan.most_launches):
                order = self._order(groups, launch, schedule)
                if order is None:
                    break
                if not order:
                    continue
                least_s = min(map(self._cost_s, order))
                if launch < self.plan.launches:
                    least_s = max(longest_s, least_s)
                if self._precise(launch) or not schedule.allows(least_s):
                    break
                began = time.monotonic()
                if launch:
                    self.spent.first_launch_is_over()
                with self.spent.on("starting and ending workers"):
                    self._launch(launch, order, schedule, oracle, canary)
                longest_s = max(longest_s, time.monotonic() - began) if launch else 0.0
        finally:
            oracle.close()
            canary.close()
        self.outcome = "budget" if schedule.exhausted else "complete"
        return self.lines[before:]

    def _launch(
        self,
        launch: int,
        order: list[Group],
        schedule: Schedule,
        oracle: OracleClient,
        canary: Canary,
    ) -> None:
        draws = LaunchDraws(self.settings.seed, launch)
        with self._workers(launch, draws) as workers:
            self.progress.starting(f"starting the workers of launch {launch + 1}")
            began = time.monotonic()
            workers.start(draws.order(self._keys(order)))
            self.opening_s = time.monotonic() - began
            if launch == 0:
                with self.spent.on("machine ceilings"):
                    self._ask_for_products(workers)
            context = LaunchContext(
                number=launch,
                plan=self.plan,
                settings=self.settings,
                workers=workers,
                oracle=oracle,
                canary=canary,
                draws=draws,
                wait_budget=self.wait_budget,
                ceilings=RunCeilings(self.ceilings, self._ceilings_again),
                bursts=self.bursts,
                progress=self.progress,
                spent=self.spent,
            )
            for group in order:
                new = not any(line.group == group.id for line in self.lines)
                cost_s = self.plan.group_cost_s(group, oracle=new)
                if schedule.allows(cost_s):
                    self.wait_budget.grant(self.plan.group_s, schedule.left_s - cost_s)
                    self._one_group(group, context, schedule)

    def _workers(self, launch: int, draws: LaunchDraws) -> Workers:
        """Those of one launch: nearly always none has started yet."""
        if launch == 0 and self.first is not None:
            self.first.hand_over(self._opened)
            return self.first
        return Workers(self.settings, launch, self.plan.cores, self._opened, draws)

    def _order(
        self, groups: Sequence[Group], launch: int, schedule: Schedule
    ) -> list[Group] | None:
        """The groups that this launch is still for, in its order: all in the first ones, then those
        of which it is not decided which cell is the fastest, as far as the plan's time allows. None
        where no launch is to follow."""
        if launch < self.plan.launches:
            return schedule.order(groups, launch)
        names = undecided_groups(self._so_far(), LOOK_LEVEL)
        undecided = schedule.order([group for group in groups if group.id in names], launch)
        within = schedule.within_time(undecided, self.opening_s)
        schedule.exhausted |= len(within) < len(undecided)
        if not names or (undecided and not within):
            return None
        return [group for group in undecided if group in within]

    def _cost_s(self, group: Group) -> float:
        """Predicted seconds of a launch of one group: no other can be shorter."""
        return self.opening_s + self.plan.group_cost_s(group)

    def _precise(self, launch: int) -> bool:
        """Whether the launches so far give every ratio the precision that was asked for."""
        if self.plan.target is None or launch == 0:
            return False
        run = self._so_far()
        run.groups = [line for line in self.lines if line.launch < launch]
        return precise(run, launch, self.plan.target)

    def _find_ceilings(self) -> None:
        """Measure, or look up, what the machine reaches at most: once a run."""
        if not self.settings.ceilings:
            return
        self.progress.starting("measuring what this machine reaches at most")
        with self.spent.on("machine ceilings"):
            for line in known_ceilings(self.plan, self.settings, self.ceilings):
                self._note_ceilings(line)

    def _note_ceilings(self, line: CeilingsLine) -> None:
        self.journal.write(line)
        keep_latest(self.ceilings, line)

    def _ask_for_products(self, workers: Workers) -> None:
        """Raise the ceilings of arithmetic to what the frameworks' own products reach."""
        for line in list(framework_products(self.plan, self.settings, workers, self.ceilings)):
            self._note_ceilings(line)

    def _ceilings_again(self, line: CeilingsLine) -> CeilingsLine:
        """Measure a line once more, as long as cells seem too fast for it: a few times in all."""
        if self._looked_again[ceiling_key(line)] >= MOST_LOOKS:
            return line
        self._looked_again[ceiling_key(line)] += 1
        self.progress.starting("measuring again what this machine reaches at most")
        with self.spent.on("machine ceilings"):
            found = measured_again(line, self.plan, self.settings)
        self._note_ceilings(found)
        return found

    def _opened(self, line: WorkerLine) -> None:
        self.journal.write(line)
        self.workers.append(line)

    def _memory_measured(self, line: MemoryLine) -> None:
        self.journal.write(line)
        self.memory.append(line)

    def _keys(self, groups: Sequence[Group]) -> list[WorkerKey]:
        """The workers that these groups' cells still need."""
        cells = [cell for group in groups for cell in group.cells if cell.id not in self.given_up]
        return list(dict.fromkeys(cell.worker for cell in cells))

    def measure_peak_memory(self) -> None:
        """Measure peak memory, if the plan asks for it: after all timing, lest one disturbs it."""
        if not self.plan.memory:
            return
        self.progress.starting("measuring peak memory")
        left_s = (self.settings.budget_s or inf) - (time.monotonic() - self.began)
        work = MemoryWork(self.plan, self.settings, self.progress, self._memory_measured)
        with self.spent.on("peak memory"):
            left_out = work.measure(cells_without_peak(self.plan, self._so_far()), left_s)
        self.without_peak = [f"{cell.id}: its peak memory was not measured" for cell in left_out]
        self.outcome = "budget" if left_out else self.outcome

    def ask_after(self, after_last_launch: AfterLastLaunch) -> None:
        """Let a command ask workers of its own for values, and write these to the journal."""
        launch, cores = self.plan.most_launches, self.plan.cores
        with Workers(self.settings, launch, cores, self._opened) as workers:
            for line in after_last_launch(workers):
                self.journal.write(line)

    def finish(self, outcome: str) -> tuple[Run, list[CellSummary]]:
        """End the journal, delete what was only needed while measuring, and read it back."""
        shutil.rmtree(self.settings.scratch, ignore_errors=True)  # first: the disk may be full
        self.begin()  # Ctrl-C may have come first
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        run = self._so_far()
        target, budget_s = self.plan.target, self.settings.budget_s
        if self.plan.launching == "deciding":
            lacking = not_measured(run)
        else:
            lacking = missing(run, target or DEFAULT_TARGET) if target or budget_s else []
        footer = Footer(
            ended_utc=ended,
            outcome=outcome,
            unmet=[*lacking, *self.without_peak],
            spent=self.spent.so_far(),
        )
        return end_run(self.journal, run, footer, self.settings.folder)

    def _so_far(self) -> Run:
        """What was measured, as the journal has it."""
        known = self.header, self.ceilings, self.workers, self.lines
        return Run(self.settings.folder / JOURNAL, *known, memory=self.memory)

    def _one_group(self, group: Group, launch: LaunchContext, schedule: Schedule) -> None:
        cells = [cell for cell in group.cells if cell.id not in self.given_up]
        if not cells:
            return
        with self.spent.on("the rest"):
            began, work = time.monotonic(), GroupRun(launch, group)
            line = work.measure(cells)
        if not work.first:
            schedule.measured_s[group.id] = time.monotonic() - began
        self.journal.write(line)
        self._remember(line)
        self.progress.measured(line)


def run_plan(
    plan: Plan,
    settings: Settings,
    header: Header,
    progress: Progress,
    resumed: bool = False,
    after_last_launch: AfterLastLaunch | None = None,
    first: Workers | None = None,
) -> tuple[Run, list[CellSummary]]:
    """Measure a whole plan, then call `after_last_launch`. An exception, Ctrl-C too, ends it with a
    readable run and goes on. `first`: workers that have started, for the first launch."""
    outcome = "interrupted"
    running = RunInProgress(plan, settings, header, progress, resumed, first)
    try:
        running.begin()
        with progress:
            running.measure(plan.groups)
            running.measure_peak_memory()
            if after_last_launch is not None:
                running.ask_after(after_last_launch)
        outcome = running.outcome
    finally:
        found = running.finish(outcome)
    return found


# Measuring some cells of a run again, in fresh launches.

CONFIRM = "confirm"
"""The folder in the run that confirming runs lie in: they are no stored runs of their own, since
one occasion would then count twice."""


def only(plan: Plan, cells: Collection[str], memory: bool) -> Plan:
    """The plan of the groups that hold any of the cells: they were measured side by side. `memory`:
    with their peak memory."""
    groups = tuple(group for group in plan.groups if any(cell.id in cells for cell in group.cells))
    kept = {cell.id for group in groups for cell in group.cells}
    rows = tuple(row for row in plan.rows if row.cell.id in kept)
    return replace(plan, groups=groups, rows=rows, memory=memory)


def measure_again(
    part: Plan, settings: Settings, header: Header, progress: Callable[[Plan], Progress]
) -> Path:
    """Measure a part of a run's plan once more. `settings` and `header` are those of the run.

    Returns: the new run's folder, in `confirm/` of the old one's. Raises: UsageError if it cannot
    be written."""
    run_id = new_run_id()
    folder = make_run_folder(settings.folder / CONFIRM, run_id)
    own = make_header(part, run_id, header.preset, header.command, header.seed, settings.variables)
    run_plan(part, replace(settings, folder=folder), own, progress(part), False)
    return folder
