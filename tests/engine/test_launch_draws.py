"""Chance in place of accident: where bursts begin, where their tensors lie, who goes first."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections import Counter

import pytest

from helpers.made_keys import cell_of, worker_key
from helpers.places import ROOT
from xbench.contracts import Spec
from xbench.engine.launch_draws import SHIFT_LIMIT_BYTES, LaunchDraws
from xbench.plan.cell import Cell
from xbench.process.environment import ALLOCATORS, PADDING
from xbench.worker.layout import Gaps, Heap, begin_on

linux = pytest.mark.skipif(sys.platform != "linux", reason="cores are chosen on Linux")


def cell(device: str = "cpu", allocator: str = "reuse") -> Cell:
    spec = Spec("copy", (("n", 1), ("w", 512)), "float32")
    return cell_of(spec, worker_key(device=device, allocator=allocator))


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
def test_gaps_are_never_touched() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for seed in range(20):
        gaps = Gaps(Heap(), seed)
        gaps.shift(SHIFT_LIMIT_BYTES)
        gaps.before(1 << 20)
        gaps.close()
    pages = SHIFT_LIMIT_BYTES // resource.getpagesize()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < pages


REUSE = ALLOCATORS["reuse"]
PLACES = """
import sys
import numpy as np
from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Policy, Spec, Variant
from xbench.worker.layout import Gaps, Heap
from xbench.worker.loaded_cell import LoadedCell
from xbench.ops import get_op

backend = NumpyBackend()
backend.open(Policy("cpu", "eager", 1, "ieee", "reuse"))
spec = get_op("elementwise").spec("float32", n=100, w=int(sys.argv[1]))
given = get_op("elementwise").inputs(spec, np.random.default_rng(5)).batch
batch = {name: backend.put(each) for name, each in given.items()}
loaded = LoadedCell(backend, spec, batch, given, {})
loaded.step = backend.ops["elementwise"](backend, spec, Variant("eager", "none"))
for seed in range(200):
    gaps = Gaps(Heap(), seed) if sys.argv[2] == "drawn" else None
    if gaps is not None:
        loaded.drop()
    loaded.burst(200, 2, False, gaps, 1 << 20)
    if gaps is not None:
        gaps.close()
    print(loaded.last["y"].ctypes.data % 4096, loaded.batch["x"].ctypes.data % 4096)
"""


def places(width: int, how: str) -> tuple[list[int], list[int]]:
    """Addresses within a page of results and of an operand in 200 bursts."""
    done = subprocess.run(
        [sys.executable, "-c", PLACES, str(width), how],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | REUSE | {"PYTHONPATH": str(ROOT)},
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return [int(row[0]) for row in rows], [int(row[1]) for row in rows]


@linux
@pytest.mark.parametrize("width", [64, 512])
def test_results_and_operands_lie_at_every_distance_from_a_cache_line(width: int) -> None:
    """malloc aligns to 16 bytes, a cache line holds 64: a NumPy call at width 512 takes half as
    long again at three of the four."""
    for found in places(width, "drawn"):
        counts = Counter(place % 64 for place in found)
        assert set(counts) == {0, 16, 32, 48}
        assert max(counts.values()) < 150  # of 200; none has nearly all
        assert len(set(found)) > 8
    assert max(Counter(place % 64 for place in places(width, "left")[0]).values()) > 150


@linux
def test_a_process_begins_elsewhere_by_its_seed() -> None:
    """A new object of each size, and a new block of the heap."""
    code = (
        "import sys\nfrom xbench.worker.layout import Heap, scatter_process\n"
        "kept = scatter_process(int(sys.argv[1]))\n"
        "print(id(object()) % 4096, Heap().take(100_000) % 4096)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(seed)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in range(8)
    }
    assert len({line.split()[0] for line in said}) > 3
    assert len({line.split()[1] for line in said}) > 4


def test_a_launch_draws_the_same_again_and_another_draws_otherwise() -> None:
    def drawn(launch: int) -> list[int]:
        draws = LaunchDraws(5, launch)
        return [draws.shift_bytes(cell(), 1, 1 << 20) for _ in range(20)]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert len(set(drawn(0))) > 10


@linux
def test_launches_begin_on_every_core() -> None:
    cores = {LaunchDraws(5, launch).core for launch in range(100)}
    if len(os.sched_getaffinity(0)) <= 8:
        assert cores == os.sched_getaffinity(0)
    assert cores <= os.sched_getaffinity(0)


def test_a_shift_is_no_larger_than_what_the_cell_holds_nor_than_the_limit() -> None:
    draws = LaunchDraws(5, 0)
    assert all(draws.shift_bytes(cell(), 1, 100) <= 100 for _ in range(300))
    large = [draws.shift_bytes(cell(), 1, 1 << 40) for _ in range(300)]
    assert SHIFT_LIMIT_BYTES * 0.9 < max(large) < SHIFT_LIMIT_BYTES


@pytest.mark.parametrize(
    ("which", "lead_in"), [(cell(), 0), (cell(device="cuda"), 1), (cell(allocator="system"), 1)]
)
def test_nothing_is_shifted_where_that_would_be_measured(which: Cell, lead_in: int) -> None:
    """Fresh pages that no lead-in touches; an allocator as shipped; a device with its own."""
    assert LaunchDraws(5, 0).shift_bytes(which, lead_in, 1 << 30) == 0


def test_every_one_of_a_launch_comes_first_at_some_launch() -> None:
    orders = [LaunchDraws(5, launch).order("abc") for launch in range(40)]
    assert {order[0] for order in orders} == set("abc")
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)


def test_processes_of_a_launch_have_seeds_and_environments_of_their_own() -> None:
    draws = LaunchDraws(5, 0)
    drawn = [draws.process_variables() for _ in range(20)]
    assert len({each["PYTHONHASHSEED"] for each in drawn}) == 20
    assert len({len(each[PADDING]) for each in drawn}) > 10
    assert [LaunchDraws(5, 0).process_variables() for _ in range(3)] == [drawn[0]] * 3


def test_the_heap_of_an_allocator_as_shipped_or_of_a_device_is_left_alone() -> None:
    draws = LaunchDraws(5, 0)
    assert draws.layout(cell()) is not None
    assert draws.layout(cell(allocator="system")) is None
    assert draws.layout(cell(device="cuda:0")) is None
