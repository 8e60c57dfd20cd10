"""The two-layer ReLU network in JAX: forward, backward and training, Adam written out."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from xbench.backends.jax_step import build
from xbench.contracts import Backend, Handle, Spec, Step, Tensors, Variant
from xbench.ops.base import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_RATE,
    parameter_names,
    sgd_rate,
)

Differentiate = Callable[[Tensors, Handle, Handle], tuple[Handle, Tensors]]
"""(parameters, x, target) -> (loss, the gradient of every parameter by its name)."""


def mlp_forward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = relu(x @ w1 + b1) @ w2 + b2."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": _forward(batch, batch["x"], jax.nn.relu)[1]}

    return build(run, variant)


def mlp_backward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The loss and the gradient of every parameter; none of x."""
    names, differentiate = parameter_names(spec), _differentiate(spec, variant)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        parameters = {name: batch[name] for name in names}
        loss, gradients = differentiate(parameters, batch["x"], batch["y"])
        return state, {"loss": loss} | {f"d{name}": gradients[name] for name in names}

    return build(run, variant)


def mlp_train(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """One step of Adam or of plain gradient descent, from one state to the next."""
    names, differentiate = parameter_names(spec), _differentiate(spec, variant)
    adam, rate = spec.text("optimizer") == "adam", sgd_rate(spec["h"])

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        parameters = {name: state[name] for name in names}
        loss, gradients = differentiate(parameters, batch["x"], batch["y"])
        if adam:
            return _adam(state, gradients), {"loss": loss}
        return {name: state[name] - rate * gradients[name] for name in names}, {"loss": loss}

    return build(run, variant)


def _relu(x: Handle) -> Handle:
    return jnp.maximum(x, 0)


def _save(x: Handle) -> tuple[Handle, Handle]:
    y = jnp.maximum(x, 0)
    return y, y


def _own_slope(y: Handle, dy: Handle) -> tuple[Handle]:
    return (jnp.where(y > 0, dy, 0),)


_own_relu = jax.custom_vjp(_relu)
"""relu with its own backward, whose slope at 0 is 0."""
_own_relu.defvjp(_save, _own_slope)


def _forward(
    parameters: Tensors, x: Handle, relu: Callable[[Handle], Handle]
) -> tuple[Handle, Handle]:
    """Returns: h of shape (n, h), y of shape (n, o)."""
    h = x @ parameters["w1"]
    if "b1" in parameters:
        h = h + parameters["b1"]
    h = relu(h)
    y = h @ parameters["w2"]
    return h, y + parameters["b2"] if "b2" in parameters else y


def _loss(kind: str, y: Handle, target: Handle) -> Handle:
    """The loss, 0-d: mean squared error, sum of squares, or binary cross-entropy of logits."""
    if kind == "bce":
        return jnp.mean(jax.nn.softplus(y) - y * target)
    squared = jnp.square(y - target)
    return squared.sum() if kind == "sse" else squared.mean()


def _differentiate(spec: Spec, variant: Variant) -> Differentiate:
    """The gradient the variant asks for: by hand, or JAX's own of either relu."""
    kind, count = spec.text("loss"), spec["n"] * spec["o"]
    relu = _own_relu if variant.gradient == "custom" else jax.nn.relu

    def manual(parameters: Tensors, x: Handle, target: Handle) -> tuple[Handle, Tensors]:
        h, y = _forward(parameters, x, jax.nn.relu)
        e = (jax.nn.sigmoid(y) if kind == "bce" else y) - target
        e = e * ((1.0 if kind == "bce" else 2.0) / (1 if kind == "sse" else count))
        dh = jnp.where(h > 0, e @ parameters["w2"].T, 0)
        gradients = {"w1": x.T @ dh, "w2": h.T @ e}
        if "b1" in parameters:
            gradients |= {"b1": dh.sum(0), "b2": e.sum(0)}
        return _loss(kind, y, target), gradients

    def loss_of(parameters: Tensors, x: Handle, target: Handle) -> Handle:
        return _loss(kind, _forward(parameters, x, relu)[1], target)

    derived: Differentiate = jax.value_and_grad(loss_of)
    return manual if variant.gradient == "manual" else derived


def _adam(state: Tensors, gradients: Tensors) -> Tensors:
    """The state after one step of Adam; the bias corrections are 0-d and computed once."""
    b1, b2, t = ADAM_BETA1, ADAM_BETA2, state["t"] + 1
    rate, root = ADAM_RATE / (1.0 - b1**t), jnp.sqrt(1.0 - b2**t)
    new = {"t": t}
    for name, gradient in gradients.items():
        m = b1 * state[f"m_{name}"] + (1.0 - b1) * gradient
        v = b2 * state[f"v_{name}"] + (1.0 - b2) * jnp.square(gradient)
        step = rate * m / (jnp.sqrt(v) / root + ADAM_EPSILON)
        new |= {name: state[name] - step, f"m_{name}": m, f"v_{name}": v}
    return new
