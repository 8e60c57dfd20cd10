"""The two workloads of `adapter_cost` as a TensorFlow user writes them, without xbench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

NAMES = ("w1", "b1", "w2", "b2")


def matmul(batch: Any, state: Any) -> Callable[[int], None]:
    """a @ b in a graph."""
    a, b = (tf.constant(batch[name]) for name in "ab")
    call = tf.function(tf.matmul).get_concrete_function(a, b)

    def loop(calls: int) -> None:
        for _ in range(calls):
            y = call(a, b)
        y[0, 0].numpy()

    return loop


def mlp_train(batch: Any, state: Any) -> Callable[[int], None]:
    """Adam on mean squared error with variables, the whole step one graph of a batch."""
    given = tf.constant(batch["x"]), tf.constant(batch["y"])
    p, m, v = ([tf.Variable(state[f"{kind}{name}"]) for name in NAMES] for kind in ("", "m_", "v_"))
    t = tf.Variable(0.0)

    @tf.function  # type: ignore[untyped-decorator]
    def step(x: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            h = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, p[0]), p[1]))
            y = tf.nn.bias_add(tf.matmul(h, p[2]), p[3])
            loss = tf.reduce_mean(tf.math.squared_difference(y, target))
        gradients = tape.gradient(loss, p)
        t.assign_add(1.0)
        rate = 1e-3 / (1.0 - 0.9**t)
        root = tf.math.rsqrt(1.0 - 0.999**t)
        for each, mean, square, g in zip(p, m, v, gradients, strict=True):
            mean.assign(0.9 * mean + 0.1 * g)
            square.assign(0.999 * square + 0.001 * tf.square(g))
            each.assign_sub(rate * mean / (tf.sqrt(square) * root + 1e-8))
        return loss

    call = step.get_concrete_function(*given)

    def loop(calls: int) -> None:
        for _ in range(calls):
            loss = call(*given)
        loss.numpy()

    return loop
