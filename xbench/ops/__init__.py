"""Every op xbench knows, by name: `OPS` holds the built-in ones and those of user suites."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xbench.contracts import Gradient, Mode, Variant
from xbench.errors import UsageError
from xbench.ops import mlp, products, streams
from xbench.ops.base import Op
from xbench.text import near

__all__ = ["OPS", "Op", "get_op"]

OPS: dict[str, Op] = {
    op.name: op
    for op in (
        streams.NOOP,
        streams.COPY,
        streams.TRIAD,
        streams.ELEMENTWISE,
        streams.ELEMENTWISE_GRAD,
        streams.HOST_TO_DEVICE,
        streams.DEVICE_TO_HOST,
        products.MATMUL,
        products.LINEAR,
        products.LINEAR_LAYER,
        mlp.MLP_FORWARD,
        mlp.MLP_FORWARD_RECORDED,
        mlp.MLP_BACKWARD,
        mlp.MLP_TRAIN,
    )
}


def get_op(name: str) -> Op:
    """The op of that name. Raises: UsageError, naming the nearest."""
    if name not in OPS:
        raise UsageError(f"no op is called {name!r}", near(name, OPS))
    return OPS[name]


def refusal(
    backend: str,
    op: str,
    dtype: str,
    variant: Variant,
    *,
    ops: Collection[str],
    dtypes: Collection[str],
    modes: Collection[Mode],
    gradients: Mapping[Gradient, str],
) -> str | None:
    """None if everything is offered, else the first reason.

    `gradients` maps every gradient to "" where it is offered, or to why it is not."""
    if op not in ops:
        return f"{backend} has no implementation of {op}"
    if dtype not in dtypes:
        return f"{backend} runs {', '.join(sorted(dtypes))} here, not {dtype}"
    unsound = OPS[op].why_not(dtype) if op in OPS else None
    if unsound:
        return unsound
    if op in OPS and OPS[op].on_host and variant.mode != "eager":
        return "a transfer is the driver's work: there is nothing to trace or compile"
    if variant.mode not in modes:
        return f"{backend} has no {variant.mode} mode (it has {', '.join(modes)})"
    return gradients[variant.gradient] or None
