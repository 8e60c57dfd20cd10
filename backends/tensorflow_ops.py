"""The ops in TensorFlow. Each is one function of tensors, (state, batch) -> (state, outputs), and
serves all three modes: `staged` runs it as it is or compiles it."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from backends.tensorflow_mlp import mlp_forward, mlp_backward, mlp_train
from backends.tensorflow_stage import staged
from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant
from xbench.workloads import rules


def noop(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The dispatch floor. Eager hands x back; a graph's identity is a real call. XLA never returns
    its argument's memory: compiled, the floor holds one copy of x."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"]}

    return staged(spec, variant, run)
