"""The exact two-layer network in float64, with bounds on the error of a correct float32 result.

Everything runs over chunks of hidden units: no (N, H) or second (D, H) array is ever held. The
bound of one product, (8 + log2 K) u |A||B|, is carried forward: hidden -> y -> error -> gradient.
Where |h| is within its own bound a mask may honestly flip; the bound of that unit's gradient then
covers either side, so that nothing is left out of the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from xbench.contracts import Spec
from xbench.ops.base import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_RATE,
    Block,
    Inputs,
    sgd_rate,
)
from xbench.ops.rounding import (
    BY_CHANCE,
    HALVES,
    UNIT_ROUNDOFF,
    entry_bound,
    factors,
    gamma,
    product_bound,
    product_gamma,
    stored,
    sum_gamma,
)

if TYPE_CHECKING:
    from xbench.ops.base import Array

NORM_TOLERANCE = {"float32": 1e-3, "float64": 1e-10, "tf32": 5e-2}
CHUNK_ELEMENTS = 1 << 22
"""Entries of a (max(N, D), chunk) float64 array: 32 MiB."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A chunk of hidden units: pre-activation z, activation h, the bound on both, the columns."""

    z: Array
    h: Array
    bound: Array
    columns: slice


@dataclass(frozen=True, slots=True)
class Result:
    """The output layer: y, the loss and its slope e = dloss/dy, each with its bound."""

    y: Array
    y_bound: Array
    loss: float = 0.0
    loss_bound: float = 0.0
    e: Array | None = None
    e_bound: Array | None = None


