"""NumPy behind promises: frameworks that do not compute when they are called, each in its own way,
and frameworks that keep results. `Eager` is honest and differs from them in nothing else."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant

Compute = Callable[[], Tensors]


@dataclass(slots=True)
class Promised:
    """One tensor of what a call is to give; `call` computes all of them, once."""

    call: Call
    name: str


@dataclass(slots=True, weakref_slot=True)
class Call:
    """A call that was noted. `keeps`: whether what was computed is kept for later readers."""

    compute: Compute
    keeps: bool = True
    found: Tensors = field(default_factory=dict)

    def result(self) -> Tensors:
        """Its tensors, computed now if they were not."""
        if self.found:
            return self.found
        found = self.compute()
        if self.keeps:
            self.found = found
        return found


def value(tensor: Any) -> Any:
    """NumPy's array behind a promise, which is kept now."""
    return tensor.call.result()[tensor.name] if isinstance(tensor, Promised) else tensor


class Eager(NumpyBackend):
    """Promises that are kept at once."""

    name = "eager"
    keeps = True

    def __init__(self) -> None:
        self.calls = 0

    def begin(self, call: Call, size: int) -> None:
        """What happens to a call as soon as it is made; its largest operand holds `size` bytes."""
        call.result()

    def get(self, tensor: Any) -> Any:
        return super().get(value(tensor))

    def where(self, tensor: Any) -> tuple[str, str]:
        return super().where(value(tensor))

    def fence(self, tensors: Tensors) -> None:
        for each in tensors.values():
            value(each)

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {name: self._noted(factory) for name, factory in super().ops.items()}

    def _noted(self, factory: Factory) -> Factory:
        def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
            inner = factory(NumpyBackend(), spec, variant)

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                def compute() -> Tensors:
                    given = {name: value(each) for name, each in batch.items()}
                    held = {name: np.array(value(each)) for name, each in state.items()}
                    after, outputs = inner.run(held, given)
                    return after | {name: np.array(each) for name, each in outputs.items()}

                self.calls += 1
                call = Call(compute, self.keeps or bool(state))
                self.begin(call, max(np.asarray(value(each)).nbytes for each in batch.values()))
                names = self.outputs(spec)
                return (
                    {name: Promised(call, name) for name in state},
                    {name: Promised(call, name) for name in names},
                )

            return Step(run)

        return build

    @staticmethod
    def outputs(spec: Spec) -> tuple[str, ...]:
        """The names of an op's results."""
        from xbench.ops import get_op

        return tuple(get_op(spec.op).tensors(spec).outputs)


class NoFence(Eager):
    """Nobody computes but who reads, and a fence does not."""

    name = "nofence"
    keeps = False

    def begin(self, call: Call, size: int) -> None:
        """Note it."""

    def fence(self, tensors: Tensors) -> None:
        """Wait for nothing."""


class LastOnly(Eager):
    """The fence computes what it is given, as "exactly these tensors" may be read."""

    name = "lastonly"

    def begin(self, call: Call, size: int) -> None:
        """Note it."""


class FirstOnly(Eager):
    """The first calls are computed, with the checks that look at them; later ones are noted."""

    name = "firstonly"

    def begin(self, call: Call, size: int) -> None:
        if self.calls <= 3:
            call.result()


class HeldOnly(Eager):
    """The fence computes every result that somebody still holds; a burst drops all but the last."""

    name = "heldonly"

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[weakref.ref[Call]] = []

    def begin(self, call: Call, size: int) -> None:
        self.noted.append(weakref.ref(call))

    def fence(self, tensors: Tensors) -> None:
        super().fence(tensors)
        for call in filter(None, [each() for each in self.noted]):
            call.result()
        self.noted.clear()


class LazyAboveASize(Eager):
    """Small calls are computed at once."""

    name = "abovesize"

    def begin(self, call: Call, size: int) -> None:
        if size < 1 << 16:
            call.result()


