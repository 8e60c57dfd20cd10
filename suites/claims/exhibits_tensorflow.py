"""Exhibits in TensorFlow: tensors, what a tape records of them, regressions, nets and
modules.

What each gives is in `tests/backends/test_exhibits.py`."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import tensorflow as tf

from xbench.contracts import Backend, Handle
from xbench.suites.claims import exhibit_data
from xbench.suites.claims.claim import Exhibit, Values

BCE = Callable[[Handle, Handle], Handle]
"""(logits, labels) -> the loss."""


def regression(backend: Backend, params: Values) -> Values:
    """Y = wx by descent on the mean squared error."""
    x = tf.constant([1.0, 2.0, 3.0])
    y = 2 * x
    w = tf.Variable(1.0)
    for _ in range(params["steps"]):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((w * x - y) ** 2)
        w.assign_sub(params["rate"] * tape.gradient(loss, w))
    return {"w": float(w.numpy())}


def plane(backend: Backend, params: Values) -> Values:
    """3 x1 + x2 - 2 x3 by descent on the mean squared error."""
    x, y = map(tf.constant, exhibit_data.plane(params["seed"]))
    w, b = tf.Variable(tf.zeros((3, 1))), tf.Variable(tf.zeros(1))
    for _ in range(params["steps"]):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ w + b - y) ** 2)
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(params["rate"] * dw)
        b.assign_sub(params["rate"] * db)
    return {"w": w.numpy().ravel(), "b": float(b.numpy()[0])}


def naive_bce(backend: Backend, params: Values) -> Values:
    """The hand-written cross-entropy on pixels 0..255 and 0..1, the stable one on 0..255."""
    x, t = map(tf.constant, exhibit_data.pixels(params["n"], params["d"], params["seed"]))
    on_255 = _losses(_naive, x, t, params)
    return {
        "naive_255": on_255[-1],
        "naive_1": _losses(_naive, x / 255, t, params)[-1],
        "stable_255": _losses(_stable, x, t, params)[-1],
        "step_of_nan": next((step for step, loss in enumerate(on_255) if isnan(loss)), None),
    }


def _naive(logits: Handle, t: Handle) -> Handle:
    p = tf.sigmoid(logits)
    return -tf.reduce_mean(t * tf.math.log(p) + (1 - t) * tf.math.log(1 - p))


def _stable(logits: Handle, t: Handle) -> Handle:
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=logits))


def _losses(bce: BCE, x: Handle, t: Handle, params: Values) -> list[float]:
    """The loss of every step of training with Adam."""
    drawn = exhibit_data.start(params["d"], params["h"], params["seed"])
    w1, b1, w2, b2 = net = [tf.Variable(each) for each in drawn.values()]
    descent = tf.keras.optimizers.Adam(learning_rate=params["rate"])
    losses = []
    for _ in range(params["steps"]):
        with tf.GradientTape() as tape:
            loss = bce(tf.nn.relu(x @ w1 + b1) @ w2 + b2, t)
        gradients = tape.gradient(loss, net)
        descent.apply_gradients(zip(gradients, net, strict=True))
        losses.append(float(loss))
    return losses


class _Registered(tf.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.ones((10, 5)), name="weight")
        self.bias = tf.Variable(tf.zeros(5), name="bias")


class _Plain(tf.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = tf.ones((10, 5)), tf.zeros(5)


def module_parameters(backend: Backend, params: Values) -> Values:
    """Names of a module's parameters: from variables, and from tensors that are attributes."""
    ways: dict[str, tf.Module] = {"registered": _Registered(), "plain": _Plain()}
    return {
        way: [each.name.partition(":")[0] for each in module.trainable_variables]
        for way, module in ways.items()
    }


def train_eval(backend: Backend, params: Values) -> Values:
    """Does dropout change its input in training, and in evaluation?"""

    def net(x: Handle, *, training: bool) -> Handle:
        return tf.nn.dropout(x, rate=0.5, seed=1) if training else x

    x = tf.ones(100)
    return {
        name: bool(tf.reduce_any(net(x, training=training) != x))
        for name, training in (("train_changes", True), ("eval_changes", False))
    }


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

    return _shown(
        {
            "quadratic": _derivative(lambda x: x**2 + 3 * x + 5, 2.0),
            "several": _derivative(lambda x: 2 * x**2 + 3 * x, [1.0, 2.0, 3.0]),
            "chain": _derivative(chain, 1.0),
        }
    )


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
        elementwise_sum,
        quadratic,
        identities,
        views,
        derivatives,
        jacobian,
        accumulation,
        recording_off,
        regression,
        plane,
        naive_bce,
        module_parameters,
        train_eval,
    )
}
