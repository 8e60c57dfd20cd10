"""matmul and linear: one matrix product, (m, k) @ (k, n), chunked over the n columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from xbench.contracts import Spec
from xbench.workloads.base import Block, Cost, Inputs, Op, Tensors, normal
from xbench.workloads.rounding import ITEM_BYTES, product_bound, stored, sum_gamma

if TYPE_CHECKING:
    import numpy as np

CHUNK_ELEMENTS = 1 << 23
"""Entries of the right-hand side held in float64 at a time: 64 MiB, and as much for |B|."""


def _sizes(spec: Spec) -> tuple[int, int, int]:
    return spec["m"], spec["k"], spec["n"]


def _product_op(name: str, left: str, right: str, bias: str | None) -> Op:
    def tensors(spec: Spec) -> Tensors:
        m, k, n = _sizes(spec)
        batch: dict[str, tuple[int, ...]] = {left: (m, k), right: (k, n)}
        if bias:
            batch[bias] = (n,)
        return Tensors(batch, {"y": (m, n)}, scratch_elements=m * n if bias else 0)

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
        name, ("m", "k", "n"), tensors, cost, inputs, expected, products=True, no_halves=""
    )  # fmt: skip


MATMUL = _product_op("matmul", "a", "b", None)
LINEAR = _product_op("linear", "x", "w1", "b1")


def _layer_tensors(spec: Spec) -> Tensors:
    held = LINEAR.tensors(spec)
    state = {name: held.batch[name] for name in ("w1", "b1")}
    return Tensors({"x": held.batch["x"]}, held.outputs, state)


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
    LINEAR, name="linear_layer", tensors=_layer_tensors, inputs=_layer_inputs,
    expected=_layer_expected,
)  # fmt: skip
"""The same by the framework's own layer, which holds its weights: they are the state."""
