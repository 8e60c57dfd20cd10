"""The timing code under a virtual clock: a device on which a call costs exactly 1.005 ms.

The bursts are the worker's own; the mutants are made from its source, by leaving out one fence."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeGuard

import numpy as np
import pytest

from helpers.made_keys import cell_key
from xbench.contracts import Spec, Step, Tensors
from xbench.engine.refusals import early_fence
from xbench.process.messages import Reading
from xbench.records.schema import CellLine
from xbench.worker import counters, loaded_cell
from xbench.worker.loaded_cell import LoadedCell

LAUNCH_NS, WORK_NS, COPY_NS, READ_NS = 5_000, 1_000_000, 3_000_000, 2_000
CALL_NS = LAUNCH_NS + WORK_NS
Burst = Callable[[LoadedCell, int, int], Reading]


class Device:
    """A stream in order: the caller spends `LAUNCH_NS` a call, the device `WORK_NS` later on. A
    tensor is the time at which it is computed. Putting one keeps the device busy for `COPY_NS`."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.free_ns = 0

    def queue(self, work_ns: int) -> int:
        """Give the device something to do. Returns: when it is done."""
        self.free_ns = max(self.free_ns, self.now_ns) + work_ns
        return self.free_ns

    def run(self, state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        self.now_ns += LAUNCH_NS
        done = self.queue(WORK_NS)
        return dict.fromkeys(state, done), {"y": done}

    def put(self, host: Any) -> int:
        return self.queue(COPY_NS)

    def get(self, tensor: int) -> Any:
        self.now_ns = max(self.now_ns, tensor) + READ_NS
        return np.zeros(1)

    def fence(self, tensors: Tensors) -> None:
        self.now_ns = max(self.now_ns, *tensors.values(), 0)

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


class Unfenced(Device):
    """Its fence does nothing."""

    def fence(self, tensors: Tensors) -> None:
        """Wait for nothing."""


class Stale(Device):
    """Its fence waits for what was asked of it the time before."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Tensors = {}

    def fence(self, tensors: Tensors) -> None:
        super().fence(self.before)
        self.before = tensors


class OneCallBehind(Device):
    """Its fence waits for all calls but the last: a token taken before it was queued."""

    def fence(self, tensors: Tensors) -> None:
        super().fence({name: done - WORK_NS for name, done in tensors.items()})


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedCell]:
    """A cell on a device whose clock is the only one there is."""

    def loaded(device: Device, state: bool = False) -> LoadedCell:
        names = ("perf_counter_ns", "process_time_ns", "clock_gettime_ns", "time_ns")
        clocks = {name: lambda *clock: device.now_ns for name in names}
        clock = SimpleNamespace(**clocks, sleep=device.sleep)
        monkeypatch.setattr(counters, "time", clock)
        monkeypatch.setattr(loaded_cell, "time", clock)
        backend: Any = device
        pristine = {"w": np.zeros(1, "float32")} if state else {}
        spec = Spec("matmul", (("m", 1), ("k", 1), ("n", 1)), "float32")
        return LoadedCell(backend, spec, {}, {}, pristine, Step(device.run))

    return loaded


def walls(
    cell: LoadedCell, calls: int = 1, lead_in: int = 0, burst: Burst = LoadedCell.burst
) -> list[int]:
    """The wall times of five bursts in a row."""
    return [burst(cell, calls, lead_in).wall_ns for _ in range(5)]


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("lead_in", [0, 1])
@pytest.mark.parametrize("calls", [1, 2, 50])
def test_a_burst_lasts_as_long_as_its_calls(
    place: Callable[..., LoadedCell], state: bool, lead_in: int, calls: int
) -> None:
    """Calls after the first are queued while the device works."""
    cell = place(Device(), state)
    assert walls(cell, calls, lead_in) == [LAUNCH_NS + calls * WORK_NS] * 5
    assert CALL_NS == 1_005_000


def fences() -> list[int]:
    """The lines of the burst that are a fence and nothing else, counted from its first."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(LoadedCell.burst)))
    return sorted(node.lineno for node in ast.walk(tree) if is_fence(node))


def is_fence(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Whether a statement calls the fence."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    return "fence" in ast.unparse(node.value.func)


class Without(ast.NodeTransformer):
    """Leaves out the fence on one line."""

    def __init__(self, line: int) -> None:
        self.line = line

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        return ast.Pass() if is_fence(node) and node.lineno == self.line else node


class EndMutated(ast.NodeTransformer):
    """Fences before the calls what should be fenced after them: `moved`, the fence itself stands
    there; else it stands where it should and waits for what there was before the calls."""

    def __init__(self, moved: bool) -> None:
        self.moved = moved

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        self.generic_visit(node)
        if node.name != "work":
            return node
        (fence,) = [each for each in node.body if is_fence(each)]
        declared, rest = node.body[:1], [each for each in node.body[1:] if each is not fence]
        if self.moved:
            node.body = [*declared, fence, *rest]
        else:
            kept, waits = ast.parse("stale = state | outputs\nfence(stale)").body
            node.body = [*declared, kept, *rest, waits]
        return node


def burst_without(line: int) -> Burst:
    """The worker's burst less the fence on this line."""
    return mutant_of(Without(line))


def mutant_of(mutation: ast.NodeTransformer) -> Burst:
    """The worker's burst, mutated."""
    tree = mutation.visit(ast.parse(textwrap.dedent(inspect.getsource(LoadedCell.burst))))
    names = dict(vars(loaded_cell))
    exec(compile(ast.fix_missing_locations(tree), "mutant", "exec"), names)
    mutant: Burst = names["burst"]
    return mutant


def test_there_is_a_fence_before_the_clock_and_one_at_the_end() -> None:
    assert len(fences()) == 2


def test_the_same_source_with_nothing_left_out_times_right(
    place: Callable[..., LoadedCell],
) -> None:
    assert walls(place(Device(), True), lead_in=1, burst=burst_without(0)) == [CALL_NS] * 5


def test_without_the_fence_before_the_clock_the_backlog_is_timed(
    place: Callable[..., LoadedCell],
) -> None:
    """Work queued before: the copy of the state, or the untimed call."""
    mutant = burst_without(fences()[0])
    assert walls(place(Device(), True), burst=mutant) == [COPY_NS + WORK_NS] * 5
    assert walls(place(Device()), lead_in=1, burst=mutant) == [2 * WORK_NS] * 5


def test_without_the_fence_at_the_end_only_the_launch_is_timed(
    place: Callable[..., LoadedCell],
) -> None:
    cell = place(Device())
    mutant = burst_without(fences()[1])
    assert walls(cell, burst=mutant) == [LAUNCH_NS] * 5
    assert "returned early" in (judged(cell, mutant) or "")


@pytest.mark.parametrize("moved", [True, False])
def test_a_fence_out_of_order_or_for_stale_results_is_noticed(
    place: Callable[..., LoadedCell], moved: bool
) -> None:
    """Moved before the calls, or waiting for what an earlier call gave."""
    cell = place(Device())
    mutant = mutant_of(EndMutated(moved))
    assert walls(cell, 5, lead_in=1, burst=mutant) == [5 * LAUNCH_NS] * 5
    assert "returned early" in (judged(cell, mutant) or "")


def judged(cell: LoadedCell, burst: Burst = LoadedCell.burst, calls: int = 1) -> str | None:
    """What the residual check says of seven bursts."""
    cell.burst(1, 0)
    line = CellLine(key=cell_key(), read_ns=cell.read_cost_ns())
    for _ in range(7):
        reading = burst(cell, calls, 0)
        line.timed.wall_ns.append(reading.wall_ns)
        line.timed.residual_ns.append(reading.residual_ns or 0)
    return early_fence(line)


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("calls", [1, 20])
@pytest.mark.parametrize("kind", [Unfenced, Stale, OneCallBehind])
def test_a_fence_that_does_not_wait_for_the_last_call_is_refused(
    place: Callable[..., LoadedCell], kind: type[Device], calls: int, state: bool
) -> None:
    """`Stale` waits at the end for what was to be waited for at the start."""
    assert "returned early" in (judged(place(kind(), state), calls=calls) or "")


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("calls", [1, 20])
def test_an_honest_fence_is_not(place: Callable[..., LoadedCell], calls: int, state: bool) -> None:
    assert judged(place(Device(), state), calls=calls) is None


def test_reading_costs_what_it_costs_even_where_nothing_is_waited_for(
    place: Callable[..., LoadedCell],
) -> None:
    for kind in (Device, Unfenced, Stale):
        cell = place(kind())
        cell.burst(1, 0)
        assert cell.read_cost_ns() == READ_NS
