"""What is wrong has a status and no time: planted defects in real worker processes.

The one run that most tests look at takes about ten seconds: every defect is loaded, and some
need a launch of their own, a time limit or a fresh worker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.measuring import Measured, measure
from xbench.analysis.summary import summarise
from xbench.records.schema import CellLine

INVALID = {
    "swapped_gradients": "dx: 600 of 600 values differ",
    "missing_output": "no dz",
    "scaled_gradient": "dw1: 1 of 48 values differ",
    "zero_gradient": "db1",
    "transposed_weight": "y:",
    "dropped_bias": "y:",
    "wrong_dtype": "y is float64 on cpu, not float32 on cpu",
    "not_a_number": "y holds 1 values that are not finite",
    "wrong_shape": r"y has shape \(11, 12\), expected \(12, 12\)",
    "wrong_later": "y:",
    "forgets_to_train": "w1: its change is off",
    "retraces": "retraced or recompiled",
    "stale": "stayed the same when an input changed",
    "writes_its_batch": "wrote to its inputs: b",
    "undeclared": "zzz is no output of this op",
}
ENDED = {
    "raises": ("crashed", "ArithmeticError: planted"),
    "exits": ("crashed", "exit status 9"),
    "exits_at_second_launch": ("crashed", "exit status 9"),
    "out_of_memory": ("oom", "Unable to allocate 156. GiB"),
    "hangs": ("timeout", "no answer"),
    "no_answer": ("crashed", "the oracle's own mistake"),
}
TRIALS = 8
MEASURED = {"ok", "imprecise"}
TIMES = ("time_s", "low_s", "high_s", "first_s", "build_s", "overhead", "faults_per_call")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Every defect on NumPy, in two launches."""
    ops = (*INVALID, *ENDED, "honest")
    return measure(tmp_path_factory.mktemp("defects"), ops, launches=2)


def lines_of(measured: Measured, op: str) -> list[CellLine]:
    """The journal's lines of an op on NumPy."""
    return [
        line for group in measured[0].groups for line in group.cells if line.id.startswith(f"{op}/")
    ]


@pytest.mark.parametrize("op", INVALID)
def test_a_wrong_result_is_invalid_with_the_reason(measured: Measured, op: str) -> None:
    cell = measured[1][op, "numpy"]
    assert cell.status == "invalid"
    assert re.search(INVALID[op], cell.reason), cell.reason


@pytest.mark.parametrize("op", ENDED)
def test_what_ended_early_says_how(measured: Measured, op: str) -> None:
    cell = measured[1][op, "numpy"]
    status, reason = ENDED[op]
    assert cell.status == status
    assert reason in cell.reason


@pytest.mark.parametrize("op", [*INVALID, *ENDED])
def test_there_is_no_time_of_it_anywhere(measured: Measured, op: str) -> None:
    cell = measured[1][op, "numpy"]
    assert [getattr(cell, name) for name in TIMES] == [None] * len(TIMES)
    assert (cell.launch_s, cell.calls, cell.rounds) == ([], 0, 0)
    *_, last = lines_of(measured, op)
    assert last.status != "ok"
    assert (last.first_ns, last.build_ns, last.overhead) == (0, 0, 0.0)
    assert last.timed.wall_ns == last.warmup.wall_ns == []


@pytest.mark.alone
def test_more_threads_than_declared_are_refused(tmp_path: Path) -> None:
    """Where other programs leave one core, they are no faster than one, and are not seen: then
    again."""
    for _ in range(TRIALS):
        cell = measure(tmp_path, ("too_many_threads",), launches=1)[1]["too_many_threads", "numpy"]
        if cell.status == "invalid":
            break
    assert re.search(r"[12]\.\d\d threads worked in a burst, 1 were declared", cell.reason)
    assert [getattr(cell, name) for name in TIMES] == [None] * len(TIMES)


def test_the_rest_of_the_sweep_goes_on(measured: Measured) -> None:
    cell = measured[1]["honest", "numpy"]
    assert cell.status in MEASURED, cell.reason
    assert len(cell.launch_s) == 2
    assert measured[0].complete


def test_what_failed_at_one_launch_is_not_tried_at_the_next(measured: Measured) -> None:
    for op in (*INVALID, *ENDED):
        assert len(lines_of(measured, op)) == (2 if op == "exits_at_second_launch" else 1)


def test_every_worker_that_opened_has_a_line(measured: Measured) -> None:
    """NumPy's worker dies three times in the first launch, in `exits`, `hangs` and once more in
    the second: whoever measured must be on record, with its environment."""
    pids = {worker.pid for worker in measured[0].workers}
    assert len(pids) == len(measured[0].workers) >= 4


def test_the_summary_on_disk_is_the_one_returned(measured: Measured) -> None:
    run = measured[0]
    text = (run.folder / "summary.jsonl").read_text()
    assert len(text.splitlines()) == len(measured[1])
    assert {cell.id for cell in summarise(run)} == {cell.id for cell in measured[1].values()}


def test_scratch_files_are_gone_and_logs_stay(measured: Measured) -> None:
    folder = measured[0].folder
    assert not (folder / "scratch").exists()
    log = (folder / "logs" / "numpy_cpu_eager_tall.log").read_text()
    assert "ArithmeticError: planted" in log


@pytest.mark.parametrize("op", ["exits", "raises", "wrong_later", "transposed_weight"])
def test_the_other_cells_of_its_group_are_measured(tmp_path: Path, op: str) -> None:
    run, cells = measure(tmp_path, (op,), ("numpy", "second", "third"))
    assert cells[op, "numpy"].status in ("crashed", "invalid")
    assert {cells[op, each].status for each in ("second", "third")} <= MEASURED
    (group,) = run.groups
    assert [cell.status for cell in group.cells][1:] == ["ok", "ok"]
    rounds = len(group.cells[1].timed.wall_ns)
    assert rounds == len(group.cells[2].timed.wall_ns) >= 7
    assert len(group.order) == rounds
    alive = {place for turn in group.order for place in turn if group.cells[place].status == "ok"}
    assert alive == {1, 2}


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("coarse", "coarse keeps 11 bits in a float32 product, 24 were asked"),
        ("elsewhere", "y is float32 on meta, not float32 on cpu"),
    ],
)
def test_what_the_backend_itself_gets_wrong(tmp_path: Path, backend: str, said: str) -> None:
    cell = measure(tmp_path, ("honest",), (backend,))[1]["honest", backend]
    assert cell.status == "invalid"
    assert said in cell.reason
    assert cell.time_s is None
