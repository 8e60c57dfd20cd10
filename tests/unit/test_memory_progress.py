"""Peak memory in plans, in what is shown while a run goes on, and in old journals."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from helpers.journals import FOOTER, NUMPY, TORCH, WORKER, group, header, taken, write
from xbench.analysis.summary import summarise
from xbench.cli.run import describe_plan
from xbench.engine.progress import LiveProgress, PlainProgress, TimeLeft
from xbench.keys import CellKey
from xbench.plan.build import build_rows
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import Selection
from xbench.records.read import read_run
from xbench.records.schema import CellLine, GroupLine, MemoryLine
from xbench.reports.formats.columns import CELL_COLUMNS
from xbench.suites.presets import PRESETS


def planned(memory: bool, backends: tuple[str, ...] = ("numpy",)) -> Plan:
    """Four workloads of NumPy, say, in two launches."""
    axes = {"backend": backends, "mode": ("eager",)}
    rows = build_rows(Selection(PRESETS["smoke"], (), axes), ("cpu",), 2)
    return make_plan(rows, 2, 0.5, 2, 1 << 33, memory=memory)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    time_s = [1000.0]
    monkeypatch.setattr("xbench.engine.progress.time.monotonic", lambda: time_s[0])

    def after(seconds: float) -> None:
        time_s[0] += seconds

    return after


def weighed(key: CellKey, peak_bytes: int | None = 1_230_000) -> MemoryLine:
    if peak_bytes is None:
        return MemoryLine(key=key, status="oom", reason="there was no more")
    return MemoryLine(key=key, peak_bytes=peak_bytes, calls=3, method="VmHWM")


def failed(plan: Plan) -> GroupLine:
    """The first group, whose cells have failed."""
    cells = [CellLine(key=cell.key, status="invalid") for cell in plan.groups[0].cells]
    return GroupLine(
        group=plan.groups[0].id, launch=0, started_utc="", inputs_sha256="", order=[], cells=cells
    )


def test_memory_is_part_of_the_plan_and_of_its_prediction() -> None:
    with_it, without = planned(memory=True), planned(memory=False)
    costs = with_it.memory_costs_s()
    assert costs.keys() == {cell.id for group in with_it.groups for cell in group.cells}
    assert with_it.total_s() == pytest.approx(without.total_s() + sum(costs.values()))
    assert min(costs.values()) > 1.0
    assert without.memory_costs_s() == {}
    assert with_it.hash != without.hash
    assert "then the peak memory of each cell" in describe_plan(with_it)
    assert "peak memory" not in describe_plan(without)


def test_the_clock_counts_cells_to_the_end(now: Callable[[float], None]) -> None:
    plan = planned(memory=True)
    costs = plan.memory_costs_s()
    clock = TimeLeft(plan, [group.id for _ in range(2) for group in plan.groups])
    assert clock.left_s() == pytest.approx(sum(costs.values()))
    for name, seconds in costs.items():
        assert clock.done < clock.total
        now(seconds)
        clock.settle(name)
        clock.settle(name)  # once is enough
    assert clock.done == clock.total == 8 + len(costs)
    assert clock.left_s() == pytest.approx(0.0, abs=1e-6)


def test_a_failed_cell_has_no_memory_left_to_measure() -> None:
    plan = planned(memory=True)
    clock, line = TimeLeft(plan), failed(plan)
    clock.measured(line)
    assert clock.done == 1 + len(line.cells)
    known = [cell.id for cell in line.cells]
    again = TimeLeft(plan, [line.group], known)
    assert (again.done, again.total) == (clock.done, clock.total)


def test_a_pipe_gets_a_line_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    """Once all of its cells are done, and without a figure."""
    plan = planned(True, ("numpy", "torch"))
    with PlainProgress(plan) as progress:
        for group in plan.groups:
            for place, cell in enumerate(group.cells):
                progress.memory_measured(weighed(cell.key, None if place else 1_230_000))
                if cell is not group.cells[-1]:
                    assert capsys.readouterr().err == ""
            first, count = group.cells[0], len(group.cells)
            named = f"{first.family}, width {first.width}: peak memory of {count} cells measured ("
            (line,) = capsys.readouterr().err.splitlines()
            assert named in line
            assert "MB" not in line


def test_a_terminal_shows_the_latest_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is drawn is drawn at once
    plan = planned(memory=True)
    with redirect_stderr(io.StringIO()) as terminal, LiveProgress(plan) as progress:
        for name in plan.memory_costs_s():
            progress.memory_measured(weighed(CellKey.parse(name)))
    text = terminal.getvalue()
    assert "4 of 12 done" in text
    assert all(f"{name}  peak memory 1.23 MB" in text for name in plan.memory_costs_s())


def test_a_journal_without_memory_lines_is_read(tmp_path: Path) -> None:
    run = read_run(write(tmp_path, header(NUMPY), WORKER, group(0, taken(NUMPY, 9, 9, 9)), FOOTER))
    assert run.memory == []
    assert [cell.peak_bytes for cell in summarise(run)] == [None]


def test_memory_lines_come_back_and_are_in_the_summary(tmp_path: Path) -> None:
    lines = [weighed(NUMPY.key), weighed(TORCH.key, None)]
    launch = group(0, taken(NUMPY, 9, 9, 9), taken(TORCH, 9, 9, 9))
    run = read_run(write(tmp_path, header(NUMPY, TORCH), launch, *lines, FOOTER))
    assert run.memory == lines
    assert [cell.peak_bytes for cell in summarise(run)] == [1_230_000, None]
    assert "peak_bytes" in CELL_COLUMNS


def test_a_cell_that_failed_later_has_no_peak_either(tmp_path: Path) -> None:
    """As when a run is resumed for more launches after its memory was measured."""
    launches = [
        group(0, taken(NUMPY, 9, 9, 9)),
        group(1, taken(NUMPY, 9, 9, 9, status="crashed")),
    ]
    run = read_run(write(tmp_path, header(NUMPY), *launches, weighed(NUMPY.key), FOOTER))
    assert [(cell.status, cell.peak_bytes) for cell in summarise(run)] == [("crashed", None)]
