"""NumPy that makes a notebook's mistake: a backend for each, planted for one op, and honest twins.

Registered only while `mistakes.planted` runs; each is refused in a worker process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Factory, Handle, Spec, Step, Tensors, Variant
from xbench.selftest.late import LateBackend, UnfencedBackend
from xbench.selftest.twin import TwinBackend

if TYPE_CHECKING:
    import numpy as np

Spoil = Callable[[Tensors, Tensors], Tensors]
"""(batch, the honest outputs) -> what is handed out instead."""

GRADIENTS_OP, TRAINING_OP = "elementwise_grad", "mlp_train"
OTHER_DEVICE = "other:0"
OTHER_SEED = 17


class Gradients(TwinBackend):
    """Honest, and asked for one op only."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(GRADIENTS_OP, op) or super().supports(op, dtype, variant)


class SwappedBackend(Gradients):
    """000's NumPy cell: the gradient of x under the name of w's, and the other way round."""

    name = "swapped"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Both gradients are right, and neither is where it belongs."""
        return spoilt(self, lambda _: swap)


class ForeignBackend(Gradients):
    """000's torch cell: its own loss, but gradients that another framework found for its inputs."""

    name = "foreign"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """The other framework drew its inputs from another distribution."""
        return spoilt(self, foreign)


class StoredBackend(Gradients):
    """The same with equal inputs: its own loss; gradients that are right, but found elsewhere."""

    name = "stored"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Hands out its first gradients for ever."""
        return spoilt(self, lambda _: keep_first())


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A result that lies on another device than its operands."""

    values: Handle


class MixedBackend(Gradients):
    """002: operands on the device that was asked for, results on another."""

    name = "mixed"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Right values in the wrong place."""
        return spoilt(self, lambda _: move)

    def get(self, tensor: Handle) -> np.ndarray[Any, Any]:
        """See `Backend.get`."""
        return super().get(tensor.values if isinstance(tensor, Elsewhere) else tensor)

    def where(self, tensor: Handle) -> tuple[str, str]:
        """See `Backend.where`."""
        if isinstance(tensor, Elsewhere):
            return OTHER_DEVICE, super().where(tensor.values)[1]
        return super().where(tensor)


class LateTraining(LateBackend):
    """An honest device that works while its caller goes on, asked for one op only."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(TRAINING_OP, op) or super().supports(op, dtype, variant)


class UnfencedTraining(UnfencedBackend):
    """002's loop: nobody waits for the device before the clock is read again."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(TRAINING_OP, op) or super().supports(op, dtype, variant)


def only(mine: str, op: str) -> str | None:
    """Why a backend that is planted for one op runs no other."""
    return None if op == mine else f"planted for {mine}"


def spoilt(backend: TwinBackend, make: Callable[[Spec], Spoil]) -> Mapping[str, Factory]:
    """The op of `Gradients`, with a spoil of its own for each cell."""
    honest = backend.inner.ops[GRADIENTS_OP]

    def factory(outer: Backend, spec: Spec, variant: Variant) -> Step:
        step, spoil = honest(backend.inner, spec, variant), make(spec)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            state, outputs = step.run(state, batch)
            return state, spoil(batch, outputs)

        return Step(run)

    return {GRADIENTS_OP: factory}


def swap(batch: Tensors, outputs: Tensors) -> Tensors:
    """Exchange the gradients of x and w."""
    return outputs | {"dx": outputs["dw"], "dw": outputs["dx"]}


def move(batch: Tensors, outputs: Tensors) -> Tensors:
    """Leave every result on the other device."""
    return {name: Elsewhere(each) for name, each in outputs.items()}


def foreign(spec: Spec) -> Spoil:
    """Gradients of inputs that another framework drew, uniform where ours are normal."""
    import numpy as np

    draw = np.random.default_rng(OTHER_SEED)
    shape = (spec["n"], spec["w"])
    others = {name: draw.uniform(size=shape).astype(spec.dtype) for name in ("dx", "dw")}
    return lambda _, outputs: outputs | others


def keep_first() -> Spoil:
    """A spoil that remembers the first gradients of x and w."""
    first: Tensors = {}

    def spoil(batch: Tensors, outputs: Tensors) -> Tensors:
        if not first:
            first.update({name: outputs[name].copy() for name in ("dx", "dw")})
        return outputs | first

    return spoil
