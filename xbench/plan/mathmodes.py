"""Math modes of a workload: which are asked for, and which cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from xbench.cell import DEFAULT_MATH, MATH_MODES, Cell
from xbench.contracts import Spec
from xbench.plan.select import Selection
from xbench.workloads import get_op


def maths(selection: Selection, spec: Spec) -> Iterator[str]:
    """Math modes; one that changes nothing for the op is left out unless it is spelt out."""
    for math in MATH_MODES:
        spelt = math == DEFAULT_MATH or selection.spells_out("math", math)
        if selection.wants("math", math, (DEFAULT_MATH,)) and (
            spelt or get_op(spec.op).why_not(spec.dtype, math) is None
        ):
            yield math


def math_refusal(cell: Cell) -> str | None:
    """Why a cell has no such math mode, as far as that is known before its worker has tried."""
    math = cell.worker.math
    unsound = get_op(cell.spec.op).why_not(cell.spec.dtype, math)
    if unsound or math == DEFAULT_MATH or cell.worker.device != "cpu":
        return unsound
    return f"no {math.upper()} on the cpu"
