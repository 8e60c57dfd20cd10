"""The two-layer ReLU network, D -> H -> O on N samples: forward, backward and training.

Source of the shapes: N x 1 -> H -> 1 with Adam and mean squared error, and N x 1000 -> H -> 10 with
plain gradient descent and a sum of squares. The arithmetic of the oracle is in `mlp_exact.py`.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from xbench.contracts import Gradient, Spec
from xbench.ops.base import Cost, Inputs, Op, Shapes, TensorShapes, normal, parameter_names
from xbench.ops.mlp_exact import backward_expected, forward_expected, train_expected
from xbench.ops.rounding import HALVES, ITEM_BYTES, host_dtype, rounded

if TYPE_CHECKING:
    import numpy as np

    from xbench.ops.base import Array


def _parameter_shapes(spec: Spec) -> Shapes:
    d, h, o = spec["d"], spec["h"], spec["o"]
    shapes: Shapes = {"w1": (d, h), "b1": (h,), "w2": (h, o), "b2": (o,)}
    return {name: shapes[name] for name in parameter_names(spec)}


def _forward_tensors(spec: Spec) -> TensorShapes:
    n, d, h, o = (spec[each] for each in "ndho")
    return TensorShapes(
        {"x": (n, d)} | _parameter_shapes(spec), {"y": (n, o)}, scratch_elements=2 * n * h
    )


def _backward_tensors(spec: Spec) -> TensorShapes:
    n, d, h, o = (spec[each] for each in "ndho")
    parameters = _parameter_shapes(spec)
    return TensorShapes(
        {"x": (n, d), "y": (n, o)} | parameters,
        {"loss": ()} | {f"d{name}": shape for name, shape in parameters.items()},
        scratch_elements=5 * n * h,
    )


def _train_tensors(spec: Spec) -> TensorShapes:
    n, d, h, o = (spec[each] for each in "ndho")
    parameters = _parameter_shapes(spec)
    state = dict(parameters)
    if spec.text("optimizer") == "adam":
        for name, shape in parameters.items():
            state |= {f"m_{name}": shape, f"v_{name}": shape}
        state["t"] = ()
    held = sum(prod(shape) for shape in parameters.values())
    return TensorShapes({"x": (n, d), "y": (n, o)}, {"loss": ()}, state, 5 * n * h + 3 * held)


def _sizes(spec: Spec) -> tuple[int, int, int, int, int, int]:
    n, d, h, o = (spec[each] for each in "ndho")
    parameters = sum(prod(shape) for shape in _parameter_shapes(spec).values())
    return n, d, h, o, parameters, ITEM_BYTES[spec.dtype]


_FORWARD, _BACKWARD = (3, 5), (12, 16)
"""Operators without and with biases: two products, relu, two sums; for gradients also four of the
loss and its slope, three of dh, two of the weights' gradients and two of the biases'. Adam takes 12
for each tensor and 6 for its corrections, plain descent 2 for each."""


def _forward_cost(spec: Spec) -> Cost:
    n, d, h, o, parameters, item = _sizes(spec)
    least = item * (n * d + parameters + n * o)
    flop = 2 * n * d * h + 2 * n * h * o + 2 * n * h + n * o
    return Cost(flop, least, least + 4 * n * h * item, _FORWARD[spec["bias"]])


def _backward_cost(spec: Spec) -> Cost:
    n, d, h, o, parameters, item = _sizes(spec)
    least = item * (n * d + 2 * parameters + 2 * n * o)
    flop = 4 * n * d * h + 6 * n * h * o + 4 * n * h + 4 * n * o
    return Cost(flop, least, least + 11 * n * h * item, _BACKWARD[spec["bias"]])


def _train_cost(spec: Spec) -> Cost:
    *_, parameters, item = _sizes(spec)
    backward = _backward_cost(spec)
    adam = spec.text("optimizer") == "adam"
    flop, fused, eager = (14, 6, 10) if adam else (2, 2, 2)
    tensors = len(parameter_names(spec))
    return Cost(
        backward.flop + flop * parameters,
        backward.min_bytes + fused * parameters * item,
        backward.eager_bytes + eager * parameters * item,
        _BACKWARD[spec["bias"]] + (6 + 12 * tensors if adam else 2 * tensors),
    )


def _draw(spec: Spec, rng: np.random.Generator) -> dict[str, Array]:
    """x, y and the weights: a noisy line through torch's default start, or all standard normal.

    In 16 bits normal weights are divided by the root of their inputs, or gradients of the sum of
    squares would leave float16's range (65504) from H = 2048 on."""
    import numpy as np

    n, d, o = spec["n"], spec["d"], spec["o"]
    dtype, halves = spec.dtype, spec.dtype in HALVES
    drawn: dict[str, Array] = {}
    if d == 1:
        drawn["x"] = _cast(np.linspace(0.0, 1.0, n).reshape(n, 1), dtype)
        drawn["y"] = _cast(0.01 * rng.standard_normal((n, o)), dtype)
    else:
        drawn["x"] = normal(rng, (n, d), dtype)
        drawn["y"] = normal(rng, (n, o), dtype)
    if dict(spec.params).get("loss") == "bce":
        drawn["y"] = _cast(drawn["y"] > 0, dtype)
    for name, shape in _parameter_shapes(spec).items():
        values = normal(rng, shape, "float32" if halves else dtype)
        fan = d if name.endswith("1") else spec["h"]
        if d == 1:
            values = fan**-0.5 * (2.0 * rng.random(shape) - 1.0)
        elif halves:
            values = fan**-0.5 * values
        drawn[name] = _cast(values, dtype)
    return drawn


