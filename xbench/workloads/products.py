"""matmul and linear: one matrix product, (m, k) @ (k, n), chunked over the n columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xbench.contracts import Spec
from xbench.workloads.base import ITEM_BYTES, Block, Cost, Inputs, Op, Tensors, gamma, normal

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
            exact, magnitude = a @ b, abs(a) @ abs(b)
            if bias:
                offset = given.batch[bias][start : start + width].astype("float64")
                exact, magnitude = exact + offset, magnitude + abs(offset)
            yield Block("y", exact, gamma(k, spec.dtype) * magnitude, start)

    return Op(name, ("m", "k", "n"), tensors, cost, inputs, expected)


MATMUL = _product_op("matmul", "a", "b", None)
LINEAR = _product_op("linear", "x", "w1", "b1")
