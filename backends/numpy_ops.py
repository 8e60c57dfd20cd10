"""The ops in NumPy, as a careful NumPy user writes them: in place where it saves a temporary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant
from xbench.ops.base import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_RATE,
    TRIAD_SCALE,
    parameter_names,
    sgd_rate,
)

if TYPE_CHECKING:
    from typing import Any

    Array = np.ndarray[Any, Any]


def noop(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The dispatch floor: one call through the op interface, no work."""
    return Step(lambda state, batch: (state, {"y": batch["x"]}))


def copy(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x, into memory of its own."""
    out = np.empty((spec["n"], spec["w"]), spec.dtype)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        np.copyto(out, batch["x"])
        return state, {"y": out}

    return Step(run)


def triad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x + 3 w, into memory that is reused."""
    out = np.empty((spec["n"], spec["w"]), spec.dtype)
    scale = np.dtype(spec.dtype).type(TRIAD_SCALE)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        np.multiply(batch["w"], scale, out=out)
        np.add(out, batch["x"], out=out)
        return state, {"y": out}

    return Step(run)


def elementwise(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x * w + z: a new product, the sum in place."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        y = batch["x"] * batch["w"]
        y += batch["z"]
        return state, {"y": y}

    return Step(run)


def elementwise_grad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Loss = sum(x * w + z); its gradient by hand: dx = w, dw = x, dz = 1, each times dloss = 1."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        x, w = batch["x"], batch["w"]
        y = x * w
        y += batch["z"]
        dz = np.ones_like(y)
        return state, {"loss": y.sum(), "dx": dz * w, "dw": dz * x, "dz": dz}

    return Step(run)


def matmul(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = a @ b through the BLAS."""
    return Step(lambda state, batch: (state, {"y": batch["a"] @ batch["b"]}))


def linear(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = x @ w1 + b1, the bias in place."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        y = batch["x"] @ batch["w1"]
        y += batch["b1"]
        return state, {"y": y}

    return Step(run)


def mlp_forward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Y = relu(x @ w1 + b1) @ w2 + b2."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": forward(batch["x"], batch)[1]}

    return Step(run)


def mlp_backward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The loss and the gradient of every parameter; none of x."""
    kind = spec.text("loss")

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        loss, gradients = _backward(kind, batch["x"], batch["y"], batch)
        return state, {"loss": loss} | {f"d{name}": each for name, each in gradients.items()}

    return Step(run)


def mlp_train(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """One step of Adam or of plain gradient descent, the parameters updated in place."""
    kind, names = spec.text("loss"), parameter_names(spec)
    scalar = np.dtype(spec.dtype).type
    rate = scalar(sgd_rate(spec["h"]))
    adam = spec.text("optimizer") == "adam"

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        loss, gradients = _backward(kind, batch["x"], batch["y"], state)
        if adam:
            adam_step(state, gradients)
        else:
            for name in names:
                gradient = gradients[name]
                gradient *= rate
                state[name] -= gradient
        return state, {"loss": loss}

    return Step(run)


def forward(x: Array, parameters: Tensors) -> tuple[Array, Array]:
    """Returns: relu(x @ w1 + b1) of shape (n, h), and y of shape (n, o)."""
    h = x @ parameters["w1"]
    if "b1" in parameters:
        h += parameters["b1"]
    np.maximum(h, 0, out=h)
    y = h @ parameters["w2"]
    if "b2" in parameters:
        y += parameters["b2"]
    return h, y


def _loss(kind: str, y: Array, target: Array) -> tuple[Array, Array]:
    """Returns: the loss (0-d) and its slope with respect to y, of y's shape."""
    if kind == "bce":
        loss = (np.maximum(y, 0) - y * target + np.log1p(np.exp(-np.abs(y)))).mean()
        return loss, (0.5 * (1 + np.tanh(0.5 * y)) - target) / y.dtype.type(y.size)
    difference = y - target
    squared = np.square(difference)
    if kind == "sse":
        return squared.sum(), 2 * difference
    difference *= y.dtype.type(2 / y.size)
    return squared.mean(), difference


def _backward(kind: str, x: Array, target: Array, parameters: Tensors) -> tuple[Array, Tensors]:
    h, y = forward(x, parameters)
    loss, e = _loss(kind, y, target)
    dh = e @ parameters["w2"].T
    dh *= h > 0
    gradients = {"w1": x.T @ dh, "w2": h.T @ e}
    if "b1" in parameters:
        gradients |= {"b1": dh.sum(0), "b2": e.sum(0)}
    return loss, gradients


def adam_step(state: Tensors, gradients: Tensors, base_rate: float = ADAM_RATE) -> None:
    """One step, in place: the form of `rules`."""
    t = state["t"]
    t += 1
    scalar = t.dtype.type
    b1, b2 = scalar(ADAM_BETA1), scalar(ADAM_BETA2)
    one = scalar(1)
    rate = scalar(base_rate / (1 - ADAM_BETA1 ** float(t)))
    root_scale = scalar((1 - ADAM_BETA2 ** float(t)) ** -0.5)
    for name, gradient in gradients.items():
        m, v = state[f"m_{name}"], state[f"v_{name}"]
        m *= b1
        m += (one - b1) * gradient
        v *= b2
        squared = np.square(gradient, out=gradient)
        squared *= one - b2
        v += squared
        denominator = np.sqrt(v)
        denominator *= root_scale
        denominator += scalar(ADAM_EPSILON)
        np.divide(m, denominator, out=denominator)
        denominator *= rate
        state[name] -= denominator


FACTORIES: dict[str, Factory] = {
    factory.__name__: factory
    for factory in (
        noop,
        copy,
        triad,
        elementwise,
        elementwise_grad,
        matmul,
        linear,
        mlp_forward,
        mlp_backward,
        mlp_train,
    )
}
