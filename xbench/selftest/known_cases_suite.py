"""The suite of cases whose answer is known: a user's suite file like any other.

A busy wait copies its input, so that its result follows it and the oracle has something to verify,
and then looks at the clock until its time is over."""

from __future__ import annotations

import time
from dataclasses import replace

from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant
from xbench.ops import get_op
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements
from xbench.selftest.known_cases import (
    AA_OP,
    AA_WIDTHS,
    EFFECT,
    EFFECT_OP,
    EFFECT_S,
    FENCE_OP,
    FENCE_S,
    FENCE_WIDTHS,
    SPINS_S,
)
from xbench.selftest.virtual_device import queued


def spin(seconds: float) -> Factory:
    """The factory of a step whose every call lasts this long."""
    lasts_ns = round(seconds * 1e9)

    def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            end = time.perf_counter_ns() + lasts_ns
            y = batch["x"].copy()
            while time.perf_counter_ns() < end:
                pass
            return state, {"y": y}

        return Step(run)

    return factory


def product(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """y = a @ b, and a pause."""

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        y = batch["a"] @ batch["b"]
        time.sleep(FENCE_S)
        return state, {"y": y}

    return Step(run)


def offer(op: str, lengths_s: dict[str, float]) -> Sweep:
    """A new op like `copy`, that lasts as long as said on each backend."""
    add_op(replace(get_op("copy"), name=op))
    for backend, seconds in lengths_s.items():
        implements(op, backend)(spin(seconds))
    return Sweep(op, op, lambda w: {"n": 1, "w": w}, widths=(16,))


def offer_product(op: str) -> Sweep:
    """A new op like `matmul`, on NumPy and on both virtual devices."""
    add_op(replace(get_op("matmul"), name=op))
    implements(op, "numpy")(product)
    for backend in ("late", "unfenced"):
        implements(op, backend)(queued(product))
    return Sweep(op, op, lambda w: {"m": 16, "k": 16, "n": w}, widths=FENCE_WIDTHS)


def adam(width: int) -> dict[str, int | str]:
    """A step of Adam, 100 samples, 1 -> w -> 1."""
    return {"n": 100, "d": 1, "h": width, "o": 1, "optimizer": "adam", "loss": "mse"}


SUITE = Suite(
    "selftest",
    "busy waits of known length, twenty small products, a training step",
    (
        *(offer(op, {"numpy": seconds}) for op, seconds in SPINS_S.items()),
        offer(EFFECT_OP, {"numpy": EFFECT_S, "twin": EFFECT_S * EFFECT}),
        offer_product(FENCE_OP),
        Sweep(AA_OP, AA_OP, adam, AA_WIDTHS),
    ),
)
