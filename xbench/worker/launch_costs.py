"""What a call costs before any work is done: the backend's own `noop`, and one more operator."""

from __future__ import annotations

import traceback

from xbench.contracts import Backend, Mode, Spec, Tensors, Variant
from xbench.process.messages import CostsReply
from xbench.registry import factory_of
from xbench.worker.counters import measured

CALLS, BURSTS = 40, 12
DTYPE = "float32"
MODES: tuple[Mode, ...] = ("eager", "graph")
"""Compiling takes seconds, and a compiled op is one kernel: its calls are not taken apart."""


def launch_costs(backend: Backend, mode: Mode) -> CostsReply:
    """What a call of an opened backend costs when there is nothing to compute.

    That is one call of `noop`, and what each of the two operators of `elementwise` (y = x * w + z)
    on a single entry adds to it. The latter is 0 for a graph, whose operators are not called one by
    one. Both are 0 where the mode is compiled or an op is missing. The best of short bursts counts,
    since this is a floor; the calls of a burst share a fence."""
    dispatch = _call_ns(backend, mode, "noop", ("x",))
    apart = dispatch > 0 and mode == "eager"
    both = _call_ns(backend, mode, "elementwise", ("x", "w", "z")) if apart else 0
    return CostsReply(dispatch, operator_ns=max(0, both - dispatch) // 2)


def _call_ns(backend: Backend, mode: Mode, op: str, operands: tuple[str, ...]) -> int:
    import numpy as np

    variant = Variant(mode, "none")
    if mode not in MODES or backend.supports(op, DTYPE, variant) is not None:
        return 0
    try:
        step = factory_of(backend, op)(backend, Spec(op, (("n", 1), ("w", 1)), DTYPE), variant)
        batch = {name: backend.put(np.ones((1, 1), DTYPE)) for name in operands}

        def burst() -> None:
            state: Tensors = {}
            outputs: Tensors = {}
            for _ in range(CALLS):
                state, outputs = step.run(state, batch)
            backend.fence(state | outputs)

        burst()
        best = min(measured(burst).wall_ns for _ in range(BURSTS))
    except Exception:  # a backend that cannot do this can still serve its cells; its log says why
        traceback.print_exc()
        return 0
    return round(best / CALLS)
