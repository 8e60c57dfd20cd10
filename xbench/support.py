"""The answer of `Backend.supports` for an adapter whose combinations form a plain product."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xbench.contracts import Gradient, Mode, Variant
from xbench.workloads import OPS


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
