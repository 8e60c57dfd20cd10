"""A backend whose tensors are arrays of plain Python: slow, right, derived from nothing."""

from __future__ import annotations

import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xbench.contracts import Backend, Factory, Memory, Policy, Probe, Spec, Step, Tensors, Variant
from xbench.errors import CellFailed, Status
from xbench.machine.own_process import resident_memory

OPS = ("noop", "copy", "triad", "elementwise")


@dataclass(frozen=True, slots=True)
class Flat:
    """Values in row order, as C floats, and their shape."""

    values: array.array[float]
    shape: tuple[int, ...]


class ListBackend:
    """The `listback` adapter."""

    name = "listback"

    def probe(self) -> Probe:
        return Probe(
            installed=True,
            version="1.0",
            hint="",
            modes=("eager",),
            dtypes=("float32",),
            devices=("cpu",),
            default_gradient="none",
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        if op not in OPS:
            return f"listback has no {op}"
        if dtype != "float32" or variant.mode != "eager" or variant.gradient != "none":
            return "listback runs float32, eagerly, without gradients"
        return None

    def env(self, policy: Policy) -> dict[str, str]:
        return {}

    def open(self, policy: Policy) -> None:
        if policy.device != "cpu":
            raise CellFailed("unsupported", f"listback runs on the cpu, not on {policy.device}")

    def attest(self) -> dict[str, Any]:
        return {"version": "1.0", "threads": -1}

    def put(self, host: Any) -> Flat:
        return Flat(array.array("f", host.astype("float32").tobytes()), host.shape)

    def get(self, tensor: Flat) -> Any:
        import numpy as np

        return np.array(tensor.values, "float32").reshape(tensor.shape)

    def where(self, tensor: Flat) -> tuple[str, str]:
        return "cpu", "float32"

    def fence(self, tensors: Tensors) -> None:
        """Nothing is ever pending."""

    def memory(self) -> Memory:
        return resident_memory()

    def classify(self, error: BaseException) -> Status | None:
        return "oom" if isinstance(error, MemoryError) else None

    def close(self) -> None:
        """Nothing is held."""

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {
            "noop": _entrywise(lambda x: x),
            "copy": _entrywise(lambda x: x),
            "triad": _entrywise(lambda x, w: x + 3.0 * w),
            "elementwise": _entrywise(lambda x, w, z: x * w + z),
        }


def _entrywise(function: Callable[..., float]) -> Factory:
    def build(backend: Backend, spec: Spec, variant: Variant) -> Step:
        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            operands = [each.values for each in batch.values()]
            values = array.array("f", map(function, *operands))
            return state, {"y": Flat(values, (spec["n"], spec["w"]))}

        return Step(run)

    return build
