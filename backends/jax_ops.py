"""The ops in JAX. Each is one function of arrays that serves both modes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xbench.backends.jax_mlp import mlp_backward, mlp_forward, mlp_train
from xbench.backends.jax_step import build
from xbench.contracts import Backend, Factory, Handle, Spec, Step, Tensors, Variant
from xbench.ops.base import TRIAD_SCALE


def noop(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The dispatch floor. Eager hands x back; XLA owns what it returns, so its floor holds a copy
    of x."""
    return build(lambda state, batch: (state, {"y": batch["x"]}), variant)


def copy(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x, in memory of its own."""
    return build(lambda state, batch: (state, {"y": jnp.copy(batch["x"])}), variant)


def triad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x + 3 w."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"] + TRIAD_SCALE * batch["w"]}

    return build(run, variant)


def host_to_device(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x on the device, from host memory."""
    (device,) = backend.put(np.empty(0, "float32")).devices()
    return _transfer(device, variant)


def device_to_host(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x in host memory."""
    return _transfer(jax.devices("cpu")[0], variant)


def _transfer(device: Any, variant: Variant) -> Step:
    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": jax.device_put(batch["x"], device)}

    return build(run, variant)


def elementwise(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x * w + z."""
    return build(lambda state, batch: (state, {"y": _product_sum(**batch)}), variant)


def _product_sum(x: Handle, w: Handle, z: Handle) -> Handle:
    return x * w + z


def _save(x: Handle, w: Handle, z: Handle) -> tuple[Handle, tuple[Handle, Handle]]:
    return _product_sum(x, w, z), (x, w)


def _own_backward(saved: tuple[Handle, Handle], dy: Handle) -> tuple[Handle, Handle, Handle]:
    x, w = saved
    return dy * w, dy * x, dy


_own_product_sum = jax.custom_vjp(_product_sum)
_own_product_sum.defvjp(_save, _own_backward)


def elementwise_grad(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """loss = sum(x * w + z) and dx, dw, dz; by hand dz is written out as ones."""
    product_sum = _own_product_sum if variant.gradient == "custom" else _product_sum
    differentiate = jax.value_and_grad(lambda *given: product_sum(*given).sum(), argnums=(0, 1, 2))

    def by_hand(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        x, w = batch["x"], batch["w"]
        y = _product_sum(x, w, batch["z"])
        dz = jnp.ones_like(y)
        return state, {"loss": y.sum(), "dx": dz * w, "dw": dz * x, "dz": dz}

    def derived(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        loss, (dx, dw, dz) = differentiate(batch["x"], batch["w"], batch["z"])
        return state, {"loss": loss, "dx": dx, "dw": dw, "dz": dz}

    return build(by_hand if variant.gradient == "manual" else derived, variant)


def matmul(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = a @ b."""
    return build(lambda state, batch: (state, {"y": batch["a"] @ batch["b"]}), variant)


def linear(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = x @ w1 + b1."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": batch["x"] @ batch["w1"] + batch["b1"]}

    return build(run, variant)


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
        mlp_forward,
        mlp_backward,
        mlp_train,
    )
}
