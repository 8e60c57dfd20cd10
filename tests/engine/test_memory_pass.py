"""The peak memory of cells: what it counts, what costs a cell its figure, and what a kill costs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers.measuring import Measured, measure
from helpers.places import HELPERS, ROOT
from xbench.analysis.summary import summarise
from xbench.engine.peak_memory import timing_budget_s
from xbench.plan.plan import Plan, make_plan
from xbench.records.read import read_run
from xbench.records.schema import MemoryLine
from xbench.text import plural
from xbench.worker.peak import LEAST_CALLS, MOST_CALLS

HEAVY = str(HELPERS / "heavy.py")
BOTH = ("numpy", "second")
OPS = (
    "copy",
    "triad",
    "elementwise",
    "dies_weighed",
    "lacks_memory",
    "passing_peak",
    "leaks_memory",
    "wrong_copy",
)
UNIT_BYTES, PASSING_BYTES, LEAK_BYTES = 100 * 20480 * 4, 64 << 20, 4 << 20
"""As `heavy.py` has them."""

UNITS = {"copy": 2, "triad": 3, "elementwise": 5}
"""Tensors that NumPy holds at once: operands and a result it keeps, or, of `elementwise`, the last
call's result and the new one."""

MARGIN_BYTES = 2 << 20
"""Code that the first call touches, and what the kernel has not added up yet."""

UNCOUNTED_BYTES = 512 << 10
"""The kernel counts 32 pages (128 kB) a core before it adds them up; four cores' worth."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="figures of Linux")
Lines = dict[tuple[str, str], MemoryLine]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Everything once, on two backends where both have it."""
    return measure(tmp_path_factory.mktemp("heavy"), OPS, BOTH, suite=HEAVY, memory=True)


@pytest.fixture(scope="module")
def lines(measured: Measured) -> Lines:
    """By op and backend; each cell is there once."""
    found = {(each.key.op, each.key.backend): each for each in measured[0].memory}
    assert len(found) == len(measured[0].memory)
    return found


@linux
@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("op", UNITS)
def test_the_figure_is_what_the_tensors_take(lines: Lines, op: str, backend: str) -> None:
    """All of batch and results, and at most a tenth more: no mapped inputs, no interpreter."""
    line = lines[op, backend]
    assert line.peak_bytes is not None, line.reason
    exact = UNITS[op] * UNIT_BYTES
    assert exact - UNCOUNTED_BYTES <= line.peak_bytes <= 1.1 * exact + MARGIN_BYTES
    assert (line.status, line.method) == ("ok", "VmHWM")
    assert line.calls >= LEAST_CALLS


@linux
def test_what_is_given_back_within_a_call_counts(lines: Lines) -> None:
    peak = lines["passing_peak", "numpy"].peak_bytes
    assert peak is not None
    assert PASSING_BYTES - UNCOUNTED_BYTES <= peak <= PASSING_BYTES + MARGIN_BYTES


@linux
def test_a_peak_that_goes_on_rising_is_marked(lines: Lines) -> None:
    line = lines["leaks_memory", "numpy"]
    assert (line.status, line.calls) == ("imprecise", MOST_CALLS)
    assert "still rising" in line.reason
    assert line.peak_bytes is not None
    assert line.peak_bytes >= MOST_CALLS * LEAK_BYTES - UNCOUNTED_BYTES


@pytest.mark.parametrize(
    ("op", "status", "said"),
    [
        ("dies_weighed", "crashed", "SIGKILL"),
        ("lacks_memory", "oom", "Unable to allocate 1.00 PiB"),
    ],
)
def test_a_cell_whose_memory_cannot_be_had_keeps_its_time(
    measured: Measured, lines: Lines, op: str, status: str, said: str
) -> None:
    line, cell = lines[op, "numpy"], measured[1][op, "numpy"]
    assert (line.status, line.peak_bytes, line.method) == (status, None, "")
    assert said in line.reason
    assert cell.status in ("ok", "imprecise")
    assert cell.time_s is not None
    assert cell.peak_bytes is None
    assert lines[op, "second"].status == "ok"


def test_a_cell_without_a_time_is_not_tried(measured: Measured, lines: Lines) -> None:
    assert measured[1]["wrong_copy", "numpy"].status == "invalid"
    assert ("wrong_copy", "numpy") not in lines
    timed = {key for key, cell in measured[1].items() if cell.time_s is not None}
    assert lines.keys() == timed


