"""The two-layer ReLU network in TensorFlow: forward, backward and training, Adam written out.

Relu is `tf.nn.relu`, whose derivative at 0 is 0 (that of `tf.maximum` is 1). The gradients by hand
call the kernels that the tape calls (ReluGrad, BiasAddGrad): spelled with tf.where and reduce_sum
they are two to six times slower, which would time the spelling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from xbench.backends.tensorflow_stage import staged, staged_update
from xbench.contracts import Backend, Handle, Spec, Step, Tensors, Variant
from xbench.ops.base import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_RATE,
    parameter_names,
    sgd_rate,
)

Differentiate = Callable[[Handle, Handle, Tensors], tuple[Handle, Tensors]]
"""(x, target, parameters) -> (loss, the gradient of every parameter by its name)."""


def mlp_forward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = relu(x @ w1 + b1) @ w2 + b2."""

    def run(batch: Tensors) -> Tensors:
        return {"y": _forward(batch["x"], batch)[1]}

    return staged(spec, variant, run)


def mlp_forward_recorded(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The same under a tape that watches the weights. The tape is around the call: one inside a
    graph that takes no gradient would leave nothing in it."""
    step, names = mlp_forward(backend, spec, variant), parameter_names(spec)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([batch[name] for name in names])
            return step.run(state, batch)

    return replace(step, run=run)


def mlp_backward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The loss and the gradient of every parameter; none of x."""
    names, differentiate = parameter_names(spec), _differentiate(spec, variant)

    def run(batch: Tensors) -> Tensors:
        parameters = {name: batch[name] for name in names}
        loss, gradients = differentiate(batch["x"], batch["y"], parameters)
        return {"loss": loss} | {f"d{name}": each for name, each in gradients.items()}

    return staged(spec, variant, run)


def mlp_train(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """One step of Adam or of plain gradient descent, on variables."""
    names, differentiate = parameter_names(spec), _differentiate(spec, variant)
    adam, rate = spec.text("optimizer") == "adam", sgd_rate(spec["h"])

    def update(variables: Tensors, batch: Tensors) -> Tensors:
        parameters = {name: variables[name] for name in names}
        loss, gradients = differentiate(batch["x"], batch["y"], parameters)
        if adam:
            _adam(variables, gradients)
        else:
            for name in names:
                variables[name].assign_sub(rate * gradients[name])
        return {"loss": loss}

    return staged_update(spec, variant, update)


def _forward(x: Handle, parameters: Tensors) -> tuple[Handle, Handle]:
    """Returns: h of shape (n, h), y of shape (n, o)."""
    h = tf.matmul(x, parameters["w1"])
    if "b1" in parameters:
        h = tf.nn.bias_add(h, parameters["b1"])
    h = tf.nn.relu(h)
    y = tf.matmul(h, parameters["w2"])
    if "b2" in parameters:
        y = tf.nn.bias_add(y, parameters["b2"])
    return h, y


def _loss(kind: str, y: Handle, target: Handle) -> Handle:
    """The loss, 0-d: mean squared error, sum of squares, or binary cross-entropy of logits."""
    if kind == "bce":
        terms = tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=y)
        return tf.reduce_mean(terms)
    squared = tf.math.squared_difference(y, target)
    return tf.reduce_sum(squared) if kind == "sse" else tf.reduce_mean(squared)


def _differentiate(spec: Spec, variant: Variant) -> Differentiate:
    """The gradient the variant asks for, by hand or by the tape."""
    kind, count = spec.text("loss"), spec["n"] * spec["o"]

    def manual(x: Handle, target: Handle, parameters: Tensors) -> tuple[Handle, Tensors]:
        h, y = _forward(x, parameters)
        e = (tf.sigmoid(y) if kind == "bce" else y) - target
        if kind != "sse":
            e *= 1.0 / count
        if kind != "bce":
            e *= 2.0
        back = tf.matmul(e, parameters["w2"], transpose_b=True)
        dh = tf.raw_ops.ReluGrad(gradients=back, features=h)
        gradients = {
            "w1": tf.matmul(x, dh, transpose_a=True),
            "w2": tf.matmul(h, e, transpose_a=True),
        }
        if "b1" in parameters:
            gradients["b1"] = tf.raw_ops.BiasAddGrad(out_backprop=dh)
            gradients["b2"] = tf.raw_ops.BiasAddGrad(out_backprop=e)
        return _loss(kind, y, target), gradients

    def autograd(x: Handle, target: Handle, parameters: Tensors) -> tuple[Handle, Tensors]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(parameters.values()))
            loss = _loss(kind, _forward(x, parameters)[1], target)
        gradients = tape.gradient(loss, list(parameters.values()))
        return loss, dict(zip(parameters, gradients, strict=True))

    return manual if variant.gradient == "manual" else autograd


def _adam(variables: Tensors, gradients: Tensors) -> None:
    """One step of Adam; the bias corrections are 0-d and computed once."""
    b1, b2, t = ADAM_BETA1, ADAM_BETA2, variables["t"]
    t.assign_add(1.0)
    rate = ADAM_RATE / (1.0 - b1**t)
    root_scale = tf.math.rsqrt(1.0 - b2**t)
    for name, gradient in gradients.items():
        m, v = variables[f"m_{name}"], variables[f"v_{name}"]
        m.assign(b1 * m + (1.0 - b1) * gradient)
        v.assign(b2 * v + (1.0 - b2) * tf.square(gradient))
        step = rate * m / (tf.sqrt(v) * root_scale + ADAM_EPSILON)
        variables[name].assign_sub(step)
