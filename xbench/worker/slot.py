"""One loaded cell in a worker: its tensors, its step, and the burst that is timed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Spec, Step, Tensors
from xbench.worker.counters import Reading, measured

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


COMPARED = 1 << 16
"""Entries of a tensor that are looked at, evenly spread, where only change is asked for."""


def _part(values: Array) -> Array:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // COMPARED)]


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _not_built(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
    raise RuntimeError("the cell was placed but not loaded")


@dataclass(slots=True)
class Slot:
    """A cell's batch on the device and as `given` on the host, its pristine state on the host, and
    the last results."""

    backend: Backend
    spec: Spec
    batch: Tensors
    given: dict[str, Array]
    pristine: dict[str, Array]
    step: Step = field(default_factory=lambda: Step(_not_built))
    last: Tensors = field(default_factory=dict)

    def fresh_state(self) -> Tensors:
        """The state every burst starts from: a new copy, so that training cannot drift."""
        put = self.backend.put
        state = {name: put(values) for name, values in self.pristine.items()}
        return self.step.prepare(state)

    def burst(self, calls: int, lead_in: int) -> Reading:
        """Time `calls` calls, fenced on both sides; before them `lead_in` calls that are not timed,
        since this process was stopped and its caches and threads have gone cold."""
        fence = self.backend.fence
        run, batch = self.step.run, self.batch
        self.last = {}
        outputs: Tensors
        for _ in range(lead_in):
            state, outputs = run(self.fresh_state(), batch)
            fence(state | outputs)
        state = self.fresh_state()
        fence(state)
        outputs = {}

        def work() -> None:
            nonlocal state, outputs
            for _ in range(calls):
                state, outputs = run(state, batch)
            fence(state | outputs)

        reading = measured(work)
        self.last = state | outputs
        reading["traces"] = self.step.traces()
        return reading

    def answers_to_input(self) -> bool:
        """Whether results follow the inputs: with one operand halved, and again with it as it was,
        each call must give another result than the call before. A step that hands out a stored
        result, which no oracle could tell while the inputs stay the same, does not."""
        name = min(self.batch, key=lambda each: self.given[each].size)
        halved = self.backend.put(self.given[name] * self.given[name].dtype.type(0.5))
        before = self._once(self.batch)
        for batch in (self.batch | {name: halved}, self.batch):
            after = self._once(batch)
            if all(_same(before[each], after[each]) for each in before):
                return False
            before = after
        return True

    def _once(self, batch: Tensors) -> dict[str, Array]:
        """The results of one call from the pristine state, copied to the host."""
        state, outputs = self.step.run(self.fresh_state(), batch)
        self.backend.fence(state | outputs)
        results = {name: self.backend.get(each) for name, each in (state | outputs).items()}
        return {name: _part(values).copy() for name, values in results.items()}

    def changed_inputs(self) -> list[str]:
        """Names of operands that no longer hold what was put: a step must not write its batch."""
        get, given = self.backend.get, self.given
        return [
            name
            for name, tensor in self.batch.items()
            if not _same(_part(get(tensor)), _part(given[name]))
        ]

    def results(self) -> dict[str, Array]:
        """The last burst's results on the host."""
        return {name: self.backend.get(tensor) for name, tensor in self.last.items()}

    def places(self) -> dict[str, tuple[str, str]]:
        """Device and dtype of every tensor of the batch and of the last results."""
        return {name: self.backend.where(each) for name, each in (self.batch | self.last).items()}


def map_arrays(files: dict[str, str]) -> dict[str, Array]:
    """Host arrays by name, mapped read-only from the oracle's files."""
    import numpy as np

    return {
        name: np.load(Path(file), mmap_mode="r", allow_pickle=False) for name, file in files.items()
    }
