"""An adapter whose device is its own: NumPy on a thread that works through a queue, like a stream.

Calls return before they are computed; `fence` waits for the queue; events lie in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import perf_counter_ns
from typing import Any

import numpy as np

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Backend, Factory, Policy, Probe, Spec, Step, Tensors, Variant
from xbench.errors import CellFailed

KIND, INDEX = "npu", 0
ALONE = ("noop", "copy", "triad", "elementwise", "matmul")
CACHE_BYTES = 1 << 20


@dataclass(slots=True)
class Tensor:
    """What a queued piece of work will give; on the host, or on the device."""

    value: Future[Any] = field(default_factory=Future)
    on_host: bool = False


class Npu(NumpyBackend):
    """One device, `npu:0`."""

    name = "npu"

    def __init__(self) -> None:
        self.queue: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def probe(self) -> Probe:
        found = super().probe()
        return Probe(
            found.installed, found.version, "", found.modes, ("float32",), (KIND,), "manual"
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        if op in {"host_to_device", "device_to_host"}:
            return None
        return super().supports(op, dtype, variant) if op in ALONE else f"no {op} on {KIND}"

    def open(self, policy: Policy) -> None:
        if policy.device != f"{KIND}:{INDEX}":
            raise CellFailed("unsupported", f"there is no {policy.device}, only {KIND}:{INDEX}")
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self.queue.get()()

    def later(self, compute: Callable[[], Any], on_host: bool = False) -> Tensor:
        """Queue work. Returns: its result to come."""
        tensor = Tensor(on_host=on_host)

        def work() -> None:
            try:
                tensor.value.set_result(compute())
            except BaseException as error:
                tensor.value.set_exception(error)

        self.queue.put(work)
        return tensor

    def put(self, host: Any, dtype: str | None = None, device: str | None = None) -> Any:
        copy = np.array(host, dtype=dtype)
        return self.later(lambda: copy, device == "cpu")

    def get(self, tensor: Any) -> Any:
        return np.asarray(tensor.value.result())

    def where(self, tensor: Any) -> tuple[str, str]:
        device = "cpu" if tensor.on_host else f"{KIND}:{INDEX}"
        return device, str(tensor.value.result().dtype)

    def fence(self, tensors: Tensors) -> None:
        self.later(lambda: None).value.result()

    def stopwatch(self) -> Events:
        """Events in the queue."""
        return Events(self)

    def cache_bytes(self) -> int:
        """Of a cache that there is not."""
        return CACHE_BYTES

    @property
    def ops(self) -> Mapping[str, Factory]:
        inner = super().ops
        moves = {"host_to_device": _move(to_host=False), "device_to_host": _move(to_host=True)}
        return {op: _queued(inner[op]) for op in ALONE} | moves


class Hasty(Npu):
    """Its fence does not wait."""

    name = "hasty"

    def fence(self, tensors: Tensors) -> None:
        """Wait for nothing."""


class Events:
    """Two points in the queue."""

    def __init__(self, device: Npu) -> None:
        self._device = device
        self._points: list[Tensor] = []

    def start(self) -> None:
        """The first."""
        self._points = [self._device.later(perf_counter_ns)]

    def stop(self) -> None:
        """The second."""
        self._points.append(self._device.later(perf_counter_ns))

    def elapsed_ns(self) -> int:
        """Time between them, if both have come."""
        first, last = (point.value for point in self._points)
        return int(last.result() - first.result()) if last.done() else -1


def _queued(factory: Factory) -> Factory:
    """The same op, computed when the device comes to it."""

    def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
        device: Any = backend
        inner = factory(NumpyBackend(), spec, variant)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            def compute() -> Any:
                given = {name: each.value.result() for name, each in batch.items()}
                return inner.run({}, given)[1]["y"].copy()

            return state, {"y": device.later(compute)}

        return Step(run)

    return build


def _move(to_host: bool) -> Factory:
    def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
        device: Any = backend

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            x = batch["x"].value
            return state, {"y": device.later(lambda: x.result().copy(), to_host)}

        return Step(run)

    return build
