"""Exhibits in TensorFlow: tensors, and what a tape records of them. Nets are in
`tensorflow_exhibits_nets`.

What each gives is in `tests/test_exhibits.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from backends import tensorflow_exhibits_nets as nets
from xbench.contracts import Backend, Exhibit, Handle

Values = dict[str, Any]


def elementwise_sum(backend: Backend, params: Values) -> Values:
    """S = sum(x * w + z) and its gradients."""
    x, w, z = (tf.Variable(params[name], dtype="float64") for name in "xwz")
    with tf.GradientTape() as tape:
        s = tf.reduce_sum(x * w + z)
    dx, dw, dz = tape.gradient(s, [x, w, z])
    return _shown({"sum": s, "dx": dx, "dw": dw, "dz": dz})


def quadratic(backend: Backend, params: Values) -> Values:
    """Z = 2x² + 3 and the gradient of sum(|z - t|)."""
    x = tf.Variable([2.0, 3.0])
    with tf.GradientTape() as tape:
        z = 2 * x**2 + 3
        loss = tf.reduce_sum(tf.abs(z - [3.0, 4.0]))
    return _shown({"z": z, "loss": loss, "gradient": tape.gradient(loss, x)})


def identities(backend: Backend, params: Values) -> Values:
    """Sum, product and matrix product of two matrices."""
    a, b = tf.constant([[1, 2], [3, 4]]), tf.constant([[5, 6], [7, 8]])
    return _shown({"add": a + b, "multiply": a * b, "matmul": a @ b})


def views(backend: Backend, params: Values) -> Values:
    """Is writing to a tensor an error? Then nobody can tell whether memory is shared."""
    tensor = tf.zeros((2, 3))
    try:
        tensor[0] = 1
    except TypeError:
        return {"immutable": True}
    return {"immutable": False}


def derivatives(backend: Backend, params: Values) -> Values:
    """Of x² + 3x + 5 at 2, of 2x² + 3x at 1, 2 and 3, and of 3u with u = x² at 1."""

    def chain(x: Handle) -> Handle:
        u = x**2
        return 3 * u

    return _shown({
        "quadratic": _derivative(lambda x: x**2 + 3 * x + 5, 2.0),
        "several": _derivative(lambda x: 2 * x**2 + 3 * x, [1.0, 2.0, 3.0]),
        "chain": _derivative(chain, 1.0),
    })  # fmt: skip


def _derivative(function: Callable[[Handle], Handle], at: float | list[float]) -> Handle:
    x = tf.Variable(at)
    with tf.GradientTape() as tape:
        y = function(x)
    return tape.gradient(y, x)


def jacobian(backend: Backend, params: Values) -> Values:
    """Of x² at [1, 2]."""
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = x**2
    return _shown({"jacobian": tape.jacobian(y, x)})


def accumulation(backend: Backend, params: Values) -> Values:
    """The gradient of x² at 2 from one tape, and then from a second."""
    x = tf.Variable(2.0)
    found = {}
    for name in ("once", "twice"):
        with tf.GradientTape() as tape:
            y = x**2
        found[name] = tape.gradient(y, x)
    return _shown(found)


def recording_off(backend: Backend, params: Values) -> Values:
    """Is x² recorded; is it after `stop_gradient`; is it outside the tape?"""
    x = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x**2
        stopped = tf.stop_gradient(y)
    outside = x**2
    results = {"tracked": y, "stopped": stopped, "outside": outside}
    return {name: tape.gradient(each, x) is not None for name, each in results.items()}


def _shown(values: dict[str, Handle]) -> Values:
    return {name: each.numpy().tolist() for name, each in values.items()}


EXHIBITS: dict[str, Exhibit] = {
    exhibit.__name__: exhibit
    for exhibit in (
        elementwise_sum, quadratic, identities, views, derivatives, jacobian, accumulation,
        recording_off,
        nets.regression, nets.plane, nets.naive_bce, nets.module_parameters, nets.train_eval,
    )
}  # fmt: skip
