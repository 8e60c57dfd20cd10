"""One loaded cell in a worker: its tensors, its step, and the burst that is timed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Handle, Spec, Step, Stopwatch, Tensors
from xbench.worker.counters import Reading, measured
from xbench.worker.storage import storage
from xbench.worker.tensors import put
from xbench.workloads import get_op

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


READS, READS_LIMIT_NS = 3, 20_000_000
"""How often the cost of reading a finished output is measured; once where calls are long."""

COMPARED = 1 << 16
"""Entries of a tensor that are looked at, evenly spread, where only change is asked for."""


def _part(values: Array) -> Array:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // COMPARED)]


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _not_built(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
    raise RuntimeError("the cell was placed but not loaded")


class Turns:
    """Calls that take copies of the operands in turn. As many results are kept alive, or the next
    would be written over one that a cache still holds."""

    def __init__(self, steps: list[Step], batches: list[Tensors]) -> None:
        self._pairs = cycle([(step.run, each) for step, each in zip(steps, batches, strict=True)])
        self._alive: deque[Tensors] = deque(maxlen=len(batches))

    def __call__(self, state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        """One call, with the next copy in place of `batch`."""
        run, mine = next(self._pairs)
        state, outputs = run(state, mine)
        self._alive.append(outputs)
        return state, outputs


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
    watched: str = ""
    """The smallest output: reading it tells whether the fence had waited."""
    others: list[Tensors] = field(default_factory=list)
    """More copies of the batch, where calls are to find no cache warm."""
    turns: Turns | None = None
    """Takes the copies in turn, in bursts; all else is asked of the first."""
    watch: Stopwatch | None = None
    """The device's own clock, where it has one."""

    def fresh_state(self) -> Tensors:
        """The state every burst starts from: a new copy, so that training cannot drift."""
        state = {name: self._put(name, values) for name, values in self.pristine.items()}
        return self.step.prepare(state)

    def rotate(self, make: Callable[[], Step] | None) -> None:
        """Have bursts take the copies in turn, if there are any: each with a step of its own from
        `make`, since a step may write to memory that it owns; without, all with the cell's."""
        if self.others:
            steps = [self.step, *((make() if make else self.step) for _ in self.others)]
            self.turns = Turns(steps, [self.batch, *self.others])

    def _put(self, name: str, values: Array) -> Handle:
        return put(self.backend, self.spec, name, values)

    def burst(self, calls: int, lead_in: int) -> Reading:
        """Time `calls` calls, fenced on both sides; before them `lead_in` calls that are not timed,
        since this process was stopped and its caches and threads have gone cold. The timed calls
        go on from the state that these leave: a fresh one would have to be put first, in which
        time a thread pool falls asleep (that cost a step of 0.5 ms another 0.25)."""
        fence = self.backend.fence
        run, batch = self.turns or self.step.run, self.batch
        self.last = {}
        state = self.fresh_state()
        outputs: Tensors = {}
        for _ in range(lead_in):
            state, outputs = run(state, batch)
        fence(state | outputs)

        watch = self.watch

        def work() -> None:
            nonlocal state, outputs
            if watch is not None:
                watch.start()
            for _ in range(calls):
                state, outputs = run(state, batch)
            if watch is not None:
                watch.stop()
            fence(state | outputs)

        reading = measured(work)
        if watch is not None:
            reading["device_ns"] = watch.elapsed_ns()
        self.last = state | outputs
        reading["residual_ns"] = self._read(outputs)
        reading["traces"] = self.step.traces()
        return reading

    def _read(self, outputs: Tensors) -> int:
        """Nanoseconds until the smallest output, or its first entry where the adapter has a way to
        take it, is on the host: little, if it was computed."""
        get = self.backend.get
        if self.watched not in outputs:
            self.watched = min(outputs, key=lambda name: get(outputs[name]).size)
        first: Callable[[Handle], Handle] | None = getattr(self.backend, "first_entry", None)
        start = time.perf_counter_ns()
        get(first(outputs[self.watched]) if first is not None else outputs[self.watched])
        return time.perf_counter_ns() - start

    def read_cost_ns(self) -> int:
        """What reading that output costs when nothing is pending, whatever the fence does: read
        after a pause of several times the longest that a call was seen to take."""
        costs: list[int] = []
        longest = 0
        while len(costs) < READS and longest < READS_LIMIT_NS:
            start = time.perf_counter_ns()
            _, outputs = self.step.run(self.fresh_state(), self.batch)
            self._read(outputs)
            longest = max(longest, time.perf_counter_ns() - start)
            _, outputs = self.step.run(self.fresh_state(), self.batch)
            time.sleep(min(3e-9 * longest, 1.0) + 1e-3)
            measured(lambda: None)  # as after a burst, whose readings cool the caches
            costs.append(self._read(outputs))
        return sorted(costs)[len(costs) // 2]

    def answers_to_input(self) -> bool:
        """Whether results follow the inputs: with one operand halved, and again with it as it was,
        each call must give another result than the call before. A step that hands out a stored
        result, which no oracle could tell while the inputs stay the same, does not. For an op
        without state the last burst was the first of the three calls."""
        name = min(self.batch, key=lambda each: self.given[each].size)
        halved = self._put(name, self.given[name] * self.given[name].dtype.type(0.5))
        before = self._once(self.batch) if self.pristine else self._on_host(self.last)
        for batch in (self.batch | {name: halved}, self.batch):
            after = self._once(batch)
            if all(_same(before[each], after[each]) for each in before):
                return False
            before = after
        return True

    def deaf_outputs(self) -> list[str]:
        """Outputs that stay what they are whichever operand is halved, though they depend on one:
        handed out from elsewhere, beside others that are computed."""
        op = get_op(self.spec.op)
        deaf = op.tensors(self.spec).outputs.keys() - {*op.constant}
        base = self._once(self.batch)
        for name in sorted(self.batch, key=lambda each: self.given[each].size):
            if not deaf:
                break
            halved = self._put(name, self.given[name] * self.given[name].dtype.type(0.5))
            found = self._once(self.batch | {name: halved})
            deaf = {each for each in deaf if _same(base[each], found[each])}
        return sorted(deaf)

    def _once(self, batch: Tensors) -> dict[str, Array]:
        """The results of one call from the pristine state, copied to the host."""
        state, outputs = self.step.run(self.fresh_state(), batch)
        self.backend.fence(state | outputs)
        return self._on_host(state | outputs)

    def _on_host(self, tensors: Tensors) -> dict[str, Array]:
        get = self.backend.get
        return {name: _part(get(each)).copy() for name, each in tensors.items()}

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
    """Host arrays by name, mapped read-only from the oracle's files. Raises: StorageFailed."""
    import numpy as np

    with storage():
        return {
            name: np.load(Path(file), mmap_mode="r", allow_pickle=False)
            for name, file in files.items()
        }
