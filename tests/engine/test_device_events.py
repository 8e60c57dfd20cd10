"""The device's own events: queued around the calls, read after the fence, held against the wall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.made_keys import cell_key
from xbench.contracts import Spec, Step, Tensors
from xbench.engine.refusals import device_disagrees
from xbench.records.schema import CellLine, Samples
from xbench.worker.loaded_cell import LoadedCell


class Queue:
    """A device, and a clock of it, that say what is asked of them; both clocks are made up."""

    def __init__(self, fence_waits: bool) -> None:
        self.asked: list[str] = []
        self.fence_waits = fence_waits
        self.over = False

    def run(self, state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        self.asked.append("call")
        return state, {"y": np.zeros(1)}

    def get(self, tensor: Any) -> Any:
        return tensor

    def fence(self, tensors: Tensors) -> None:
        self.asked.append("fence")
        self.over = self.fence_waits

    def start(self) -> None:
        self.asked.append("start")

    def stop(self) -> None:
        self.asked.append("stop")

    def elapsed_ns(self) -> int:
        self.asked.append("read")
        return 4_000 if self.over else -1


@pytest.mark.parametrize("fence_waits", [True, False])
def test_events_lie_around_the_timed_calls_alone(fence_waits: bool) -> None:
    device = Queue(fence_waits)
    backend: Any = device
    spec = Spec("noop", (("n", 1), ("w", 1)), "float32")
    cell = LoadedCell(backend, spec, {}, {}, {}, Step(device.run), stopwatch=device)
    reading = cell.burst(3, 2)
    timed = ["start", "call", "call", "call", "stop", "fence", "read"]
    assert device.asked == ["call", "call", "fence", *timed]
    assert reading.device_ns == (4_000 if fence_waits else -1)


def line(device_ns: list[int], wall_ns: int = 1_000_000) -> CellLine:
    return CellLine(key=cell_key(), timed=Samples(wall_ns=[wall_ns] * 20, device_ns=device_ns))


@pytest.mark.parametrize(
    ("device_ns", "said"),
    [
        ([], None),
        ([900_000] * 20, None),
        ([1_040_000] * 20, None),
        ([1_100_000] * 20, "1.10 times the wall time"),
        ([1_000_000] * 3 + [9_000_000] * 17, None),
        ([900_000] * 19 + [-1], "still at work in 1 bursts"),
    ],
)
def test_a_clock_that_contradicts_the_fence_is_refused(
    device_ns: list[int], said: str | None
) -> None:
    """One wrong burst in five says nothing; one that had not ended says it all."""
    found = device_disagrees(line(device_ns))
    assert found is None if said is None else found is not None and said in found
