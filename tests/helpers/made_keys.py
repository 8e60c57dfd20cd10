"""Keys of cells and workers, made up for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from xbench.contracts import Gradient, Spec
from xbench.keys import CellKey, WorkerKey
from xbench.ops import get_op
from xbench.plan.cell import Cell
from xbench.records.schema import CellPlan

ADAM = get_op("mlp_train").spec("float32", n=100, d=1, h=20480, o=1, optimizer="adam", loss="mse")


def matmul(width: int = 512, dtype: str = "float32") -> Spec:
    """The product of the suite `matmul`, of other widths."""
    return get_op("matmul").spec(dtype, m=64, k=1000, n=width)


def worker_key(backend: str = "numpy", **axes: Any) -> WorkerKey:
    """A worker on the processor, in eager mode with all threads; `axes` replace fields."""
    return replace(WorkerKey(backend, "cpu", "eager", "all"), **axes)


def cell_key(op: str = "op", backend: str = "numpy", **axes: Any) -> CellKey:
    """A cell that such a worker serves, in float32; `axes` replace fields."""
    return replace(CellKey(op, {}, "float32", backend, "cpu", "eager", "none", "all"), **axes)


def key_of(spec: Spec, worker: WorkerKey, gradient: Gradient = "none", **axes: Any) -> CellKey:
    """The cell of a workload that a worker serves."""
    of_worker = {name: getattr(worker, name) for name in worker.__dataclass_fields__}
    fields = {"op": spec.op, "params": dict(spec.params), "dtype": spec.dtype, **of_worker}
    return CellKey(**(fields | {"gradient": gradient} | axes))


def cell_of(spec: Spec, worker: WorkerKey, gradient: Gradient = "none", **axes: Any) -> Cell:
    """The same as a plan has it, on no curve."""
    return Cell(key_of(spec, worker, gradient, **axes))


def rekeyed(plan: CellPlan, **axes: Any) -> CellPlan:
    """A planned cell with other fields in its key."""
    return msgspec.structs.replace(plan, key=replace(plan.key, **axes))
