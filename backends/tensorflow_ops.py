"""The ops in TensorFlow. Each is one function of tensors that serves all three modes: `staged`
runs it as it is or compiles it. Scalars are Python floats, which graphs hold as constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tensorflow as tf

from xbench.backends.tensorflow_mlp import (
    mlp_backward,
    mlp_forward,
    mlp_forward_recorded,
    mlp_train,
)
from xbench.backends.tensorflow_stage import staged
from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant
from xbench.ops.base import TRIAD_SCALE


def noop(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The dispatch floor. Eager hands x back; a graph is called and hands x back. XLA owns what it
    returns, so its floor holds a copy of x."""
    eager = variant.mode == "eager"

    def run(batch: Tensors) -> Tensors:
        return {"y": batch["x"] if eager else tf.identity(batch["x"])}

    return staged(spec, variant, run)


def copy(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x, in memory of its own. Identities, and sums with 0 in a graph, return x's own memory;
    Snapshot is the one operator that copies in every mode."""

    def run(batch: Tensors) -> Tensors:
        return {"y": tf.raw_ops.Snapshot(input=batch["x"])}

    return staged(spec, variant, run)


def triad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x + 3 w."""

    def run(batch: Tensors) -> Tensors:
        return {"y": batch["x"] + TRIAD_SCALE * batch["w"]}

    return staged(spec, variant, run)


def _transfer(device: str, spec: Spec, variant: Variant) -> Step:
    """An identity under another device's name copies; under its tensor's own it would not."""

    def run(batch: Tensors) -> Tensors:
        with tf.device(device):
            return {"y": tf.identity(batch["x"])}

    return staged(spec, variant, run)


def host_to_device(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x on the device, from host memory."""
    device: str = backend.put(np.empty(0, "float32")).backing_device
    return _transfer(device, spec, variant)


def device_to_host(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x in host memory."""
    return _transfer("/CPU:0", spec, variant)


def elementwise(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x * w + z."""

    def run(batch: Tensors) -> Tensors:
        return {"y": batch["x"] * batch["w"] + batch["z"]}

    return staged(spec, variant, run)


def elementwise_grad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Loss = sum(x * w + z) and its gradient; by hand dx = w, dw = x, dz = 1."""

    def manual(batch: Tensors) -> Tensors:
        x, w = batch["x"], batch["w"]
        y = x * w + batch["z"]
        dz = tf.ones_like(y)
        return {"loss": tf.reduce_sum(y), "dx": dz * w, "dw": dz * x, "dz": dz}

    def autograd(batch: Tensors) -> Tensors:
        x, w, z = batch["x"], batch["w"], batch["z"]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch((x, w, z))
            loss = tf.reduce_sum(x * w + z)
        dx, dw, dz = tape.gradient(loss, (x, w, z))
        return {"loss": loss, "dx": dx, "dw": dw, "dz": dz}

    return staged(spec, variant, manual if variant.gradient == "manual" else autograd)


def matmul(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = a @ b."""

    def run(batch: Tensors) -> Tensors:
        return {"y": tf.matmul(batch["a"], batch["b"])}

    return staged(spec, variant, run)


def linear(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x @ w1 + b1, with the operator that graphs fuse into the product."""

    def run(batch: Tensors) -> Tensors:
        return {"y": tf.nn.bias_add(tf.matmul(batch["x"], batch["w1"]), batch["b1"])}

    return staged(spec, variant, run)


def linear_layer(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x @ w1 + b1 by Keras's Dense. Importing it costs nothing: TensorFlow has done so."""
    layer = tf.keras.layers.Dense(spec["n"], dtype=spec.dtype)
    layer.build((spec["m"], spec["k"]))

    def prepare(state: Tensors) -> Tensors:
        layer.kernel.assign(state["w1"])
        layer.bias.assign(state["b1"])
        return state

    def run(batch: Tensors) -> Tensors:
        return {"y": layer(batch["x"])}

    return replace(staged(spec, variant, run), prepare=prepare)


FACTORIES: dict[str, Factory] = {
    factory.__name__: factory
    for factory in (
        noop,
        copy,
        triad,
        host_to_device,
        device_to_host,
        elementwise,
        elementwise_grad,
        matmul,
        linear,
        linear_layer,
        mlp_forward,
        mlp_forward_recorded,
        mlp_backward,
        mlp_train,
    )
}
