"""Sources made up for tests of what the report says: cells with times, and ratios as given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from helpers.made_runs import plan
from xbench.analysis.interval import Estimate, verdict
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.reports.model import Source

Way = tuple[str, str, str, str]
NUMPY: Way = ("numpy", "eager", "manual", "reuse")
TORCH: Way = ("torch", "eager", "autograd", "reuse")
TORCH_COMPILED: Way = ("torch", "compiled", "autograd", "reuse")
TF_GRAPH: Way = ("tensorflow", "graph", "autograd", "reuse")
TF_COMPILED: Way = ("tensorflow", "compiled", "autograd", "reuse")


def cell(
    way: Way,
    time_s: float | None = 1.0,
    width: int = 512,
    family: str = "op 100×w",
    bound: str = "",
    part: str = "",
    status: str | None = None,
    **of_plan: Any,
) -> CellSummary:
    """A cell with a time, or else refused; `part` is its part of a group too large for memory."""
    made = plan(family, width, way[:3], **({"allocator": way[3]} | of_plan))
    key = made.key
    group = "/".join((key.op, f"w{width}", key.dtype, key.device, key.threads, key.math))
    made = msgspec.structs.replace(made, group=group + part)
    has = time_s is not None
    fields: dict[str, Any] = {
        "plan": made,
        "status": status or ("ok" if has else "oom"),
        "reason": "" if has else "no memory",
        "launch_s": [time_s] * 3 if has else [],
        "time_s": time_s,
        "low_s": time_s and 0.9 * time_s,
        "high_s": time_s and 1.1 * time_s,
        "first_s": time_s,
        "build_s": time_s,
        "open_s": None,
        "calls": 1,
        "rounds": 9,
        "overhead": 0.0,
        "converged": True,
        "check": {},
        "faults_per_call": 0.0,
        "environment_hash": "",
        "bound": bound,
    }
    return CellSummary(**fields)


def ratio(
    one: CellSummary,
    other: CellSummary,
    low: float | None,
    high: float | None,
    value: float | None = None,
) -> Comparison:
    """`one` over `other`, in the middle of its interval unless said otherwise."""
    if value is None:
        value = 1.0 if low is None or high is None else low**0.5 * high**0.5
    found = Estimate(value, low, high, 3)
    return Comparison(one.plan.group, "choice", one.plan, other.plan, found, verdict(found), ())


def source(
    cells: Sequence[CellSummary], choices: Sequence[Comparison] = (), **fields: Any
) -> Source:
    """What is paired, of these."""
    made: dict[str, Any] = {
        "title": "run",
        "machine": "Test CPU",
        "facts": [],
        "launches": 3,
        "paired": True,
    }
    return Source(**(made | {"cells": [*cells], "choices": [*choices]} | fields))
