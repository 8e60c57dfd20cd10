"""The ops in PyTorch, as a careful torch user writes them. One source serves both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xbench.backends.torch_mlp import (
    detached,
    mlp_backward,
    mlp_forward,
    mlp_forward_recorded,
    mlp_train,
)
from xbench.backends.torch_step import build
from xbench.ops.base import TRIAD_SCALE

if TYPE_CHECKING:
    from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant


def _empty(backend: Backend, spec: Spec, *shape: int) -> Tensor:
    """A tensor of the spec's dtype on the policy's device, which only `put` knows."""
    tensor: Tensor = backend.put(np.empty(0, "float32"), dtype=spec.dtype)
    return tensor.new_empty(shape)


def noop(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The dispatch floor: what an op of this mode pays (guards, `inference_mode`) for no work."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"]}

    return build(run, variant)


def copy(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x, into memory of its own that is reused."""
    out = _empty(backend, spec, spec["n"], spec["w"])

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": out.copy_(batch["x"])}

    return build(run, variant)


def triad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x + 3 w in one kernel, into memory that is reused."""
    out = _empty(backend, spec, spec["n"], spec["w"])

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": torch.add(batch["x"], batch["w"], alpha=TRIAD_SCALE, out=out)}

    return build(run, variant)


def host_to_device(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x from pageable host memory, as `x.to(device)` has it for who pins nothing."""
    device = _empty(backend, spec, 0).device

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"].to(device, copy=True)}

    return build(run, variant)


def device_to_host(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x in fresh pageable host memory."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"].to("cpu", copy=True)}

    return build(run, variant)


def _product_sum(x: Tensor, w: Tensor, z: Tensor) -> Tensor:
    return (x * w).add_(z)


def elementwise(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x * w + z as two operators, which is what is measured (`addcmul` would fuse by hand)."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": _product_sum(batch["x"], batch["w"], batch["z"])}

    return build(run, variant)


class _ProductSum(torch.autograd.Function):
    """y = x * w + z with its own backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, z: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return _product_sum(x, w, z)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, w = ctx.saved_tensors
        return dy * w, dy * x, dy


def elementwise_grad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """loss = sum(x * w + z) and dx, dw, dz.

    By hand dz is written out as ones; autograd hands back an expanded scalar for it."""
    product_sum = _ProductSum.apply if variant.gradient == "custom" else _product_sum

    def by_hand(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        x, w = batch["x"], batch["w"]
        y = _product_sum(x, w, batch["z"])
        dz = torch.ones_like(y)
        return state, {"loss": y.sum(), "dx": dz * w, "dw": dz * x, "dz": dz}

    def recorded(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        x, w, z = (detached(batch[name]) for name in "xwz")
        loss = product_sum(x, w, z).sum()
        dx, dw, dz = torch.autograd.grad(loss, (x, w, z))
        return state, {"loss": loss.detach(), "dx": dx, "dw": dw, "dz": dz}

    return build(by_hand if variant.gradient == "manual" else recorded, variant)


def matmul(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = a @ b through the BLAS."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["a"] @ batch["b"]}

    return build(run, variant)


def linear(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x @ w1 + b1, one call: the bias goes through the BLAS's own accumulation."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": torch.addmm(batch["b1"], batch["x"], batch["w1"])}

    return build(run, variant)


def linear_layer(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x @ w1 + b1 by `nn.Linear`, which keeps its weight as (out, in)."""
    like = _empty(backend, spec, 0)
    layer = torch.nn.Linear(spec["k"], spec["n"], device=like.device, dtype=like.dtype)

    def prepare(state: Tensors) -> Tensors:
        layer.load_state_dict({"weight": state["w1"].T, "bias": state["b1"]})
        return state

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": layer(batch["x"])}

    return build(run, variant, prepare)


FACTORIES: dict[str, Factory] = {
    factory.__name__: factory
    for factory in (
        noop,
        copy,
        triad,
        host_to_device,
        device_to_host,
        elementwise,
        elementwise_grad,
        matmul,
        linear,
        linear_layer,
        mlp_forward,
        mlp_forward_recorded,
        mlp_backward,
        mlp_train,
    )
}