def _chunks(spec: Spec) -> Iterator[slice]:
    width = max(1, CHUNK_ELEMENTS // max(spec["n"], spec["d"]))
    for start in range(0, spec["h"], width):
        yield slice(start, min(start + width, spec["h"]))


def _hidden(spec: Spec, values: dict[str, Array], x: Array, columns: slice) -> Hidden:
    import numpy as np

    w1 = values["w1"][:, columns].astype("float64")
    z = x @ w1
    bound, size = product_bound(x, w1, z, abs(x) @ abs(w1), spec), abs(z)
    if spec["bias"]:
        b1 = values["b1"][columns].astype("float64")
        z, bound = z + b1, bound + sum_gamma(spec["d"], spec) * abs(b1)
        size = abs(z) + abs(b1)
    bound = bound + stored(size, spec.dtype)
    return Hidden(z, np.maximum(z, 0.0), bound, columns)


def _output(spec: Spec, values: dict[str, Array], x: Array) -> Result:
    import numpy as np

    y = np.zeros((spec["n"], spec["o"]))
    bound, sure, squares = np.zeros_like(y), np.zeros_like(y), np.zeros_like(y)
    sums, share = sum_gamma(spec["h"], spec), factors(spec)
    by_chance = spec.dtype in HALVES or share > 0.0
    for columns in _chunks(spec):
        hidden = _hidden(spec, values, x, columns)
        w2 = values["w2"][columns].astype("float64")
        y += hidden.h @ w2
        bound += sums * (hidden.h @ abs(w2))
        live = hidden.bound * (hidden.z > -hidden.bound) + share * hidden.h
        sure += live @ abs(w2)
        if by_chance:
            squares += live**2 @ w2**2
    if by_chance:
        sure = np.minimum(sure, share * abs(y) + BY_CHANCE * np.sqrt(squares))
    size = abs(y)
    if spec["bias"]:
        b2 = values["b2"].astype("float64")
        y, bound = y + b2, bound + sums * abs(b2)
        size = abs(y) + abs(b2)
    return Result(y, bound + sure + stored(size, spec.dtype))


def _with_loss(spec: Spec, out: Result, target: Array) -> Result:
    """The loss and its slope. Bounds: first order in the bound of y, plus their own rounding."""
    import numpy as np

    kind, count = spec.text("loss"), spec["n"] * spec["o"]
    scale = 1.0 if kind == "sse" else 1.0 / count
    relative = gamma(count, spec.dtype)
    y = out.y
    if kind == "bce":
        terms = np.maximum(y, 0.0) - y * target + np.log1p(np.exp(-abs(y)))
        magnitude = abs(y) * (1.0 + abs(target)) + 1.0
        slope = 0.5 * (1.0 + np.tanh(0.5 * y)) - target
        slope_bound = 0.25 * out.y_bound + 1.5 * entry_bound(np.ones_like(y), spec.dtype)
        loss_bound = ((abs(slope) + out.y_bound) * out.y_bound).sum()
    else:
        difference = y - target
        terms = magnitude = difference**2
        slope = 2.0 * difference
        slope_bound = 2.0 * out.y_bound + 1.5 * entry_bound(abs(slope), spec.dtype)
        loss_bound = ((abs(slope) + out.y_bound) * out.y_bound).sum()
    loss_bound = scale * (loss_bound + relative * magnitude.sum())
    return Result(
        y,
        out.y_bound,
        scale * float(terms.sum()),
        float(loss_bound),
        scale * slope,
        scale * slope_bound,
    )


def _gradients(
    spec: Spec, values: dict[str, Array], x: Array, out: Result
) -> Iterator[tuple[slice, dict[str, tuple[Array, Array]]]]:
    """Per chunk of hidden units, {parameter: (gradient, bound)} of w1, b1 and w2."""
    assert out.e is not None
    assert out.e_bound is not None
    samples, outputs = product_gamma(spec["n"], spec), product_gamma(spec["o"], spec)
    summed = gamma(spec["n"], spec.dtype)  # not a product: may be added up in the dtype itself
    for columns in _chunks(spec):
        hidden = _hidden(spec, values, x, columns)
        w2 = values["w2"][columns].astype("float64")
        back = out.e @ w2.T
        slack = (outputs * abs(out.e) + out.e_bound) @ abs(w2).T + stored(abs(back), spec.dtype)
        doubtful = abs(hidden.z) <= hidden.bound
        dh = back * (hidden.z > 0)
        dh_bound = slack * ((hidden.z > 0) | doubtful) + abs(back) * doubtful
        dw2_bound = (samples * hidden.h + hidden.bound).T @ abs(out.e) + hidden.h.T @ out.e_bound
        found = {
            "w1": (x.T @ dh, abs(x).T @ (samples * abs(dh) + dh_bound)),
            "w2": (hidden.h.T @ out.e, dw2_bound + hidden.bound.T @ out.e_bound),
        }
        if spec["bias"]:
            found["b1"] = (dh.sum(0), (summed * abs(dh) + dh_bound).sum(0))
        yield columns, {name: _as_stored(spec, *each) for name, each in found.items()}


def _as_stored(spec: Spec, exact: Array, bound: Array) -> tuple[Array, Array]:
    return exact, bound + stored(abs(exact), spec.dtype)


def forward_expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """Y of shape (n, o)."""
    out = _output(spec, given.batch, given.batch["x"].astype("float64"))
    yield Block("y", out.y, out.y_bound)


def backward_expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """loss, and the gradient of every parameter."""
    import numpy as np

    values, x = given.batch, given.batch["x"].astype("float64")
    out = _with_loss(spec, _output(spec, values, x), values["y"].astype("float64"))
    assert out.e is not None
    assert out.e_bound is not None
    yield Block("loss", np.array(out.loss), np.array(out.loss_bound))
    dw2, dw2_bound = (np.zeros((spec["h"], spec["o"])) for _ in range(2))
    for columns, found in _gradients(spec, values, x, out):
        dw2[columns], dw2_bound[columns] = found.pop("w2")
        for name, (exact, bound) in found.items():
            yield Block(f"d{name}", exact, bound, columns.start)
    yield Block("dw2", dw2, dw2_bound)
    if spec["bias"]:
        relative = gamma(spec["n"], spec.dtype)
        bound = relative * abs(out.e).sum(0) + out.e_bound.sum(0)
        yield Block("db2", *_as_stored(spec, out.e.sum(0), bound))


def train_expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """The state after `steps` steps from the given one, and the last step's loss; by the 2-norm.

    Adam divides a gradient by its own size, so an entry whose sign is within its rounding bound may
    honestly move the other way: each such entry allows the norm 2 * rate once."""
    import numpy as np

    x, target = (given.batch[each].astype("float64") for each in "xy")
    state = {name: values.astype("float64") for name, values in given.state.items()}
    loss = 0.0
    doubtful: dict[str, int] = {}
    for _ in range(steps):
        out = _with_loss(spec, _output(spec, state, x), target)
        assert out.e is not None
        loss = out.loss
        if "t" in state:
            state["t"] += 1.0
        for columns, found in _gradients(spec, state, x, out):
            for name, (gradient, bound) in found.items():
                _update(spec, state, name, _part(name, columns), gradient)
                unsure = (bound > 0.0) & (abs(gradient) <= bound)  # a dead unit's is exactly 0
                doubtful[name] = doubtful.get(name, 0) + int(unsure.sum())
        if spec["bias"]:
            _update(spec, state, "b2", (slice(None),), out.e.sum(0))
    rtol = NORM_TOLERANCE[spec.dtype if spec.math == "ieee" else spec.math]
    rounding = 2.0 * steps * UNIT_ROUNDOFF[spec.dtype]
    yield Block("loss", np.array(loss), None, 0, np.array(0.0), rtol, rounding)
    flip = 2.0 * ADAM_RATE if spec.text("optimizer") == "adam" else 0.0
    width = max(1, CHUNK_ELEMENTS // max(spec["n"], spec["d"]))
    for name, exact in state.items():
        wide = exact.shape[-1] if exact.ndim else 1
        for start in range(0, wide, width):
            part = (..., slice(start, start + width)) if exact.ndim else ()
            base = given.state[name][part].astype("float64")
            slack = flip * sqrt(doubtful.get(name, 0))
            yield Block(name, exact[part], None, start, base, rtol, rounding, slack)


def _part(name: str, columns: slice) -> tuple[slice, ...]:
    """Where a chunk of hidden units lies: last axis of w1 and b1, first axis of w2."""
    return (slice(None), columns) if name == "w1" else (columns,)


def _update(
    spec: Spec, state: dict[str, Array], name: str, part: tuple[slice, ...], gradient: Array
) -> None:
    import numpy as np

    if spec.text("optimizer") == "sgd":
        state[name][part] -= sgd_rate(spec["h"]) * gradient
        return
    b1, b2 = ADAM_BETA1, ADAM_BETA2
    m, v, t = state[f"m_{name}"], state[f"v_{name}"], float(state["t"])
    m[part] = b1 * m[part] + (1.0 - b1) * gradient
    v[part] = b2 * v[part] + (1.0 - b2) * gradient**2
    root = np.sqrt(v[part] / (1.0 - b2**t)) + ADAM_EPSILON
    state[name][part] -= ADAM_RATE * (m[part] / (1.0 - b1**t)) / root