class LazyPut(Eager):
    """`put` keeps the caller's array until somebody needs its values."""

    name = "lazyput"

    def put(self, host: Any, dtype: str | None = None, device: str | None = None) -> Any:
        return Promised(Call(lambda: {"x": np.array(host, dtype=dtype)}), "x")


class Remembers(NumpyBackend):
    """Results are kept by `key`, and handed out again."""

    name = "remembers"
    most = 1000

    def __init__(self) -> None:
        self.kept: dict[Any, tuple[Tensors, Tensors]] = {}
        self.alive: list[Any] = []

    def note(self) -> None:
        """A call begins."""

    def again(self, key: Any) -> tuple[Tensors, Tensors]:
        """What was kept."""
        return self.kept[key]

    def key(self, tensor: Any) -> Any:
        """What a result is kept by."""
        self.alive.append(tensor)  # so that no other object gets its id
        return id(tensor)

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {name: self._kept(factory) for name, factory in super().ops.items()}

    def _kept(self, factory: Factory) -> Factory:
        def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
            inner = factory(backend, spec, variant)

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                self.note()
                given = {**batch, **{f"state/{name}": each for name, each in state.items()}}
                key = (spec, *((name, self.key(each)) for name, each in sorted(given.items())))
                if key not in self.kept:
                    if len(self.kept) >= self.most:
                        self.kept.clear()
                    held = {name: np.array(each) for name, each in state.items()}
                    after, outputs = inner.run(held, batch)
                    copied = {name: np.array(each) for name, each in outputs.items()}
                    self.kept[key] = after, copied
                    return self.kept[key]
                return self.again(key)

            return Step(run)

        return build


class ByIdentity(Remembers):
    """By the operands' identity."""

    name = "byidentity"


class ByValue(Remembers):
    """By what the operands hold."""

    name = "byvalue"

    def key(self, tensor: Any) -> Any:
        return hash(tensor.tobytes())


class LastOne(Remembers):
    """Only the last call's result."""

    name = "lastone"
    most = 1


class EverySecond(LastOne):
    """A copy of the last call's result, in place of every second call on the same operands."""

    name = "everysecond"

    def again(self, key: Any) -> tuple[Tensors, Tensors]:
        after, outputs = self.kept.pop(key)
        return after, {name: np.array(each) for name, each in outputs.items()}


class InPairs(LastOne):
    """The last call's result itself, in place of every second call after a fence."""

    name = "inpairs"
    number = 0

    def fence(self, tensors: Tensors) -> None:
        self.number = 0

    def key(self, tensor: Any) -> Any:
        return self.number // 2, super().key(tensor)

    def note(self) -> None:
        self.number += 1


class Learns(NumpyBackend):
    """Operands are known by their first entries; once they came in many calls, their result is kept
    and handed out after a third of the time of a call, as if a part of the work were stored."""

    name = "learns"
    many, share = 10, 0.33

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {name: self._learned(factory) for name, factory in super().ops.items()}

    def _learned(self, factory: Factory) -> Factory:
        def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
            inner, seen = factory(backend, spec, variant), Counter[bytes]()
            kept: dict[bytes, tuple[Tensors, float]] = {}

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                start = time.perf_counter()
                key = b"".join(each.reshape(-1)[:64].tobytes() for each in batch.values())
                seen[key] += 1
                if key not in kept:
                    after, outputs = inner.run(state, batch)
                    if seen[key] >= self.many:
                        took = time.perf_counter() - start
                        kept[key] = {name: np.array(each) for name, each in outputs.items()}, took
                    return after, outputs
                outputs, took = kept[key]
                while time.perf_counter() - start < self.share * took:
                    pass
                return state, {name: np.array(each) for name, each in outputs.items()}

            return Step(run)

        return build


LAZY = (NoFence, LastOnly, FirstOnly, HeldOnly, LazyAboveASize, LazyPut)
KEEPING = (ByIdentity, ByValue, LastOne, EverySecond, InPairs)
