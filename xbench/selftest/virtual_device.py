"""Backends for the self-test: `TwinBackend`, a second NumPy, and on top of it `late`, a virtual
asynchronous device on which NumPy works while its caller goes on.

Every call of `late` is queued on the one thread of a stream, as on a GPU; handles are results to
come. Its defective sister `unfenced` differs in one thing: its fence does not wait."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbench.contracts import (
    Backend,
    Factory,
    Handle,
    Memory,
    Policy,
    Probe,
    Spec,
    Step,
    Tensors,
    Variant,
)
from xbench.errors import Status
from xbench.ops import get_op
from xbench.registry import load_backend

if TYPE_CHECKING:
    import numpy as np

# `twin`: NumPy under another name, so that two equal things can be compared.


class TwinBackend:
    """The NumPy adapter, all of it; documented by the contract it keeps."""

    name = "twin"

    def __init__(self) -> None:
        self.inner = load_backend("numpy")

    def probe(self) -> Probe:
        """See `Backend.probe`."""
        return self.inner.probe()

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return self.inner.supports(op, dtype, variant)

    def env(self, policy: Policy) -> dict[str, str]:
        """See `Backend.env`."""
        return self.inner.env(policy)

    def open(self, policy: Policy) -> None:
        """See `Backend.open`."""
        self.inner.open(policy)

    @property
    def ops(self) -> Mapping[str, Factory]:
        """See `Backend.ops`."""
        return self.inner.ops

    def attest(self) -> dict[str, Any]:  # an adapter's own words
        """See `Backend.attest`."""
        return self.inner.attest()

    def put(self, host: np.ndarray[Any, Any]) -> Handle:
        """See `Backend.put`."""
        return self.inner.put(host)

    def get(self, tensor: Handle) -> np.ndarray[Any, Any]:
        """See `Backend.get`."""
        return self.inner.get(tensor)

    def where(self, tensor: Handle) -> tuple[str, str]:
        """See `Backend.where`."""
        return self.inner.where(tensor)

    def fence(self, tensors: Tensors) -> None:
        """See `Backend.fence`."""
        self.inner.fence(tensors)

    def memory(self) -> Memory:
        """See `Backend.memory`."""
        return self.inner.memory()

    def classify(self, error: BaseException) -> Status | None:
        """See `Backend.classify`."""
        return self.inner.classify(error)

    def close(self) -> None:
        """See `Backend.close`."""
        self.inner.close()


Results = tuple[Tensors, Tensors]


@dataclass(frozen=True, slots=True)
class Pending:
    """One tensor among the results of a queued call: `place` 0 is the state, 1 the outputs."""

    call: Future[Results]
    place: int
    name: str

    def wait(self) -> Handle:
        """NumPy's own handle, once the call is done. Raises what the call raised."""
        return self.call.result()[self.place][self.name]


class LateBackend(TwinBackend):
    """NumPy behind a stream."""

    name = "late"

    def __init__(self) -> None:
        super().__init__()
        self._stream = ThreadPoolExecutor(1)

    @property
    def ops(self) -> Mapping[str, Factory]:
        """NumPy's ops, queued."""
        return {name: queued(factory) for name, factory in self.inner.ops.items()}

    def put(self, host: np.ndarray[Any, Any]) -> Pending:
        """An owning copy, made at once."""
        done: Future[Results] = Future()
        done.set_result(({"copy": self.inner.put(host)}, {}))
        return Pending(done, 0, "copy")

    def get(self, tensor: Pending) -> np.ndarray[Any, Any]:
        """The values, when they are there."""
        return self.inner.get(tensor.wait())

    def where(self, tensor: Pending) -> tuple[str, str]:
        """The place of the result, when it is there."""
        return self.inner.where(tensor.wait())

    def fence(self, tensors: Tensors) -> None:
        """Wait for exactly these."""
        for each in tensors.values():
            each.wait()

    def close(self) -> None:
        """End the stream."""
        self._stream.shutdown()
        super().close()

    def queue(self, spec: Spec, step: Step) -> Step:
        """NumPy's step, with a `run` that returns before it is done."""
        outputs = get_op(spec.op).tensors(spec).outputs

        def work(state: Tensors, batch: Tensors) -> Results:
            # The stream keeps order, so whatever a call needs is computed when its turn comes.
            return step.run(_waited(state), _waited(batch))

        def run(state: Tensors, batch: Tensors) -> Results:
            call = self._stream.submit(work, state, batch)
            return (
                {name: Pending(call, 0, name) for name in state},
                {name: Pending(call, 1, name) for name in outputs},
            )

        return Step(run, traces=step.traces)


class UnfencedBackend(LateBackend):
    """The defect: its fence returns at once, so only the queueing is timed."""

    name = "unfenced"

    def fence(self, tensors: Tensors) -> None:
        """Wait for nothing."""


def queued(factory: Factory) -> Factory:
    """NumPy's factory of an op made into that of the devices here."""

    def make(backend: Backend, spec: Spec, variant: Variant) -> Step:
        assert isinstance(backend, LateBackend)
        return backend.queue(spec, factory(backend.inner, spec, variant))

    return make


def _waited(tensors: Tensors) -> Tensors:
    return {name: each.wait() for name, each in tensors.items()}
