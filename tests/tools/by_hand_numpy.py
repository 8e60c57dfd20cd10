"""The two workloads of `adapter_cost` as a NumPy user writes them, without xbench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def matmul(batch: Any, state: Any) -> Callable[[int], None]:
    """a @ b."""
    a, b = batch["a"], batch["b"]

    def loop(calls: int) -> None:
        for _ in range(calls):
            a @ b

    return loop


def mlp_train(batch: Any, state: Any) -> Callable[[int], None]:
    """Adam on mean squared error, in place."""
    x, target = batch["x"], batch["y"]
    p = {name: state[name].copy() for name in ("w1", "b1", "w2", "b2")}
    m = {name: np.zeros_like(values) for name, values in p.items()}
    v = {name: np.zeros_like(values) for name, values in p.items()}
    one = np.float32(1)
    rate, beta1, beta2, epsilon = (np.float32(each) for each in (1e-3, 0.9, 0.999, 1e-8))
    t = 0

    def loop(calls: int) -> None:
        nonlocal t
        for _ in range(calls):
            t += 1
            h = x @ p["w1"]
            h += p["b1"]
            np.maximum(h, 0, out=h)
            y = h @ p["w2"]
            y += p["b2"]
            e = y - target
            np.square(e).mean()
            e *= np.float32(2 / e.size)
            dh = e @ p["w2"].T
            dh *= h > 0
            gradients = {"w1": x.T @ dh, "w2": h.T @ e, "b1": dh.sum(0), "b2": e.sum(0)}
            scale = np.float32(rate / (1 - 0.9**t))
            root = np.float32((1 - 0.999**t) ** -0.5)
            for name, g in gradients.items():
                m[name] *= beta1
                m[name] += (one - beta1) * g
                v[name] *= beta2
                squared = np.square(g, out=g)
                squared *= one - beta2
                v[name] += squared
                d = np.sqrt(v[name])
                d *= root
                d += epsilon
                np.divide(m[name], d, out=d)
                d *= scale
                p[name] -= d

    return loop
