"""A user's own op in few words: names, shapes, and the exact answer; the rest follows.

    op = array_op("layer_norm", ("n", "w"), {"x": ("n", "w")}, {"y": ("n", "w")}, exact, terms="w")

makes the op known, as `xbench.registry.add_op` would, and `implements` then says how a backend runs
it. What needs more (state, choices, answers in blocks) is an `xbench.ops.Op` written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from xbench.contracts import Spec, Step, Tensors
from xbench.ops.base import ITEM_BYTES, Block, Cost, Inputs, Op, TensorShapes, gamma, normal
from xbench.registry import add_op, implements

if TYPE_CHECKING:
    import numpy as np

    from xbench.ops.base import Array

__all__ = ["array_op", "implements", "step"]

Axes = Mapping[str, tuple[str, ...]]
"""Names of tensors, each with the parameters that are its shape."""

Exact = Callable[..., tuple["Array", "Array"]]
"""Operands by name, in float64 -> an answer, and the magnitude of what was added up for each of its
entries: a result may be off by `gamma(terms)` times that."""


def array_op(
    name: str,
    params: tuple[str, ...],
    operands: Axes,
    result: Axes,
    exact: Exact,
    *,
    terms: str,
    flop: float = 1.0,
    passes: float = 1.0,
) -> Op:
    """An op with one result and normal operands.

    `terms`: the parameter that says how many terms are summed at most; `flop`: operations for each
    entry of the result; `passes`: how often an eager run moves operands and result, against once.
    Raises: UsageError if the name is taken."""
    ((output, output_axes),) = result.items()

    def shape(spec: Spec, axes: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(spec[axis] for axis in axes)

    def tensors(spec: Spec) -> TensorShapes:
        batch = {each: shape(spec, axes) for each, axes in operands.items()}
        outputs = {output: shape(spec, output_axes)}
        return TensorShapes(batch, outputs, scratch_elements=2 * prod(outputs[output]))

    def cost(spec: Spec) -> Cost:
        touched = tensors(spec)
        entries = touched.elements("outputs")
        least = (touched.elements("batch") + entries) * ITEM_BYTES[spec.dtype]
        return Cost(round(flop * entries), least, round(passes * least))

    def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
        shapes = tensors(spec).batch
        return Inputs({each: normal(rng, shapes[each], spec.dtype) for each in shapes})

    def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
        answer, magnitude = exact(**{each: a.astype("float64") for each, a in given.batch.items()})
        yield Block(output, answer, gamma(spec[terms], spec.dtype) * magnitude)

    return add_op(Op(name, params, tensors, cost, inputs, expected))


def step(function: Callable[[Tensors], Tensors]) -> Step:
    """The step of an op without state, from a function of its operands by name."""
    return Step(lambda state, batch: (state, function(batch)))
