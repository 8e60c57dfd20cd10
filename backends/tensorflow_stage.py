"""One function of tensors for all three modes: run as it is, traced to a graph, or through XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from xbench.contracts import Handle, Spec, Step, Tensors, Variant
from xbench.ops import get_op

Function = Callable[[Tensors], Tensors]
"""Batch -> outputs. Returns every result: a graph drops what nobody receives."""

Update = Callable[[Tensors, Tensors], Tensors]
"""(variables, batch) -> outputs. Assigns to the variables."""


def staged(spec: Spec, variant: Variant, function: Function) -> Step:
    """`function` as the step of an op that has no state."""
    call, traces = _stage(spec, variant, function)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, call(batch)

    return Step(run, traces=traces)


def staged_update(spec: Spec, variant: Variant, update: Update) -> Step:
    """`update` as the step of an op that trains. The variables are made once, as a user would, and
    before each burst given the fresh state: a graph holds on to the variables it was traced with.
    Handing the state in and out as tensors instead costs up to a sixth of a small step."""
    shapes = get_op(spec.op).tensors(spec).state
    variables = {name: tf.Variable(tf.zeros(shape, spec.dtype)) for name, shape in shapes.items()}
    call, traces = _stage(spec, variant, lambda batch: update(variables, batch))

    def prepare(state: Tensors) -> Tensors:
        for name, value in state.items():
            variables[name].assign(value)
        return variables

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, call(batch)

    return Step(run, prepare, traces)


def _stage(spec: Spec, variant: Variant, function: Function) -> tuple[Function, Callable[[], int]]:
    """`function` for one mode and how often it was traced: here, once, for the shapes of the spec.

    The call is the leanest that is public: the traced function itself (no search for a fitting
    trace; another shape or dtype is an error, never a retrace), on one flat list (dictionaries cost
    a few percent of a small step)."""
    if variant.mode == "eager":
        return function, lambda: 0
    shapes = get_op(spec.op).tensors(spec)
    names, output_names = tuple(shapes.batch), tuple(shapes.outputs)
    signature = [tf.TensorSpec(shapes.batch[name], spec.dtype, name) for name in names]

    def flat(tensors: list[Handle]) -> list[Handle]:
        outputs = function(dict(zip(names, tensors, strict=True)))
        return [outputs[name] for name in output_names]

    traced: Any = tf.function(
        flat,
        input_signature=(signature,),
        jit_compile=variant.mode == "compiled",
        autograph=False,  # No step branches on a tensor: there is nothing to translate.
    )
    call = traced.get_concrete_function()

    def run(batch: Tensors) -> Tensors:
        results = call([batch[name] for name in names])
        return dict(zip(output_names, results, strict=True))

    return run, traced.experimental_get_tracing_count
