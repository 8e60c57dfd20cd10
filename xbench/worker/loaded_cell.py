"""One loaded cell in a worker: its tensors, its step, and the burst that is timed.

Also what an adapter may be able to do and need not: a stopwatch, the size of a cache."""

from __future__ import annotations

import mmap
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from math import prod
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Handle, Spec, Step, Stopwatch, Tensors
from xbench.machine.caches import last_level_bytes
from xbench.ops import get_op
from xbench.ops.rounding import ITEM_BYTES, host_dtype
from xbench.process.messages import Reading
from xbench.worker.counters import measured
from xbench.worker.layout import Gaps

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

# Host arrays handed to a backend, each as the op wants it.


def put(backend: Backend, spec: Spec, name: str, host: np.ndarray[Any, Any]) -> Handle:
    """One of an op's tensors, in the spec's dtype and where the op wants it. What an adapter would
    do by itself is not asked of it, so that a plain one needs no more than `put(host)`."""
    asked: dict[str, str] = {}
    if str(host.dtype) != spec.dtype:
        asked["dtype"] = spec.dtype
    if name in get_op(spec.op).on_host:
        asked["device"] = "cpu"
    return backend.put(host, **asked)


COMPARED = 1 << 16
"""Entries of a tensor that are looked at, where only change is asked for."""

READS = 3
"""How often the cost of reading a finished tensor is measured."""

PAUSE_S = 1e-3
MOST_PLACED_BYTES = 16 << 20
"""Of a tensor that is only there to be read."""

LOOKS = 3
"""How often operands are looked at before they are dropped: a step must not write to them."""

MOVE_TIMES = 4
"""Operands are moved when so many times what putting them takes was timed since."""


