"""What a run is told beside its plan, and the journal's first line, which keeps all of that."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from xbench.machine.machine import this_machine
from xbench.machine.surroundings import MachineState, machine_state
from xbench.ops import get_op
from xbench.plan.build import Row
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan
from xbench.process.environment import RunVariables, run_variables
from xbench.process.side import SideSetup
from xbench.records.aa_record import kept
from xbench.records.schema import SCHEMA_VERSION, CellPlan, Header
from xbench.registry import load_backend
from xbench.version import __version__


@dataclass(frozen=True, slots=True)
class Settings:
    """`seed` decides data and orders; `folder` is the run's own; `suites` are users' files, which
    every worker loads; `timeout_s` is the shortest time limit of a request to a worker; `budget_s`
    what the whole run may take; `fresh_ceilings` has the machine's ceilings measured even if known,
    and without `ceilings` none are; `sides` are those of an A/B, by name; `unlocked`: others may be
    measuring on this machine; `variables` are the user's own for every worker (`--env`)."""

    seed: int
    folder: Path
    suites: tuple[str, ...] = ()
    timeout_s: float = 60.0
    budget_s: float | None = None
    fresh_ceilings: bool = False
    ceilings: bool = True
    sides: Mapping[str, SideSetup] = field(default_factory=dict)
    unlocked: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """Inputs, results on their way to the oracle, frameworks' caches. Deleted at the end."""
        return self.folder / "scratch"

    @property
    def logs(self) -> Path:
        """What the workers printed, a file each."""
        return self.folder / "logs"


# The journal's first line: who measured what, where, and how it was asked for.


def new_run_id() -> str:
    """`<UTC>-<id>`, the name of the run's folder: sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class RunEnvironment(MachineState, RunVariables):
    """What a header keeps of the machine; `selftest` is the last A/A that was measured on it."""

    selftest: Any  # `AaRecord` in JSON's types, or None: msgspec makes it, of no type it names


def run_environment(given: Mapping[str, str]) -> RunEnvironment:
    """What a header keeps of the machine: its state, the last A/A that was measured on it, and the
    variables of the workers, of which `given` are the user's."""
    kept_here = msgspec.to_builtins(kept(this_machine().key))
    return {**machine_state(given.get("CXX")), "selftest": kept_here, **run_variables(given)}


def make_header(
    plan: Plan,
    run_id: str,
    preset: str,
    command: list[str],
    seed: int,
    given: Mapping[str, str] | None = None,
) -> Header:
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
        launching=plan.launching,
        plan_hash=plan.hash,
        cells=[_cell_plan(plan, row, groups.get(row.cell.id)) for row in plan.rows],
        environment={**run_environment(given or {})},
    )


def _cell_plan(plan: Plan, row: Row, group: str | None) -> CellPlan:
    cell = row.cell
    op = get_op(cell.spec.op)
    cost, predicted = op.cost(cell.spec), plan.predictions[cell.id]
    return CellPlan(
        key=cell.key,
        group=group or cell.key.group_id,
        family=cell.family,
        width=cell.width,
        default_gradient=_is_default(cell),
        flop=cost.flop,
        min_bytes=cost.min_bytes,
        eager_bytes=cost.eager_bytes,
        predicted_s=predicted.call_s,
        predicted_bytes=predicted.held_bytes,
        operators=cost.operators,
        status=row.status,
        reason=row.reason,
        pair=cell.pair or UNSET,
    )


def _is_default(cell: Cell) -> bool:
    return cell.key.gradient in ("none", _default_gradient(cell.key.backend))


@cache
def _default_gradient(backend: str) -> str:
    return load_backend(backend).probe().default_gradient
