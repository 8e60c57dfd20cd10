"""`pytest --benchmark-only`: the cells of a preset as tests, shown by pytest-benchmark.

One test is one cell. After collection the selected cells of a workload form a group; it is measured
in worker processes, paired, when its first test runs. pytest-benchmark then gets the very durations
of our bursts through a timer that replays them: its table, JSON and comparisons hold our figures.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from xbench.analysis.summary import CellSummary, summarise
from xbench.defaults import RESULTS, SEED
from xbench.engine.progress import PlainProgress
from xbench.engine.run_plan import RunInProgress, measure_again, only
from xbench.engine.settings import Settings, make_header, new_run_id
from xbench.errors import XbenchError
from xbench.keys import CellKey
from xbench.machine.lock import one_at_a_time
from xbench.machine.machine import available_bytes
from xbench.plan.effort import Effort, plan_selection
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import Selection
from xbench.process.environment import read_given
from xbench.records.journal import JOURNAL, make_run_folder
from xbench.records.read import Run
from xbench.records.schema import CellLine
from xbench.registry import get_preset, load_suite
from xbench.reports.formats.exports import about, carried
from xbench.reports.verdict.job_summary import add_job_summary, annotation_lines
from xbench.reports.verdict.wording import as_text
from xbench.tracking.gate import Again, gate
from xbench.tracking.stored import StoredRun, read_stored
from xbench.tracking.thresholds import read_thresholds

# `--xbench-gate=FOLDER`: a session of pytest judged as `xbench gate --confirm` judges a run.

SHOWN = pytest.StashKey[str]()
"""What the summary of the session says of it."""


def add_options(group: pytest.OptionGroup) -> None:
    """Add `--xbench-gate` and `--xbench-gate-learning`."""
    group.addoption(
        "--xbench-gate",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="fail where a cell that was measured is slower than in the stored runs of FOLDER, by "
        "the rules of `xbench gate --confirm`",
    )
    group.addoption(
        "--xbench-gate-learning",
        action="store_true",
        help="fewer than 10 stored runs of this machine are no failure of the gate",
    )


def refuse_early(config: pytest.Config) -> None:
    """What would else be found out after everything was measured. Raises: pytest.UsageError."""
    folder: Path | None = config.getoption("xbench_gate")
    if folder is not None and not folder.is_dir():
        raise pytest.UsageError(f"--xbench-gate: {folder} is no folder; name that of stored runs")
    if folder is None and config.getoption("xbench_gate_learning"):
        raise pytest.UsageError("--xbench-gate-learning says nothing without --xbench-gate=FOLDER")


def judge(session: pytest.Session, recording: RunInProgress | None, whole: bool) -> None:
    """Judge what was measured, if that was asked for, and fail the session unless it passes.
    `whole`: everything planned was measured, without which there is no verdict."""
    folder: Path | None = session.config.getoption("xbench_gate")
    if folder is None or session.config.option.collectonly:
        return
    if recording is None:
        shown, failed = "nothing was measured: did you leave out --benchmark-only?\n", True
    elif not whole:
        shown, failed = "not judged: the session ended before everything was measured\n", True
    else:
        shown, failed = _verdict(session.config, folder, recording)
    session.config.stash[SHOWN] = shown
    if failed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def show(reporter: pytest.TerminalReporter) -> None:
    """A section of the session's summary."""
    shown = reporter.config.stash.get(SHOWN, None)
    if shown is not None:
        reporter.section("xbench gate")
        reporter.write(shown)


def _verdict(config: pytest.Config, folder: Path, recording: RunInProgress) -> tuple[str, bool]:
    """The text, and whether it fails."""
    again = _again(recording)
    try:
        verdict = gate(
            read_stored(recording.settings.folder),
            folder,
            read_thresholds(config.rootpath),
            again=again,
            learning=config.getoption("xbench_gate_learning"),
        )
        add_job_summary(verdict, os.environ)
    except (XbenchError, OSError) as error:
        return f"{error}\n", True
    lines = [as_text(verdict), *(f"{each}\n" for each in annotation_lines(verdict, os.environ))]
    return "".join(lines), verdict.exit_status != 0


def _again(recording: RunInProgress) -> Again:
    """Measures cells of the session once more."""

    def measure(cells: set[str], memory: bool) -> StoredRun:
        part = only(recording.plan, cells, memory)
        settings, header = recording.settings, recording.header
        return read_stored(measure_again(part, settings, header, PlainProgress))

    return measure