def test_the_summary_has_the_peak(measured: Measured, lines: Lines) -> None:
    run, cells = measured
    assert {cell.id: cell.peak_bytes for cell in cells.values()} == {
        cell.id: next((line.peak_bytes for line in lines.values() if line.id == cell.id), None)
        for cell in cells.values()
    }
    assert summarise(read_run(run.journal)) == list(cells.values())


def test_memory_comes_after_all_timing_and_adds_no_workers(measured: Measured) -> None:
    types = [json.loads(line)["type"] for line in measured[0].journal.read_text().splitlines()]
    assert types[-1] == "footer"
    first = types.index("memory")
    assert set(types[first:-1]) == {"memory"}
    assert {worker.worker.id for worker in measured[0].workers} == {
        f"{backend}/cpu/eager/tall" for backend in BOTH
    }


def test_nothing_is_weighed_unless_it_is_asked_for(tmp_path: Path) -> None:
    run, cells = measure(tmp_path, ("passing_peak",), suite=HEAVY)
    assert run.complete
    assert run.memory == []
    assert [cell.peak_bytes for cell in cells.values()] == [None]


def test_what_the_budget_has_no_time_for_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a process took hours to start; the timing keeps at least half of the budget."""
    monkeypatch.setattr("xbench.plan.plan.OPEN_S", 1e4)
    run, cells = measure(tmp_path, ("passing_peak",), suite=HEAVY, memory=True, budget_s=120.0)
    (cell,) = cells.values()
    assert cell.time_s is not None
    assert run.memory == []
    assert run.footer is not None
    assert run.footer.outcome == "budget"
    assert f"{cell.id}: its peak memory was not measured" in run.footer.unmet


@pytest.mark.parametrize(("budget_s", "timing_s"), [(None, None), (1e6, 1e6 - 20.0), (30.0, 15.0)])
def test_memory_has_its_share_of_the_budget(
    monkeypatch: pytest.MonkeyPatch, budget_s: float | None, timing_s: float | None
) -> None:
    monkeypatch.setattr(Plan, "memory_costs_s", lambda plan: {"a": 4.0, "b": 16.0})
    plan = make_plan([], 1, 0.1, 1, 1 << 33, memory=True)
    assert timing_budget_s(plan, budget_s) == timing_s


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """A real `xbench run`."""
    return subprocess.Popen(
        [sys.executable, "-m", "xbench", "run", "--no-report", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )


def test_a_run_killed_among_its_memory_is_taken_up_there(tmp_path: Path) -> None:
    command = ["--preset", "smoke", "--backend", "numpy", "--launches", "1", "--rounds", "7"]
    process = started(*command, "--memory", "--out", str(tmp_path))
    while not (found := [*tmp_path.glob("*/run.jsonl")]) or b'"memory"' not in (
        found[0].read_bytes()
    ):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = read_run(found[0])
    timed = [cell.id for cell in summarise(before) if cell.time_s is not None]
    assert 0 < len(before.memory) < len(timed)
    again = started("--resume", str(found[0]))
    _, said = again.communicate()
    assert again.returncode == 0, said
    after = read_run(found[0])
    assert after.complete
    assert after.groups == before.groups
    assert after.memory[: len(before.memory)] == before.memory
    assert Counter(line.id for line in after.memory) == Counter(timed)
    assert f"the peak memory of {plural(len(before.memory), 'cell')} too" in said.decode()


@pytest.mark.framework
@linux
def test_torch_holds_no_more_than_numpy_for_the_same_loop(tmp_path: Path) -> None:
    if find_spec("torch") is None:  # not imported here: other tests ask whether anything did
        pytest.skip("torch is not installed")
    process = started(
        "--op",
        "elementwise",
        "--width",
        "20480",
        "--backend",
        "torch",
        "--mode",
        "eager",
        "--launches",
        "1",
        "--rounds",
        "7",
        "--memory",
        "--out",
        str(tmp_path),
    )
    _, said = process.communicate()
    assert process.returncode == 0, said
    (journal,) = tmp_path.glob("*/run.jsonl")
    (line,) = read_run(journal).memory
    assert line.peak_bytes is not None, line.reason
    assert (
        5 * UNIT_BYTES - UNCOUNTED_BYTES
        <= line.peak_bytes
        <= 1.1 * 5 * UNIT_BYTES + 8 * MARGIN_BYTES
    )
