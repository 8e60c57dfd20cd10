"""From a function of tensors to a `Step`: as it is, or compiled as one function."""

from __future__ import annotations

from collections.abc import Callable

import jax

from xbench.contracts import Step, Tensors, Variant

Run = Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]
"""(state, batch) -> (new state, outputs): JAX's arrays are never written to."""


def build(run: Run, variant: Variant) -> Step:
    """The step of one cell. A compiled step gives its state away (`donate`), as a training loop
    that keeps only the new one does; XLA may then write the new state over it."""
    if variant.mode == "eager":
        return Step(run)
    traces = 0

    def traced(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        nonlocal traces
        traces += 1  # the function itself runs only while it is traced
        return run(state, batch)

    compiled: Run = jax.jit(traced, donate_argnums=0)
    return Step(compiled, traces=lambda: traces)