def _not_built(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
    raise RuntimeError("the cell was placed but not loaded")


class RotatingCopies:
    """Calls of a step that take copies of the operands in turn, so that none is in a cache. As many
    results are kept alive, or the next would be written over one that a cache still holds."""

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
class LoadedCell:
    """A cell that a worker holds: its batch on the device and as `given` on the host, its pristine
    state on the host, and the last results."""

    backend: Backend
    spec: Spec
    batch: Tensors
    given: dict[str, Array]
    pristine: dict[str, Array]
    step: Step = field(default_factory=lambda: Step(_not_built))
    last: Tensors = field(default_factory=dict)
    smallest_output: str = ""
    """The smallest output: reading it tells whether the fence had waited."""
    others: list[Tensors] = field(default_factory=list)
    """More copies of the batch, where calls are to find no cache warm."""
    rotating: RotatingCopies | None = None
    """Takes the copies in turn, in bursts; all else is asked of the first."""
    stopwatch: Stopwatch | None = None
    """The device's own clock, where it has one."""
    placed: Handle = None
    """A tensor like the smallest output, put: reading it costs what reading a result costs."""
    renewals: int = 0
    """How often new operands were made."""
    written: set[str] = field(default_factory=set)
    """Operands that a call has written to, seen before they were dropped."""
    _dropped: int = 0
    _put_ns: int = 0
    _timed_ns: int = 0
    """What putting the operands took, and what was timed since."""

    def fresh_state(self, between: Gaps | None = None) -> Tensors:
        """The state every burst starts from: a new copy, so that training cannot drift."""
        return self.step.prepare(self._put_all(self.pristine, between))

    def _put_all(self, arrays: dict[str, Array], between: Gaps | None) -> Tensors:
        """Tensors of these arrays, with a random gap before each."""
        tensors: Tensors = {}
        for name, values in arrays.items():
            if between is not None:
                between.before(values.nbytes)
            tensors[name] = self._put(name, values)
        return tensors

    def drop(self) -> None:
        """Forget the last results, and the operands if they are to be put elsewhere: in each burst
        where that takes little, else as often as it takes a small part of the timed bursts' time.
        Copies that calls take in turn lie in many places as it is."""
        self.last = {}
        if not self.others and self._timed_ns >= MOVE_TIMES * self._put_ns:
            if self._dropped < LOOKS:
                self.written.update(changed_operands(self.backend, self.batch, self.given))
            self._dropped += 1
            self.batch = {}

    def _move_operands(self, between: Gaps) -> None:
        """Put operands that were dropped."""
        start = time.perf_counter_ns()
        self.batch = self._put_all(self.given, between)
        self.backend.fence(self.batch)
        self._put_ns, self._timed_ns = time.perf_counter_ns() - start, 0

    def _largest_output(self) -> int:
        """Bytes."""
        shapes = get_op(self.spec.op).tensors(self.spec).outputs
        return max(map(prod, shapes.values()), default=0) * ITEM_BYTES[self.spec.dtype]

    def rotate(self, make: Callable[[], Step] | None) -> None:
        """Have bursts take the copies in turn, if there are any: each with a step of its own from
        `make`, since a step may write to memory that it owns; without, all with the cell's."""
        if self.others:
            steps = [self.step, *((make() if make else self.step) for _ in self.others)]
            self.rotating = RotatingCopies(steps, [self.batch, *self.others])

    def _put(self, name: str, values: Array) -> Handle:
        return put(self.backend, self.spec, name, values)

    def burst(
        self,
        calls: int,
        lead_in: int,
        read_placed: bool = False,
        between: Gaps | None = None,
        shift_bytes: int = 0,
    ) -> Reading:
        """Time `calls` calls, fenced on both sides; before them `lead_in` calls that are not timed,
        since this process was stopped and its caches and threads have gone cold. The timed calls
        go on from the state that these leave: a fresh one would have to be put first, in which
        time a thread pool falls asleep (that cost a step of 0.5 ms another 0.25).

        Then an output is read (`residual_ns`), or, if `read_placed`, a tensor of its shape that was
        put and must be there (`placed_ns`): both readings find the caches as cold. With `between`,
        operands, state and results come to lie elsewhere than in the last burst."""
        fence = self.backend.fence
        self.last = {}
        if between is not None and not self.batch:
            self._move_operands(between)
        run, batch = self.rotating or self.step.run, self.batch
        state = self.fresh_state(between)
        if between is not None:
            between.shift(shift_bytes)
            between.before(self._largest_output())
        outputs: Tensors = {}
        for _ in range(lead_in):
            state, outputs = run(state, batch)
        fence(state | outputs)

        watch = self.stopwatch

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
        self.last = state | outputs
        return self._read_after(reading, outputs, read_placed)

    def _read_after(self, reading: Reading, outputs: Tensors, read_placed: bool) -> Reading:
        """What was read of a burst, and what reading takes now; see `burst`."""
        self._timed_ns += reading.wall_ns
        device_ns = self.stopwatch.elapsed_ns() if self.stopwatch is not None else None
        self._choose_smallest_output(outputs)
        read_ns = self.read(self._finished() if read_placed else outputs[self.smallest_output])
        return reading.completed(
            traces=self.step.traces(),
            residual_ns=None if read_placed else read_ns,
            placed_ns=read_ns if read_placed else None,
            device_ns=device_ns,
        )

    def _choose_smallest_output(self, outputs: Tensors) -> None:
        """Choose the smallest output, the first time."""
        if self.smallest_output not in outputs:
            self.smallest_output = min(
                outputs, key=lambda name: self.backend.get(outputs[name]).size
            )

    def read(self, tensor: Handle) -> int:
        """Nanoseconds until a tensor, or its first entry where the adapter has a way to take it, is
        on the host: little, if it was computed."""
        get = self.backend.get
        first: Callable[[Handle], Handle] | None = getattr(self.backend, "first_entry", None)
        start = time.perf_counter_ns()
        get(first(tensor) if first is not None else tensor)
        return time.perf_counter_ns() - start

    def read_cost_ns(self) -> int:
        """What reading the smallest output costs when nothing is pending, whatever the fence does:
        a finished tensor is read after it was left alone for a moment."""
        costs: list[int] = []
        for _ in range(READS):
            self.place_finished()
            time.sleep(PAUSE_S)
            measured(lambda: None)  # as after a burst, whose readings cool the caches
            costs.append(self.read(self._finished()))
        return sorted(costs)[READS // 2]

    def place_finished(self) -> None:
        """Have a finished tensor that costs as much to read as the smallest output: one of its
        shape, unless that would take much memory."""
        self.placed = None
        shape = get_op(self.spec.op).tensors(self.spec).outputs.get(self.smallest_output)
        if shape is not None and prod(shape) * ITEM_BYTES[self.spec.dtype] <= MOST_PLACED_BYTES:
            self.placed = self.like_output(self.smallest_output)
            self.read(
                self.like_output(self.smallest_output)
            )  # put after it: when it is there, all is

    def _finished(self) -> Handle:
        """That tensor, or else the smallest operand."""
        if self.placed is not None:
            return self.placed
        return self.batch[min(self.batch, key=lambda each: self.given[each].size)]

    def populate(self, size_bytes: int) -> None:
        """Have the framework ask for so much memory once, and let it go: tensors that come to lie
        elsewhere then find pages, and of the kind that this framework asks for (NumPy wants huge
        ones). A fault inside the clock would cost more than the place."""
        import numpy as np

        count = size_bytes // 4
        with mmap.mmap(-1, max(4 * count, 1)) as zeros:  # no part of the heap
            host = np.frombuffer(zeros, "float32", count)
            self.backend.fence({"x": self.backend.put(host)})
            del host

    def like_output(self, name: str) -> Handle:
        """A tensor of an output's shape, dtype and place, put and not computed."""
        import numpy as np

        shape = get_op(self.spec.op).tensors(self.spec).outputs[name]
        return self._put(name, np.ones(shape, host_dtype(self.spec.dtype)))

    def results(self) -> dict[str, Array]:
        """The last burst's results on the host."""
        return {name: self.backend.get(tensor) for name, tensor in self.last.items()}

    def places(self) -> dict[str, tuple[str, str]]:
        """Device and dtype of every tensor of the batch and of the last results."""
        return {name: self.backend.where(each) for name, each in (self.batch | self.last).items()}


def changed_operands(backend: Backend, batch: Tensors, given: dict[str, Array]) -> list[str]:
    """Names of operands that no longer hold what was put, as far as is looked."""
    return [
        name
        for name, tensor in batch.items()
        if not same(sample(backend.get(tensor)), sample(given[name]))
    ]


def sample(values: Array) -> Array:
    """Entries of a tensor, evenly spread."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // COMPARED)]


def same(one: Array, other: Array) -> bool:
    """Whether two arrays hold the same."""
    return one.shape == other.shape and bool(
        ((one == other) | ((one != one) & (other != other))).all()  # noqa: PLR0124 (no number)
    )


# What an adapter may have and need not: see `xbench.contracts.Backend`.


def stopwatch(backend: Backend) -> Stopwatch | None:
    """A new one of the device's own, if it has timed events."""
    make: Callable[[], Stopwatch | None] | None = getattr(backend, "stopwatch", None)
    return make() if make is not None else None


def cache_bytes(backend: Backend, device: str) -> int:
    """Of the last-level caches of the policy's device; 0: unknown."""
    if device == "cpu":
        return last_level_bytes()
    ask: Callable[[], int | None] | None = getattr(backend, "cache_bytes", None)
    return (ask() if ask is not None else None) or 0
