"""A user's own op in one file: softmax over rows, on NumPy, torch and TensorFlow.

xbench run --suite softmax_suite.py --width 512 8192
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from xbench.contracts import Spec, Step
from xbench.ops.base import ITEM_BYTES, Block, Cost, Inputs, Op, TensorShapes, gamma, normal
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements

if TYPE_CHECKING:
    import numpy as np


def tensors(spec: Spec) -> TensorShapes:
    """One input and one output of shape (n, w)."""
    shape = (spec["n"], spec["w"])
    return TensorShapes(
        batch={"x": shape}, outputs={"y": shape}, scratch_elements=2 * spec["n"] * spec["w"]
    )


def cost(spec: Spec) -> Cost:
    """Maximum, difference, exponential, sum and quotient: five operations an entry."""
    entries = spec["n"] * spec["w"]
    unit = entries * ITEM_BYTES[spec.dtype]
    return Cost(flop=5 * entries, min_bytes=2 * unit, eager_bytes=8 * unit)


def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
    """Standard normal."""
    return Inputs({"x": normal(rng, (spec["n"], spec["w"]), spec.dtype)})


def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """In float64; an entry may be off by the rounding of a sum over the row and of exp."""
    import numpy as np

    x = given.batch["x"].astype("float64")
    e = np.exp(x - x.max(1, keepdims=True))
    y = e / e.sum(1, keepdims=True)
    yield Block("y", y, 2 * gamma(spec["w"], spec.dtype) * y)


add_op(Op("softmax", ("n", "w"), tensors, cost, inputs, expected))


@implements("softmax", "numpy")
def numpy_softmax(backend: Any, spec: Any, variant: Any) -> Step:
    """Three passes, the last two in place."""
    import numpy as np

    def run(state: Any, batch: Any) -> Any:
        y = np.exp(batch["x"] - batch["x"].max(1, keepdims=True))
        y /= y.sum(1, keepdims=True)
        return state, {"y": y}

    return Step(run)


@implements("softmax", "torch")
def torch_softmax(backend: Any, spec: Any, variant: Any) -> Step:
    """Torch's own kernel."""
    import torch

    return Step(lambda state, batch: (state, {"y": torch.softmax(batch["x"], 1)}))


@implements("softmax", "tensorflow")
def tensorflow_softmax(backend: Any, spec: Any, variant: Any) -> Step:
    """TensorFlow's own kernel, as a graph where asked for."""
    import tensorflow as tf

    call = tf.nn.softmax if variant.mode == "eager" else tf.function(tf.nn.softmax)
    return Step(lambda state, batch: (state, {"y": call(batch["x"])}))


SUITE = Suite(
    "softmax", "softmax over rows", (Sweep("softmax", "softmax 64×w", lambda w: {"n": 64, "w": w}),)
)
