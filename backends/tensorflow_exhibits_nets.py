"""Exhibits in TensorFlow: regressions, nets and modules."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Any

import tensorflow as tf

from xbench.contracts import Backend, Handle
from xbench.workloads import seeded

Values = dict[str, Any]
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
    x, y = map(tf.constant, seeded.plane(params["seed"]))
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
    x, t = map(tf.constant, seeded.pixels(params["n"], params["d"], params["seed"]))
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
    drawn = seeded.start(params["d"], params["h"], params["seed"])
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
