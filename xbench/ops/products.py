"""matmul, linear and linear_layer: one matrix product, (m, k) @ (k, n), chunked over the n columns.

Also `product_bits`: how many bits of its factors a product keeps on this hardware."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from xbench.contracts import Backend, Mode, Spec, Variant
from xbench.ops.base import Block, Cost, Inputs, Op, TensorShapes, normal
from xbench.ops.rounding import ITEM_BYTES, product_bound, stored, sum_gamma

if TYPE_CHECKING:
    import numpy as np

CHUNK_ELEMENTS = 1 << 23
"""Entries of the right-hand side held in float64 at a time: 64 MiB, and as much for |B|."""


def _sizes(spec: Spec) -> tuple[int, int, int]:
    return spec["m"], spec["k"], spec["n"]


def _product_op(name: str, left: str, right: str, bias: str | None) -> Op:
    def tensors(spec: Spec) -> TensorShapes:
        m, k, n = _sizes(spec)
        batch: dict[str, tuple[int, ...]] = {left: (m, k), right: (k, n)}
        if bias:
            batch[bias] = (n,)
        return TensorShapes(batch, {"y": (m, n)}, scratch_elements=m * n if bias else 0)

    def cost(spec: Spec) -> Cost:
        m, k, n = _sizes(spec)
        added = n if bias else 0
        once = (m * k + k * n + m * n + added) * ITEM_BYTES[spec.dtype]
        again = 2 * m * n * ITEM_BYTES[spec.dtype] if bias else 0
        flop = 2 * m * k * n + (m * n if bias else 0)
        return Cost(flop, once, once + again, operators=2 if bias else 1)

    def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
        shapes = tensors(spec).batch
        return Inputs({each: normal(rng, shape, spec.dtype) for each, shape in shapes.items()})

    def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
        _, k, n = _sizes(spec)
        a = given.batch[left].astype("float64")
        width = max(1, CHUNK_ELEMENTS // k)
        for start in range(0, n, width):
            b = given.batch[right][:, start : start + width].astype("float64")
            exact = a @ b
            bound, size = product_bound(a, b, exact, abs(a) @ abs(b), spec), abs(exact)
            if bias:
                offset = given.batch[bias][start : start + width].astype("float64")
                exact, bound = exact + offset, bound + sum_gamma(k, spec) * abs(offset)
                size = abs(exact) + abs(offset)
            yield Block("y", exact, bound + stored(size, spec.dtype), start)

    return Op(
        name, ("m", "k", "n"), tensors, cost, inputs, expected, products=True, why_not_16_bits=""
    )


MATMUL = _product_op("matmul", "a", "b", None)
LINEAR = _product_op("linear", "x", "w1", "b1")


def _layer_tensors(spec: Spec) -> TensorShapes:
    held = LINEAR.tensors(spec)
    state = {name: held.batch[name] for name in ("w1", "b1")}
    return TensorShapes({"x": held.batch["x"]}, held.outputs, state)


def _layer_inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
    drawn = LINEAR.inputs(spec, rng).batch
    return Inputs({"x": drawn["x"]}, {name: drawn[name] for name in ("w1", "b1")})


def _layer_expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """That of `linear`; the weights stay what they were, to the last bit."""
    yield from LINEAR.expected(spec, Inputs(given.batch | given.state), steps)
    for name, values in given.state.items():
        exact = values.astype("float64")
        yield Block(name, exact, 0.0 * exact)


LINEAR_LAYER = replace(
    LINEAR,
    name="linear_layer",
    tensors=_layer_tensors,
    inputs=_layer_inputs,
    expected=_layer_expected,
)
"""The same by the framework's own layer, which holds its weights: they are the state."""


CANARY_SIZE = 256
"""Rows: enough that a device uses the kernel of its large products."""


LEAST_BITS = 8
"""Of bfloat16. What keeps fewer does not multiply: its results are wrong, which the oracle says."""


def product_bits(backend: Backend, mode: Mode) -> int:
    """Significant bits that survive the very `matmul` of an opened adapter: 24 in IEEE float32, 11
    in TF32, 8 in bfloat16.

    Row i of a diagonal matrix holds 1 + 2**-i, which needs i + 1 bits, times the identity."""
    import numpy as np

    spec = Spec("matmul", tuple((name, CANARY_SIZE) for name in "mkn"), "float32")
    step = backend.ops["matmul"](backend, spec, Variant(mode, "none"))
    exact = 1.0 + 2.0 ** -np.arange(1.0, 24.0)
    a = np.eye(CANARY_SIZE, dtype="float32")
    b = backend.put(a)
    np.fill_diagonal(a[: exact.size], exact)
    _, outputs = step.run({}, {"a": backend.put(a), "b": b})
    kept = backend.get(outputs["y"]).diagonal()[: exact.size] == exact
    return 1 + int(kept.size if kept.all() else kept.argmin())
