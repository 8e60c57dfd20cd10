"""The two-layer network in PyTorch: forward, backward and one training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from xbench.backends.torch_step import build
from xbench.contracts import Tensors
from xbench.ops.base import (
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_RATE,
    parameter_names,
    sgd_rate,
)

if TYPE_CHECKING:
    from xbench.contracts import Backend, Spec, Step, Variant

Gradients = tuple[Tensor, ...]
Derive = Callable[[Tensors, Tensors], tuple[Tensor, Gradients]]
"""From parameters and batch to the loss (0-d) and the gradients, in `parameter_names` order."""

_LOG_BETA1, _LOG_BETA2 = log(ADAM_BETA1), log(ADAM_BETA2)


def mlp_forward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = relu(x @ w1 + b1) @ w2 + b2."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": _predict(batch["x"], batch, torch.relu_)}

    return build(run, variant)


def mlp_forward_recorded(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The same with recording on: y keeps what a backward pass would need."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": _predict(batch["x"], batch, torch.relu_)}

    step = build(run, variant, recording=True)
    leaves = _Leaves(parameter_names(spec))
    return replace(step, run=lambda state, batch: step.run(state, leaves.of(batch)))


def mlp_backward(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The loss and the gradient of every parameter; none of x."""
    names = parameter_names(spec)
    derive = _derive(spec, variant, detached)

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        loss, gradients = derive(batch, batch)
        results = zip(names, gradients, strict=True)
        return state, {"loss": loss} | {f"d{name}": each for name, each in results}

    return build(run, variant)