# The cells as tests: what pytest collects, replays and saves.

SKIPPED = ("unsupported", "would_oom", "skipped")


class ReplayTimer:
    """A clock whose readings, two by two, lie as far apart as the durations it was given."""

    def __init__(self) -> None:
        self._readings: Iterator[float] = iter(())

    def load(self, durations_s: list[float]) -> None:
        """The durations of the bursts that pytest-benchmark is about to time."""
        self._readings = iter([each for duration in durations_s for each in (0.0, duration)])

    def replayed(self) -> float:
        """The next reading. pytest-benchmark saves this function's name as the timer's."""
        return next(self._readings)


TIMER = ReplayTimer()


@dataclass(slots=True)
class Bench:
    """The selected cells of a session, and what was measured of them so far."""

    plan: Plan
    root: Path
    preset: str
    locked: bool
    variables: Mapping[str, str]
    recording: RunInProgress | None = None
    summaries: dict[str, CellSummary] = field(default_factory=dict)
    lines: dict[str, list[CellLine]] = field(default_factory=dict)
    until_the_end: ExitStack = field(default_factory=ExitStack)
    """Holds the machine from the first group that is measured to the session's end."""

    def summary(self, name: str) -> tuple[CellSummary, list[CellLine]]:
        """A cell's figures and raw lines by its id; its group is measured if it was not yet."""
        if name not in self.summaries:
            self._measure(name)
        return self.summaries[name], self.lines.get(name, [])

    def _measure(self, name: str) -> None:
        """Measure the cell's group; a cell that will have no number has none to measure."""
        recording = self.recording or self._start()
        groups = [group for group in self.plan.groups if any(c.id == name for c in group.cells)]
        lines = recording.measure(groups)
        ids = {name} | {cell.id for group in groups for cell in group.cells}
        for line in lines:
            for each in line.cells:
                self.lines.setdefault(each.id, []).append(each)
        journal, header = recording.settings.folder / JOURNAL, recording.header
        run = Run(journal, header, recording.ceilings, recording.workers, lines)
        self.summaries |= {cell.id: cell for cell in summarise(run) if cell.id in ids}

    def final(self, recording: RunInProgress) -> dict[str, CellSummary]:
        """The figures of all cells by id, by what is known at the end: groups measured later may
        have shown higher ceilings, or started more workers."""
        known = recording.header, recording.ceilings, recording.workers, recording.lines
        run = Run(recording.settings.folder / JOURNAL, *known)
        return {cell.id: cell for cell in summarise(run) if cell.id in self.summaries}

    def _start(self) -> RunInProgress:
        beside = ", --xbench-no-lock measures beside it"
        held = one_at_a_time(["pytest", "--benchmark-only"], self.locked, _say, beside)
        lease, run_id = self.until_the_end.enter_context(held), new_run_id()
        folder = make_run_folder(self.root / RESULTS, run_id)
        settings = Settings(SEED, folder, unlocked=lease.unlocked, variables=self.variables)
        header = make_header(self.plan, run_id, self.preset, ["pytest"], SEED, self.variables)
        self.recording = RunInProgress(self.plan, settings, header, PlainProgress(self.plan))
        self.recording.begin()
        return self.recording


