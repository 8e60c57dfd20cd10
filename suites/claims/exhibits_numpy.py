"""Exhibits in NumPy: small pieces of a user's code, every gradient by hand.

What each gives is in `tests/backends/test_exhibits.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from xbench.backends.numpy_ops import adam_step, forward
from xbench.contracts import Backend
from xbench.suites.claims import exhibit_data
from xbench.suites.claims.claim import Exhibit, Values

if TYPE_CHECKING:
    from xbench.backends.numpy_ops import Array

BCE = Callable[["Array", "Array"], tuple["Array", "Array"]]
"""(logits, labels) -> (the loss, its slope with respect to the logits)."""


def elementwise_sum(backend: Backend, params: Values) -> Values:
    """s = sum(x * w + z) and its gradients."""
    x, w, z = (np.array(params[name]) for name in "xwz")
    y = x * w + z
    dy = np.ones_like(y)
    return {"sum": y.sum(), "dx": dy * w, "dw": dy * x, "dz": dy}


def quadratic(backend: Backend, params: Values) -> Values:
    """z = 2x² + 3 and the gradient of sum(|z - t|)."""
    x, t = np.array([2.0, 3.0]), np.array([3.0, 4.0])
    z = 2 * x**2 + 3
    return {"z": z, "loss": abs(z - t).sum(), "gradient": np.sign(z - t) * 4 * x}


def identities(backend: Backend, params: Values) -> Values:
    """Sum, product and matrix product of two matrices."""
    a, b = np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])
    return {"add": a + b, "multiply": a * b, "matmul": a @ b}


def views(backend: Backend, params: Values) -> Values:
    """Does a write through the result show in its source?"""
    ways: dict[str, Callable[[Array], Array]] = {
        "reshape": lambda a: a.reshape(3, 2),
        "view": lambda a: a.view(),
        "squeeze": lambda a: a.squeeze(),
    }
    found = {}
    for name, way in ways.items():
        source = np.zeros((1, 2, 3))
        way(source)[0] = 1
        found[name] = bool(source.any())
    return found


def derivatives(backend: Backend, params: Values) -> Values:
    """Of x² + 3x + 5 at 2, of 2x² + 3x at 1, 2 and 3, and of 3u with u = x² at 1."""
    x = np.array([1.0, 2.0, 3.0])
    du_dx, dv_du = 2 * 1.0, 3.0
    return {"quadratic": 2 * 2.0 + 3, "several": 4 * x + 3, "chain": dv_du * du_dx}


def regression(backend: Backend, params: Values) -> Values:
    """y = wx by descent on the mean squared error."""
    x = np.array([1, 2, 3], "float32")
    y = 2 * x
    w = np.float32(1)
    for _ in range(params["steps"]):
        gradient = (2 * x * (w * x - y)).mean()
        w -= np.float32(params["rate"]) * gradient
    return {"w": float(w)}


def plane(backend: Backend, params: Values) -> Values:
    """3 x1 + x2 - 2 x3 by descent on the mean squared error."""
    x, y = exhibit_data.plane(params["seed"])
    w, b = np.zeros((3, 1), "float32"), np.zeros(1, "float32")
    rate = np.float32(params["rate"])
    for _ in range(params["steps"]):
        slope = 2 * (x @ w + b - y) / np.float32(len(x))
        w -= rate * (x.T @ slope)
        b -= rate * slope.sum(0)
    return {"w": w.ravel(), "b": b[0]}


def naive_bce(backend: Backend, params: Values) -> Values:
    """The hand-written cross-entropy on pixels 0..255 and 0..1, the stable one on 0..255."""
    x, t = exhibit_data.pixels(params["n"], params["d"], params["seed"])
    naive, scaled, stable = (
        _losses(loss, values, t, params)
        for loss, values in ((_naive, x), (_naive, x / 255), (_stable, x))
    )
    first = next((step for step, loss in enumerate(naive) if np.isnan(loss)), None)
    return {
        "naive_255": naive[-1],
        "naive_1": scaled[-1],
        "stable_255": stable[-1],
        "step_of_nan": first,
    }


def _losses(bce: BCE, x: Array, t: Array, params: Values) -> list[float]:
    """The loss of every step of training with Adam."""
    net = exhibit_data.start(params["d"], params["h"], params["seed"])
    state = net | {f"{moment}_{name}": np.zeros_like(net[name]) for moment in "mv" for name in net}
    state["t"] = np.zeros((), "float32")
    losses = []
    for _ in range(params["steps"]):
        h, logits = forward(x, state)
        loss, slope = bce(logits, t)
        dh = slope @ state["w2"].T * (h > 0)
        gradients = {"w1": x.T @ dh, "b1": dh.sum(0), "w2": h.T @ slope, "b2": slope.sum(0)}
        adam_step(state, gradients, params["rate"])
        losses.append(float(loss))
    return losses


def _naive(logits: Array, t: Array) -> tuple[Array, Array]:
    p = 1 / (1 + np.exp(-logits))
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    dp = ((1 - t) / (1 - p) - t / p) / np.float32(t.size)
    return loss, dp * p * (1 - p)


def _stable(logits: Array, t: Array) -> tuple[Array, Array]:
    terms = np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-abs(logits)))
    p = 0.5 * (1 + np.tanh(0.5 * logits))
    return terms.mean(), (p - t) / np.float32(t.size)


EXHIBITS: dict[str, Exhibit] = {
    exhibit.__name__: exhibit
    for exhibit in (
        elementwise_sum,
        quadratic,
        identities,
        views,
        derivatives,
        regression,
        plane,
        naive_bce,
    )
}