def mlp_train(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """One step of Adam or of plain gradient descent, the parameters updated in place.

    Eagerly the parameters are leaves, marked outside the clock. A compiled step is one graph,
    gradients and update together, and differentiates with respect to aliases made inside it: the
    usual `loss.backward(); optimizer.step()` under `fullgraph` is refused by torch 2.13."""
    names = parameter_names(spec)
    recorded = variant.gradient in {"autograd", "custom"}
    leaves = recorded and variant.mode == "eager"
    derive = _derive(spec, variant, _as_it_is if leaves else detached)
    adam, rate = spec.text("optimizer") == "adam", sgd_rate(spec["h"])

    def prepare(state: Tensors) -> Tensors:
        return {name: each.requires_grad_(leaves and name in names) for name, each in state.items()}

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        loss, gradients = derive(state, batch)
        with torch.no_grad():
            if adam:
                _adam(state, names, gradients)
            else:
                torch._foreach_add_([state[name] for name in names], gradients, alpha=-rate)
        return state, {"loss": loss}

    return build(run, variant, prepare)


def detached(tensor: Tensor) -> Tensor:
    """A leaf that records: an alias, so that the caller's tensor is never marked (about 1 µs)."""
    return tensor.detach().requires_grad_()


class _Leaves:
    """A batch whose weights record. They are marked when they come first, as a user marks them
    once, and not in every call."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._source: Tensors = {}
        self._marked: Tensors = {}

    def of(self, batch: Tensors) -> Tensors:
        """The batch with leaves in place of its weights, whose memory they share."""
        source = self._source
        if len(source) != len(batch) or any(source[name] is not batch[name] for name in batch):
            leaves = {name: detached(batch[name]) for name in self._names}
            self._source, self._marked = dict(batch), batch | leaves
        return self._marked


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor


def _layer(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.mm(x, weight) if bias is None else torch.addmm(bias, x, weight)


def _predict(x: Tensor, parameters: Tensors, relu: Callable[[Tensor], Tensor]) -> Tensor:
    """Returns: shape (n, o). `relu` may work in place: the first product is nobody else's."""
    h = relu(_layer(x, parameters["w1"], parameters.get("b1")))
    return _layer(h, parameters["w2"], parameters.get("b2"))


class Relu(torch.autograd.Function):
    """relu with its own backward; its slope at 0 is 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Of x, saving the result."""
        y = x.relu()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Tensor:
        """Of dy, where the result was not 0."""
        # The sign of a relu is its mask in its own dtype: `dy * (y > 0)`, which mixes a bool with
        # floats, took 4 times as long (2 cores, 100 x 20480 float32: 1.66 against 0.40 ms).
        (y,) = ctx.saved_tensors
        mask: Tensor = y.sign()
        return mask.mul_(dy)


def _derive(spec: Spec, variant: Variant, leaf: Callable[[Tensor], Tensor]) -> Derive:
    kind, names = spec.text("loss"), parameter_names(spec)
    relu: Callable[[Tensor], Tensor] = Relu.apply if variant.gradient == "custom" else torch.relu_

    def recorded(parameters: Tensors, batch: Tensors) -> tuple[Tensor, Gradients]:
        leaves = {name: leaf(parameters[name]) for name in names}
        loss = _loss(kind, _predict(batch["x"], leaves, relu), batch["y"])
        return loss.detach(), torch.autograd.grad(loss, list(leaves.values()))

    def by_hand(parameters: Tensors, batch: Tensors) -> tuple[Tensor, Gradients]:
        loss, gradients = _backward(kind, batch["x"], batch["y"], parameters)
        return loss, tuple(gradients[name] for name in names)

    return by_hand if variant.gradient == "manual" else recorded


def _loss(kind: str, y: Tensor, target: Tensor) -> Tensor:
    if kind == "bce":
        return functional.binary_cross_entropy_with_logits(y, target)
    return functional.mse_loss(y, target, reduction="sum" if kind == "sse" else "mean")


def _slope(kind: str, y: Tensor, target: Tensor) -> Tensor:
    """The derivative of the loss with respect to y, written over y."""
    if kind == "bce":
        return y.sigmoid_().sub_(target).div_(y.numel())
    return y.sub_(target).mul_(2.0 if kind == "sse" else 2.0 / y.numel())


def _backward(kind: str, x: Tensor, target: Tensor, parameters: Tensors) -> tuple[Tensor, Tensors]:
    """By hand, no autograd: temporaries are overwritten as soon as they are used up."""
    h = _layer(x, parameters["w1"], parameters.get("b1")).relu_()
    y = _layer(h, parameters["w2"], parameters.get("b2"))
    loss = _loss(kind, y, target)
    e = _slope(kind, y, target)
    dw2 = h.T @ e
    dh = (e @ parameters["w2"].T).mul_(h.gt_(0))  # a mask of floats: see Relu
    gradients = {"w1": x.T @ dh, "w2": dw2}
    if "b1" in parameters:
        gradients |= {"b1": dh.sum(0), "b2": e.sum(0)}
    return loss, gradients


def _adam(state: Tensors, names: tuple[str, ...], gradients: Gradients) -> None:
    """Adam over lists of tensors, in place.

    Lists (`_foreach`), as torch.optim has them, since one call a tensor was 10 % slower at H = 512
    and equal at H = 20480 (2 cores, float32). `t` stays a tensor, so nothing waits for the device
    and no graph depends on its value; 1 - beta^t is -expm1(t log beta), exact to float32 where the
    difference itself loses four digits at t = 1."""
    values = [state[name] for name in names]
    m, v = [state[f"m_{name}"] for name in names], [state[f"v_{name}"] for name in names]
    t = state["t"].add_(1)
    minus_c1 = torch.expm1(t * _LOG_BETA1)
    root_c2 = torch.expm1(t * _LOG_BETA2).neg_().sqrt_()
    torch._foreach_lerp_(m, gradients, 1 - ADAM_BETA1)
    torch._foreach_mul_(v, ADAM_BETA2)
    torch._foreach_addcmul_(v, gradients, gradients, 1 - ADAM_BETA2)
    # theta += rate * m / (-c1 * (sqrt(v) / root_c2 + epsilon)): the sign sits in minus_c1.
    denominator = torch._foreach_sqrt(v)
    torch._foreach_mul_(denominator, minus_c1 / root_c2)
    torch._foreach_add_(denominator, minus_c1, alpha=ADAM_EPSILON)
    torch._foreach_addcdiv_(values, m, denominator, ADAM_RATE)
