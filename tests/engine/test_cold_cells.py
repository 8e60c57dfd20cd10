"""Cold cells: calls take copies of the operands in turn, beyond what the caches hold together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xbench.analysis.bound import Timing, explain
from xbench.contracts import Spec, Step, Tensors
from xbench.errors import UsageError
from xbench.machine.caches import BEYOND, UNKNOWN_BYTES, copies_beyond
from xbench.plan.build import build_rows
from xbench.plan.cell import Cell
from xbench.plan.predict import predict
from xbench.plan.select import Selection
from xbench.records.schema import CacheBandwidth, CeilingsLine, Figure
from xbench.suites.presets import PRESETS
from xbench.worker.loaded_cell import LoadedCell

SPEC = Spec("copy", (("n", 1), ("w", 4)), "float32")


class Recorder:
    """Computes y = x into memory that is its own, and notes which x each step was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.made = 0

    def make(self) -> Step:
        """A step, as a factory makes one."""
        number, out = self.made, np.empty(4, "float32")
        self.made += 1

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            self.seen.append((number, id(batch["x"])))
            np.copyto(out, batch["x"])
            return state, {"y": out}

        return Step(run)

    def get(self, tensor: Any) -> Any:
        return tensor

    def fence(self, tensors: Tensors) -> None:
        """Nothing is pending."""


def cell(copies: int, own_steps: bool) -> tuple[Recorder, LoadedCell]:
    recorder = Recorder()
    backend: Any = recorder
    batches = [{"x": np.full(4, 1.0, "float32")} for _ in range(copies)]
    loaded = LoadedCell(backend, SPEC, batches[0], batches[0], {}, recorder.make())
    loaded.others = batches[1:]
    loaded.rotate(recorder.make if own_steps else None)
    return recorder, loaded


@pytest.mark.parametrize("own_steps", [True, False])
def test_bursts_take_every_copy_in_turn(own_steps: bool) -> None:
    recorder, loaded = cell(3, own_steps)
    loaded.burst(4, 2)
    copies = [id(batch["x"]) for batch in (loaded.batch, *loaded.others)]
    assert [place for _, place in recorder.seen] == [*copies, *copies]
    numbers = [0, 1, 2, 0, 1, 2] if own_steps else [0] * 6
    assert [number for number, _ in recorder.seen] == numbers
    loaded.burst(1, 0)
    assert recorder.seen[-1][1] == copies[0]  # where the last one stopped


def test_results_stay_alive_for_a_turn() -> None:
    """Of a step whose results are new: no two of a turn share memory."""
    _, loaded = cell(3, own_steps=False)
    loaded.step = Step(lambda state, batch: (state, {"y": batch["x"].copy()}))
    loaded.rotate(None)
    assert loaded.rotating is not None
    made = [id(loaded.rotating({}, {})[1]["y"]) for _ in range(3)]
    assert len(set(made)) == 3


def test_a_warm_cell_is_called_as_ever() -> None:
    recorder, loaded = cell(1, own_steps=True)
    loaded.burst(3, 0)
    assert loaded.rotating is None
    assert recorder.made == 1
    assert {place for _, place in recorder.seen} == {id(loaded.batch["x"])}


@pytest.mark.parametrize(
    ("caches", "each", "copies"),
    [(100, 10, 20), (100, 11, 19), (100, 100, 2), (100, 500, 2), (0, UNKNOWN_BYTES, BEYOND)],
)
def test_copies_are_more_than_the_caches_hold(caches: int, each: int, copies: int) -> None:
    assert copies_beyond(caches, each) == copies


def planned(**axes: str) -> list[Cell]:
    chosen = {axis: tuple(text.split()) for axis, text in axes.items()}
    rows = build_rows(
        Selection(PRESETS["quick"], (), {"backend": ("numpy",)} | chosen), ("cpu",), 2
    )
    return [row.cell for row in rows]


def test_cold_cells_are_asked_for_and_stand_apart() -> None:
    assert {cell.key.cache for cell in planned()} == {"warm"}
    warm, cold = planned(op="elementwise", width="512", cache="*")
    assert (warm.key.cache, cold.key.cache) == ("warm", "cold")
    assert cold.id == f"{warm.id}/cold"
    assert cold.family == f"{warm.family}, cold"
    assert cold.key.group_id == f"{warm.key.group_id}/cold"
    assert cold.key.workload_id == warm.key.workload_id
    assert predict(cold, 2).held_bytes > predict(warm, 2).held_bytes


def test_an_op_that_memory_does_not_bound_has_no_cold_figure() -> None:
    assert {cell.spec.op for cell in planned(cache="cold", width="512")} == {"elementwise"}
    with pytest.raises(UsageError, match="nothing matches the selection"):
        planned(op="matmul", cache="cold", width="512")


def test_only_a_cold_cell_may_be_bound_by_memory_where_a_cache_would_hold_it() -> None:
    from xbench.engine.settings import _cell_plan
    from xbench.plan.plan import make_plan

    axes: dict[str, tuple[str, ...]] = {
        "backend": ("numpy",),
        "op": ("elementwise",),
        "width": ("512",),
        "cache": ("*",),
    }
    rows = build_rows(Selection(PRESETS["quick"], (), axes), ("cpu",), 2)
    plan = make_plan(rows, 1, 1.0, 2, 1 << 35)
    rate = Figure(1e9, 0.0, 3)
    line = CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="",
        bandwidth=rate,
        cache_bytes=1 << 30,
        caches=[CacheBandwidth(level=3, size_bytes=1 << 30, bandwidth=Figure(1e10, 0.0, 3))],
    )
    bounds = {}
    for row in rows:
        found = _cell_plan(plan, row, None)
        timing = Timing(found.eager_bytes / 1e9, 1.0, 0.0)
        bounds[row.cell.key.cache] = explain(found, timing, line, None).bound
    assert bounds == {"warm": "", "cold": "bandwidth"}
