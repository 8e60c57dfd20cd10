"""The journal's first line: who measured what, where, and how it was asked for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from msgspec import UNSET

from xbench import __version__
from xbench.cell import Cell
from xbench.launch.environment import variables_of
from xbench.plan.build import Row
from xbench.plan.plan import Plan
from xbench.records.machine import environment
from xbench.records.schema import SCHEMA_VERSION, CellPlan, Header
from xbench.registry import load_backend
from xbench.workloads import get_op


def new_run_id() -> str:
    """`<UTC>-<id>`, the name of the run's folder: sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def make_header(
    plan: Plan, run_id: str, preset: str, command: list[str], seed: int,
    given: Mapping[str, str] | None = None,
) -> Header:  # fmt: skip
    """The header of a run about to begin; `given` are the user's variables for workers."""
    groups = {cell.id: group.id for group in plan.groups for cell in group.cells}
    return Header(
        schema_version=SCHEMA_VERSION,
        xbench_version=__version__,
        run_id=run_id,
        started_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        preset=preset,
        command=command,
        seed=seed,
        launches=plan.launches,
        group_s=plan.group_s,
        rounds=plan.rounds,
        target=plan.target,
        plan_hash=plan.hash,
        cells=[_cell_plan(plan, row, groups.get(row.cell.id)) for row in plan.rows],
        environment=environment((given or {}).get("CXX")) | variables_of(given or {}),
    )


def _cell_plan(plan: Plan, row: Row, group: str | None) -> CellPlan:
    cell = row.cell
    op, key = get_op(cell.spec.op), cell.worker
    cost, predicted = op.cost(cell.spec), plan.predictions[cell.id]
    return CellPlan(
        id=cell.id, group=group or cell.group_id, op=op.name, params=dict(cell.spec.params),
        dtype=cell.spec.dtype, backend=key.backend, device=key.device, mode=key.mode,
        gradient=cell.gradient, threads=key.threads, math=key.math, allocator=key.allocator,
        family=cell.family, width=cell.width, default_gradient=_is_default(cell),
        flop=cost.flop, min_bytes=cost.min_bytes, eager_bytes=cost.eager_bytes,
        predicted_s=predicted.call_s, predicted_bytes=predicted.held_bytes,
        operators=cost.operators, cache=cell.cache,
        status=row.status, reason=row.reason, side=key.side or UNSET, pair=cell.pair or UNSET,
    )  # fmt: skip


def _is_default(cell: Cell) -> bool:
    return cell.gradient in ("none", _default_gradient(cell.worker.backend))


@cache
def _default_gradient(backend: str) -> str:
    return load_backend(backend).probe().default_gradient
