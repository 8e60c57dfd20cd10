"""A suite with an op of its own: sums over rows, on its own backend and on NumPy."""

from __future__ import annotations

import array
from typing import Any

from listback.backend import Flat
from xbench.contracts import Step
from xbench.ops.suite import Suite, Sweep
from xbench.own_op import array_op, implements, step


def _exact(x: Any) -> tuple[Any, Any]:
    return x.sum(1), abs(x).sum(1)


array_op("row_sum", ("n", "w"), {"x": ("n", "w")}, {"y": ("n",)}, _exact, terms="w")


@implements("row_sum", "numpy")
def with_numpy(backend: Any, spec: Any, variant: Any) -> Step:
    return step(lambda t: {"y": t["x"].sum(1)})


@implements("row_sum", "listback")
def with_lists(backend: Any, spec: Any, variant: Any) -> Step:
    wide = spec["w"]

    def run(t: dict[str, Flat]) -> dict[str, Flat]:
        values = t["x"].values
        rows = (sum(values[start : start + wide]) for start in range(0, len(values), wide))
        return {"y": Flat(array.array("f", rows), (spec["n"],))}

    return step(run)


SUITE = Suite(
    "sums",
    "sums over rows",
    (
        Sweep("row_sum", "row_sum 20×w", lambda w: {"n": 20, "w": w}),
        Sweep("elementwise", "elementwise 5×w", lambda w: {"n": 5, "w": w}),
    ),
)
