"""Chance in place of accident: where bursts begin, where their tensors lie, who goes first."""

from __future__ import annotations

import os
import resource
import sys

import pytest

from xbench.cell import Cell, WorkerKey
from xbench.contracts import Spec
from xbench.engine.scatter import SHIFT_LIMIT_BYTES, Scatter
from xbench.worker.chance import begin_on, shifted

linux = pytest.mark.skipif(sys.platform != "linux", reason="cores are chosen on Linux")


def cell(device: str = "cpu", allocator: str = "reuse") -> Cell:
    spec = Spec("copy", (("n", 1), ("w", 512)), "float32")
    return Cell(spec, WorkerKey("numpy", device, "eager", "all", "ieee", allocator), "none")


def running_on() -> int:
    """The core of this thread: field 39 of its stat line."""
    with open("/proc/thread-self/stat", encoding="ascii") as file:
        return int(file.read().rpartition(")")[2].split()[36])


@linux
def test_a_thread_begins_on_the_core_and_may_leave_it() -> None:
    allowed = os.sched_getaffinity(0)

    def moved(core: int) -> bool:
        begin_on(core)
        return running_on() == core

    for core in sorted(allowed):
        assert any(moved(core) for _ in range(50))  # the scheduler may move it on at once
        assert os.sched_getaffinity(0) == allowed


@linux
def test_a_core_that_is_not_there_changes_nothing() -> None:
    allowed = os.sched_getaffinity(0)
    begin_on(None)
    begin_on(100_000)
    assert os.sched_getaffinity(0) == allowed


@linux
def test_what_shifts_the_heap_is_never_touched() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        with shifted(SHIFT_LIMIT_BYTES):
            pass
    pages = SHIFT_LIMIT_BYTES // resource.getpagesize()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < pages


@pytest.mark.parametrize("size", [0, -1])
def test_no_shift_is_no_error(size: int) -> None:
    with shifted(size):
        pass


def test_a_launch_draws_the_same_again_and_another_draws_otherwise() -> None:
    def drawn(launch: int) -> list[int]:
        scatter = Scatter(5, launch)
        return [scatter.shift_bytes(cell(), 1, 1 << 20) for _ in range(20)]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert len(set(drawn(0))) > 10


@linux
def test_launches_begin_on_every_core() -> None:
    cores = {Scatter(5, launch).core for launch in range(100)}
    if len(os.sched_getaffinity(0)) <= 8:
        assert cores == os.sched_getaffinity(0)
    assert cores <= os.sched_getaffinity(0)


def test_a_shift_is_no_larger_than_what_the_cell_holds_nor_than_the_limit() -> None:
    scatter = Scatter(5, 0)
    assert all(scatter.shift_bytes(cell(), 1, 100) <= 100 for _ in range(300))
    large = [scatter.shift_bytes(cell(), 1, 1 << 40) for _ in range(300)]
    assert SHIFT_LIMIT_BYTES * 0.9 < max(large) < SHIFT_LIMIT_BYTES


@pytest.mark.parametrize(
    ("which", "lead_in"), [(cell(), 0), (cell(device="cuda"), 1), (cell(allocator="system"), 1)]
)
def test_nothing_is_shifted_where_that_would_be_measured(which: Cell, lead_in: int) -> None:
    """Fresh pages that no lead-in touches; an allocator as shipped; a device with its own."""
    assert Scatter(5, 0).shift_bytes(which, lead_in, 1 << 30) == 0


def test_every_one_of_a_launch_comes_first_at_some_launch() -> None:
    orders = [Scatter(5, launch).order("abc") for launch in range(40)]
    assert {order[0] for order in orders} == set("abc")
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
