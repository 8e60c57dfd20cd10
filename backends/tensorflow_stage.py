"""One function of tensors for all three modes: run as it is, traced to a graph, or through XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from xbench.contracts import Handle, Spec, Step, Tensors, Variant
from xbench.workloads import get_op

Function = Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]
"""(state, batch) -> (state, outputs). Returns every result: a graph drops what nobody receives."""


def staged(spec: Spec, variant: Variant, function: Function) -> Step:
    """`function` as the step of one cell: traced here, once, for the shapes of the spec.

    A user's step holds variables and takes two tensors, ours takes up to sixteen, and every
    argument costs a call time. So the call is the leanest that is public: the traced function
    itself (no search for a fitting trace; another shape or dtype is an error, never a retrace),
    on one flat list (dictionaries cost a few percent of a small step)."""
    if variant.mode == "eager":
        return Step(function)
    shapes = get_op(spec.op).tensors(spec)
    kept = len(shapes.state)
    signature = [
        tf.TensorSpec(shape, spec.dtype, name)
        for name, shape in (shapes.state | shapes.batch).items()
    ]
    state_names, batch_names, output_names = (
        tuple(each) for each in (shapes.state, shapes.batch, shapes.outputs)
    )

    def flat(tensors: list[Handle]) -> list[Handle]:
        state = dict(zip(state_names, tensors[:kept], strict=True))
        batch = dict(zip(batch_names, tensors[kept:], strict=True))
        state, outputs = function(state, batch)
        return [state[name] for name in state_names] + [outputs[name] for name in output_names]

    traced: Any = tf.function(
        flat,
        input_signature=(signature,),
        jit_compile=variant.mode == "compiled",
        autograph=False,  # No step branches on a tensor: there is nothing to translate.
    )
    call = traced.get_concrete_function()

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        given = [state[name] for name in state_names] + [batch[name] for name in batch_names]
        results = call(given)
        after = dict(zip(state_names, results[:kept], strict=True))
        return after, dict(zip(output_names, results[kept:], strict=True))

    return Step(run, traces=traced.experimental_get_tracing_count)