PLAN = pytest.StashKey[Plan]()
BENCH = pytest.StashKey[Bench]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--xbench-preset`, `--xbench-env`, `--xbench-no-lock`, and the options of the gate."""
    group = parser.getgroup("xbench", "xbench: verified, fenced, paired benchmarks")
    group.addoption(
        "--xbench-preset",
        default="quick",
        metavar="NAME",
        help="which cells `--benchmark-only` measures: smoke, quick (default) or full",
    )
    group.addoption(
        "--xbench-env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable that every worker gets; may be given several times",
    )
    group.addoption(
        "--xbench-no-lock",
        action="store_true",
        help="measure even while another run does; the figures are marked",
    )
    add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown preset at once: later it would be an error in each suite."""
    refuse_early(config)
    try:
        get_preset(config.getoption("xbench_preset"))
        read_given(config.getoption("xbench_env"))
    except XbenchError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per cell of the module's `SUITE`, in a pytest-benchmark group per workload."""
    if "xbench_cell" not in metafunc.fixturenames:
        return
    ops = set(load_suite(metafunc.module.SUITE).ops())
    cells = [row.cell for row in _plan(metafunc.config).rows if row.cell.spec.op in ops]
    marks = [pytest.mark.benchmark(group=cell.key.group_id, timer=TIMER.replayed) for cell in cells]
    parameters = [
        pytest.param(cell.id, id=cell.id, marks=mark)
        for cell, mark in zip(cells, marks, strict=True)
    ]
    metafunc.parametrize("xbench_cell", parameters)


def pytest_collection_finish(session: pytest.Session) -> None:
    """The cells left after -k, -m and node ids are the plan."""
    chosen = {
        item.callspec.params["xbench_cell"]
        for item in session.items
        if isinstance(item, pytest.Function) and "xbench_cell" in item.fixturenames
    }
    if chosen:
        whole = _plan(session.config)
        rows = [row for row in whole.rows if row.cell.id in chosen]
        plan = make_plan(rows, whole.launches, whole.group_s, whole.cores, available_bytes())
        options = session.config.option
        session.config.stash[BENCH] = Bench(
            plan,
            session.config.rootpath,
            options.xbench_preset,
            not options.xbench_no_lock,
            read_given(options.xbench_env),
        )


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add to a saved file whose run it is, on which machine, and the cells without a number; say of
    each cell what is known now."""
    bench = config.stash.get(BENCH, None)
    if bench is not None and bench.recording is not None:
        final = bench.final(bench.recording)
        for row in output_json["benchmarks"]:
            ours = row["extra_info"].get("xbench")
            own = None if ours is None else msgspec.convert(ours["plan"]["key"], CellKey).id
            if own in final:
                row["extra_info"]["xbench"] = carried(final[own])
        without = [cell for cell in bench.summaries.values() if cell.time_s is None]
        left_out = [(cell.plan.key, cell.status, cell.reason) for cell in without]
        output_json["xbench"] = about(bench.recording.header, left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the journal, and judge what it holds if that is asked for."""
    bench = session.config.stash.get(BENCH, None)
    recording, whole = None, False
    with bench.until_the_end if bench is not None else nullcontext():
        if bench is not None and bench.recording is not None:
            recording = bench.recording
            planned = {cell.id for group in bench.plan.groups for cell in group.cells}
            whole = planned <= bench.lines.keys()
            recording.finish("complete" if whole else "interrupted")
        judge(session, recording, whole)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the run is, and the verdict on it."""
    bench = terminalreporter.config.stash.get(BENCH, None)
    if bench is not None and bench.recording is not None:
        folder = bench.recording.settings.folder
        terminalreporter.write_line(f"xbench run: {folder}  (xbench report {folder})")
    show(terminalreporter)


def replay(request: pytest.FixtureRequest, name: str, benchmark: Any) -> None:
    """The body of every benchmark test: measure the cell of that id, then show its bursts."""
    if benchmark.disabled:
        pytest.skip("xbench measures nothing under --benchmark-disable")
    try:
        summary, lines = request.config.stash[BENCH].summary(name)
    except XbenchError as error:
        _fail(benchmark, str(error))
    if summary.status in SKIPPED:
        pytest.skip(f"{summary.status}: {summary.reason}")
    if summary.time_s is None:
        _fail(benchmark, f"{summary.status}: {summary.reason}")
    benchmark.extra_info["xbench"] = carried(summary)
    durations = [wall * 1e-9 for line in lines for wall in line.timed.wall_ns]
    TIMER.load(durations)
    benchmark.pedantic(lambda: None, rounds=len(durations), iterations=lines[0].calls)


def _fail(benchmark: Any, reason: str) -> NoReturn:
    """Fail the test, and by way of the fixture: pytest-benchmark warns where it was not used."""

    def refuse() -> None:
        raise XbenchError(reason)

    TIMER.load([0.0])
    with suppress(XbenchError):
        benchmark.pedantic(refuse)
    pytest.fail(reason, pytrace=False)


def _say(text: str) -> None:
    """Past pytest's own capture: the user would not know why nothing goes on."""
    print(f"\nxbench: {text}", file=sys.__stderr__, flush=True)


def _plan(config: pytest.Config) -> Plan:
    """The preset's whole plan, made once."""
    if PLAN not in config.stash:
        try:
            preset = get_preset(config.getoption("xbench_preset"))
            config.stash[PLAN] = plan_selection(Selection(preset), Effort())
        except XbenchError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[PLAN]
