"""Adapters that break the contract, each in one way; NumPy does the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from helpers.accelerator import Hasty as Unfenced
from helpers.accelerator import Npu
from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Backend, Factory, Policy, Probe, Spec, Step, Tensors, Variant
from xbench.errors import Status

__all__ = ["Unfenced"]


class Borrows(NumpyBackend):
    """`put` keeps the caller's array."""

    def put(self, host: Any, dtype: str | None = None, device: str | None = None) -> Any:
        return np.asarray(host)


class Elsewhere(NumpyBackend):
    """`where` names another device."""

    def where(self, tensor: Any) -> tuple[str, str]:
        return "meta", str(tensor.dtype)


class Widens(NumpyBackend):
    """`put` makes everything float64."""

    def put(self, host: Any, dtype: str | None = None, device: str | None = None) -> Any:
        return np.array(host, dtype="float64")


class Spoilt(NumpyBackend):
    """Some of its ops go through `spoil`; `ops` are those."""

    spoilt: tuple[str, ...] = ()

    def spoil(self, number: int, batch: Tensors, outputs: Tensors) -> Tensors:
        """What call `number` returns instead."""
        return outputs

    def traces(self, number: int) -> int:
        """What the step says of its traces after so many calls."""
        return 0

    @property
    def ops(self) -> Mapping[str, Factory]:
        inner = super().ops
        return {**inner, **{op: self._spoilt(inner[op]) for op in self.spoilt}}

    def _spoilt(self, factory: Factory) -> Factory:
        def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
            honest, count = factory(backend, spec, variant), 0

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                nonlocal count
                count += 1
                state, outputs = honest.run(state, batch)
                return state, self.spoil(count, batch, outputs)

            return Step(run, honest.prepare, lambda: self.traces(count))

        return build


class Retraces(Spoilt):
    """Traces at every call."""

    spoilt = ("matmul",)

    def traces(self, number: int) -> int:
        return number


class Swaps(Spoilt):
    """Hands out dx for dw."""

    spoilt = ("elementwise_grad",)

    def spoil(self, number: int, batch: Tensors, outputs: Tensors) -> Tensors:
        return outputs | {"dx": outputs["dw"], "dw": outputs["dx"]}


class Scribbles(Spoilt):
    """Writes to its batch, after its result is made."""

    spoilt = ("elementwise",)

    def spoil(self, number: int, batch: Tensors, outputs: Tensors) -> Tensors:
        batch["z"][...] = 0.0
        return outputs


class Remembers(Spoilt):
    """Hands out its first result for ever."""

    spoilt = ("matmul",)

    def __init__(self) -> None:
        self.first: Tensors = {}

    def spoil(self, number: int, batch: Tensors, outputs: Tensors) -> Tensors:
        self.first = outputs if number == 1 else self.first
        return self.first


class Dies(Spoilt):
    """Takes its process with it."""

    spoilt = ("matmul",)

    def spoil(self, number: int, batch: Tensors, outputs: Tensors) -> Tensors:
        os._exit(9)


class CallsEverythingMemory(NumpyBackend):
    """Every error is `oom`."""

    def classify(self, error: BaseException) -> Status | None:
        return "oom"


class KnowsNoMemory(NumpyBackend):
    """No error is `oom`."""

    def classify(self, error: BaseException) -> Status | None:
        return None


class Spins(NumpyBackend):
    """Has a thread that never rests."""

    def open(self, policy: Policy) -> None:
        super().open(policy)

        def spin() -> None:
            while True:
                pass

        threading.Thread(target=spin, daemon=True).start()


class CallsTroubleMemory(NumpyBackend):
    """Every error of a framework's is `oom`."""

    def classify(self, error: BaseException) -> Status | None:
        return "oom" if isinstance(error, MemoryError | RuntimeError) else None


class LeavesAChild(NumpyBackend):
    """A process that it started never rests."""

    def open(self, policy: Policy) -> None:
        super().open(policy)
        subprocess.Popen([sys.executable, "-c", "while True: pass"])


class Microseconds(NumpyBackend):
    """Its device's clock is a thousand times too slow."""

    def stopwatch(self) -> Any:
        readings: list[int] = []
        return SimpleNamespace(
            start=lambda: readings.append(time.perf_counter_ns()),
            stop=lambda: readings.append(time.perf_counter_ns()),
            elapsed_ns=lambda: (readings[-1] - readings[-2]) // 1000,
        )


class WaitsForOne(Npu):
    """Its fence waits for the loss; the gradients beside it come a little later."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        if op != "elementwise_grad":
            return super().supports(op, dtype, variant)
        return NumpyBackend.supports(self, op, dtype, variant)

    def fence(self, tensors: Tensors) -> None:
        (tensors["loss"].value.result() if "loss" in tensors else super().fence(tensors))

    @property
    def ops(self) -> Mapping[str, Factory]:
        inner = NumpyBackend().ops["elementwise_grad"]

        def late(value: Any) -> Any:
            time.sleep(0.002)
            return value

        def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
            honest = inner(backend, spec, variant)

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                given = {name: tensor.value.result() for name, tensor in batch.items()}
                _, found = honest.run({}, given)
                first = {"loss": self.later(lambda: found["loss"])}
                others = [name for name in found if name != "loss"]
                return state, first | {
                    name: self.later(lambda name=name: late(found[name]))  # type: ignore[misc]
                    for name in others
                }

            return Step(run)

        return {**super().ops, "elementwise_grad": factory}


class SaysNothing(NumpyBackend):
    """Attests nothing but the wrong number of threads."""

    def attest(self) -> dict[str, Any]:
        return super().attest() | {"version": "", "threads": -1}


class Honest(NumpyBackend):
    """Nothing is wrong with it."""

    def probe(self) -> Probe:
        return replace(super().probe(), hint="nothing")