def _cast(values: Array, dtype: str) -> Array:
    """To the host's array of a dtype, by way of float32 for one of 16 bits."""
    if dtype in HALVES:
        return rounded(values.astype("float32"), dtype)
    return values.astype(host_dtype(dtype), copy=False)


def _batch_inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
    drawn = _draw(spec, rng)
    if spec.op.startswith("mlp_forward"):
        del drawn["y"]
    return Inputs(drawn)


def _train_inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
    import numpy as np

    drawn = _draw(spec, rng)
    state = {name: drawn[name] for name in parameter_names(spec)}
    for name, shape in _train_tensors(spec).state.items():
        state.setdefault(name, np.zeros(shape, host_dtype(spec.dtype)))
    return Inputs({"x": drawn["x"], "y": drawn["y"]}, state)


_BIAS: tuple[tuple[str, int | str], ...] = (("bias", 1),)
_CHOICES: tuple[tuple[str, tuple[int | str, ...]], ...] = (
    ("bias", (0, 1)),
    ("loss", ("mse", "sse", "bce")),
    ("optimizer", ("sgd", "adam")),
)
_DERIVED: tuple[Gradient, ...] = ("manual", "autograd", "custom")
MLP_FORWARD = Op(
    "mlp_forward",
    (*"ndho", "bias"),
    _forward_tensors,
    _forward_cost,
    _batch_inputs,
    forward_expected,
    optional=_BIAS,
    choices=_CHOICES,
    products=True,
    why_not_16_bits="",
)
MLP_FORWARD_RECORDED = replace(MLP_FORWARD, name="mlp_forward_recorded")
MLP_BACKWARD = Op(
    "mlp_backward",
    (*"ndho", "loss", "bias"),
    _backward_tensors,
    _backward_cost,
    _batch_inputs,
    backward_expected,
    gradients=_DERIVED,
    optional=_BIAS,
    choices=_CHOICES,
    products=True,
    why_not_16_bits="",
)
MLP_TRAIN = Op(
    "mlp_train",
    (*"ndho", "optimizer", "loss", "bias"),
    _train_tensors,
    _train_cost,
    _train_inputs,
    train_expected,
    gradients=_DERIVED,
    optional=_BIAS,
    choices=_CHOICES,
    trains=True,
    products=True,
    why_not_16_bits="Adam's epsilon of 1e-8 is 0 in float16, and training in 16 bits needs float32 "
    "master weights, which this op does not have",
)
