"""A user's suite of three ops that take a known time each; a revision of it may slow one down.

An op multiplies once and then works until its time is over, which hardly depends on the machine."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from xbench.contracts import Step
from xbench.ops import get_op
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements

EXTRA_SHARE = 0.0
CALL_NS = 3_000_000


def offer(name: str, extra: float = 0.0) -> Sweep:
    """An op whose call takes `extra` longer than the others'."""
    add_op(replace(get_op("matmul"), name=name))

    @implements(name, "numpy")
    def factory(backend: Any, spec: Any, variant: Any) -> Step:
        def run(state: Any, batch: Any) -> Any:
            end = time.perf_counter_ns() + round(CALL_NS * (1.0 + extra))
            y = batch["a"] @ batch["b"]
            while time.perf_counter_ns() < end:
                pass
            return state, {"y": y}

        return Step(run)

    return Sweep(name, f"{name} w×w×w", lambda w: {"m": w, "k": w, "n": w}, widths=(16,))


SUITE = Suite(
    "three", "known times", (offer("first"), offer("second", EXTRA_SHARE), offer("third"))
)
