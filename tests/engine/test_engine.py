"""Measuring, end to end with NumPy and its twins: rounds, orders, bursts, launches, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import geometric_mean, median

import pytest

from helpers.measuring import Measured, measure
from xbench.analysis.interval import location
from xbench.analysis.summary import per_call_s, summarise
from xbench.engine.timed_checks import LATENCY_BURSTS
from xbench.records.read import read_run
from xbench.records.schema import Samples

ALL = ("numpy", "second", "third")
MEASURED = {"ok", "imprecise"}
State = Callable[[int], str]
Eventually = Callable[[Callable[[], bool]], bool]
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
from xbench.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Two ops on three backends in three launches."""
    return measure(tmp_path_factory.mktemp("honest"), ("honest", "transposed_weight"), ALL, 3)


def test_every_launch_measures_every_group(measured: Measured) -> None:
    run, cells = measured
    assert sorted({group.launch for group in run.groups}) == [0, 1, 2]
    assert {cells["honest", backend].status for backend in ALL} <= MEASURED
    assert len({group.inputs_sha256 for group in run.groups if "honest" in group.group}) == 1


def test_every_round_holds_one_burst_of_every_cell_in_a_random_order(measured: Measured) -> None:
    orders = [group.order for group in measured[0].groups if group.group.startswith("honest")]
    turns = [tuple(turn) for order in orders for turn in order]
    assert all(sorted(turn) == [0, 1, 2] for turn in turns)
    assert len(set(turns)) > 1
    assert orders[0] != orders[1]


def test_every_raw_time_is_in_the_journal(measured: Measured) -> None:
    for group in measured[0].groups:
        for cell in group.cells:
            if cell.status != "ok":
                continue
            assert len(group.order) >= 7
            assert cell.timed.device_ns == []  # the CPU has no clock of its own
            read = len(cell.timed.residual_ns), len(cell.timed.placed_ns)
            assert sum(read) == len(group.order)
            assert 0 <= read[0] - read[1] <= 1  # by turns
            for name in {*Samples.__struct_fields__} - {"device_ns", "residual_ns", "placed_ns"}:
                assert len(getattr(cell.timed, name)) == len(group.order)
                assert len(getattr(cell.warmup, name)) >= 2
            assert min(cell.timed.wall_ns) > 0
            assert cell.first_ns > 0
            assert cell.build_ns > 0


def test_bursts_were_taken_in_the_order_that_is_stored(measured: Measured) -> None:
    """`start_ns` is one clock for all processes of the machine."""
    for group in measured[0].groups:
        if not group.group.startswith("honest"):
            continue
        taken = [0] * len(group.cells)
        starts = []
        for turn in group.order:
            for place in turn:
                starts.append(group.cells[place].timed.start_ns[taken[place]])
                taken[place] += 1
        assert starts == sorted(starts)


def test_a_cell_keeps_its_burst_through_all_launches(measured: Measured) -> None:
    made: dict[str, set[tuple[int, int]]] = {}
    for group in measured[0].groups:
        for cell in group.cells:
            if cell.status == "ok":
                made.setdefault(cell.id, set()).add((cell.calls, cell.lead_in))
    assert made
    assert all(len(each) == 1 for each in made.values())


def test_every_launch_has_workers_of_its_own(measured: Measured) -> None:
    found = [(worker.launch, worker.worker.id) for worker in measured[0].workers]
    expected = [(n, f"{backend}/cpu/eager/tall") for n in range(3) for backend in ALL]
    assert sorted(found) == sorted(expected)
    assert len({worker.pid for worker in measured[0].workers}) == 9


def test_ceilings_and_launch_costs_are_in_the_journal(measured: Measured) -> None:
    run, cells = measured
    (line,) = run.ceilings
    assert (line.device, line.dtype, line.reason) == ("cpu", "float32", "")
    assert all(worker.dispatch_ns > 0 for worker in run.workers)
    assert cells["honest", "second"].bandwidth_fraction is not None


def test_times_in_the_summary_follow_from_the_journal(measured: Measured) -> None:
    run, cells = measured
    cell = cells["honest", "second"]
    lines = [line for group in run.groups for line in group.cells if line.id == cell.id]
    assert cell.launch_s == [location(per_call_s(line)) for line in lines]
    assert cell.time_s is not None
    assert min(cell.launch_s) <= cell.time_s <= max(cell.launch_s)
    assert summarise(read_run(run.journal)) == list(cells.values())


def test_short_calls_are_timed_alone_too(measured: Measured) -> None:
    run, cells = measured
    for group in run.groups:
        for line in group.cells:
            if line.status == "ok":
                assert line.calls > 1
                assert len(line.latency.wall_ns) == LATENCY_BURSTS
    cell = cells["honest", "second"]
    lines = [line for group in run.groups for line in group.cells if line.id == cell.id]
    medians = [median(line.latency.wall_ns) for line in lines]
    assert cell.latency_s == pytest.approx(geometric_mean(medians) * 1e-9)


def test_orders_follow_from_the_seed(tmp_path: Path) -> None:
    first, again, other = (
        [group.order for group in measure(tmp_path, ("honest",), ALL, seed=seed)[0].groups]
        for seed in (7, 7, 8)
    )
    shared = min(len(first[0]), len(again[0]), len(other[0]))
    assert first[0][:shared] == again[0][:shared]
    assert first[0][:shared] != other[0][:shared]


@pytest.mark.parametrize("op", ["no_inputs", "deadly_answer", "no_answer"])
def test_a_mistake_in_a_users_oracle_costs_that_op_only(tmp_path: Path, op: str) -> None:
    run, cells = measure(tmp_path, (op, "honest"))
    assert run.complete
    assert cells[op, "numpy"].status == "crashed"
    assert cells[op, "numpy"].reason
    assert cells["honest", "numpy"].status in MEASURED


@pytest.mark.parametrize("after", [0, 1, 3])
def test_ctrl_c_leaves_a_readable_run(
    tmp_path: Path,
    checkout: dict[str, str],
    process_state: State,
    eventually: Eventually,
    after: int,
) -> None:
    """Interrupted after some groups; nothing of what was measured is lost."""
    arguments = ["run", "--backend", "numpy", "--width", "512", "--launches", "9", "--no-report"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        cwd=tmp_path,
        env=checkout,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    head = process.stderr.readline()
    assert "cells in" in head
    done = 0
    while done < after:
        line = process.stderr.readline()
        assert line
        done += line.startswith("[")
    assert eventually(lambda: any(tmp_path.glob("xbench-results/*/run.jsonl")))
    (folder,) = (tmp_path / "xbench-results").iterdir()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    run = read_run(folder)
    assert run.footer is not None
    assert run.footer.outcome == "interrupted"
    assert len(run.groups) >= after
    assert len(summarise(run)) == len(run.header.cells)
    if sys.platform == "linux":
        assert all(process_state(worker.pid) in ("", "Z") for worker in run.workers)
