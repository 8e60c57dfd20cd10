"""What a cell will take, before anything is allocated: bytes exactly, seconds roughly.

The seconds only choose time limits, skip the hopeless and fill in `--dry-run`; they rest on modest
rates any machine of the last ten years reaches, not on a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from xbench.contracts import Spec
from xbench.keys import DEFAULT_CACHE
from xbench.machine.caches import copies_beyond, last_level_bytes
from xbench.ops import get_op
from xbench.ops.base import ITEM_BYTES, Cost
from xbench.plan.cell import Cell
from xbench.registry import backend_paths, load_backend

FLOP_RATE_PER_CORE = {"float32": 30e9, "float64": 15e9, "float16": 5e9, "bfloat16": 5e9}
BYTE_RATE = 8e9
DISPATCH_S = {"eager": 30e-6, "graph": 300e-6, "compiled": 100e-6}
BUILD_S = {"eager": 0.01, "graph": 0.5, "compiled": 6.0}
OPEN_S = 2.5
"""Starting a process and importing a framework."""

FIXED_BYTES = 600 << 20
"""A framework's own resident memory."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Seconds of one call, of loading the cell, and the bytes its worker will hold."""

    call_s: float
    load_s: float
    held_bytes: int


def predict(cell: Cell, cores: int) -> Prediction:
    """What one cell will take on this many cores."""
    spec, mode = cell.spec, cell.worker.mode
    op = get_op(spec.op)
    cost = op.cost(spec)
    threads = cell.worker.policy(cores).threads
    call = _seconds(cost, spec, threads) + DISPATCH_S[mode]
    own = _product_rates(cell.worker.backend).get(spec.dtype)
    if own and op.products:
        call = max(call, cost.flop / own)
    tensors, item = op.tensors(spec), ITEM_BYTES[spec.dtype]
    touched = tensors.elements("batch") + tensors.elements("outputs")
    if cell.key.cache != DEFAULT_CACHE:
        caches = last_level_bytes() if cell.worker.device == "cpu" else 0
        touched *= copies_beyond(caches, touched * item)
    elements = touched + 2 * tensors.elements("state") + tensors.scratch_elements
    load = BUILD_S[mode] + 3 * call + 3 * input_bytes(spec) / BYTE_RATE
    return Prediction(call, load, elements * item)


@cache
def _product_rates(backend: str) -> Mapping[str, float]:
    """Flop/s by dtype of an adapter whose products are far slower than usual in some."""
    adapter = load_backend(backend) if backend in backend_paths() else None
    rates: Mapping[str, float] = getattr(adapter, "product_rates", {})
    return rates


def input_bytes(spec: Spec) -> int:
    """Bytes of a workload's inputs: what the oracle writes and every worker copies."""
    tensors = get_op(spec.op).tensors(spec)
    return (tensors.elements("batch") + tensors.elements("state")) * ITEM_BYTES[spec.dtype]


def oracle_s(spec: Spec, cores: int) -> float:
    """Seconds for drawing inputs and for one exact answer with its bounds, in float64."""
    double = Spec(spec.op, spec.params, "float64")
    return 3 * _seconds(get_op(spec.op).cost(double), double, cores) + drawing_s(spec)


def drawing_s(spec: Spec) -> float:
    """Seconds for drawing inputs and writing them."""
    return input_bytes(spec) / 2e8


def _seconds(cost: Cost, spec: Spec, threads: int) -> float:
    compute = cost.flop / (FLOP_RATE_PER_CORE[spec.dtype] * threads)
    return max(compute, cost.eager_bytes / BYTE_RATE)
