"""The lines of a journal. Times are nanoseconds of whole bursts, exactly as they were taken.

A journal is `run.jsonl`: a header, then a line for every worker that opened and for every (group,
launch) that was measured, then a footer. Unknown fields are ignored when read; a higher
`schema_version` is refused. Lines are told apart by `type`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from xbench.errors import Status

SCHEMA_VERSION = 1


class CellPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the plan: everything the id says, field by field, and what was predicted.

    `flop`, `min_bytes` and `eager_bytes` are of one call. `status` is null where a number was to be
    taken; `default_gradient` tells whether the gradient is the backend's own default."""

    id: str
    group: str
    op: str
    params: dict[str, int | str]
    dtype: str
    backend: str
    device: str
    mode: str
    gradient: str
    threads: str
    math: str
    allocator: str
    family: str
    width: int
    default_gradient: bool
    flop: int
    min_bytes: int
    eager_bytes: int
    predicted_s: float
    predicted_bytes: int
    status: Status | None = None
    reason: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header"):
    """The first line."""

    schema_version: int
    xbench_version: str
    run_id: str
    started_utc: str
    preset: str
    command: list[str]
    seed: int
    launches: int
    group_s: float
    plan_hash: str
    cells: list[CellPlan]
    environment: dict[str, Any]


class WorkerLine(msgspec.Struct, frozen=True, kw_only=True, tag="worker"):
    """A worker that opened: `open_ns` is the framework's import, `fence_ns` an idle fence with its
    clock reads, `attest` what the adapter read back."""

    launch: int
    worker: str
    pid: int
    environment: dict[str, str]
    open_ns: int
    fence_ns: int
    python: str
    attest: dict[str, Any]


class Samples(msgspec.Struct, kw_only=True):
    """Per burst, in the order taken: wall and CPU time (all threads), faults, context switches."""

    wall_ns: list[int] = []
    cpu_ns: list[int] = []
    minor_faults: list[int] = []
    involuntary_switches: list[int] = []
    voluntary_switches: list[int] = []
    start_ns: list[int] = []


class CellLine(msgspec.Struct, kw_only=True):
    """One cell in one launch. A cell that is not `ok` has no samples.

    `calls` and `lead_in` say how a burst is made; `check` how each output was compared (`full` or
    `sampled`); `overhead` is the share of an idle fence in the median burst."""

    id: str
    status: Status = "ok"
    reason: str = ""
    calls: int = 0
    lead_in: int = 0
    build_ns: int = 0
    first_ns: int = 0
    memory_bytes: int = 0
    overhead: float = 0.0
    warmup_converged: bool = False
    check: dict[str, str] = {}
    warmup: Samples = msgspec.field(default_factory=Samples)
    timed: Samples = msgspec.field(default_factory=Samples)


class GroupLine(msgspec.Struct, kw_only=True, tag="group"):
    """One group in one launch. `order[r]` lists the places in `cells` of round r's bursts."""

    group: str
    launch: int
    started_utc: str
    inputs_sha256: str
    order: list[list[int]]
    cells: list[CellLine]


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag="footer"):
    """The last line: `outcome` is `complete` or `interrupted`."""

    ended_utc: str
    outcome: str


Line = Header | WorkerLine | GroupLine | Footer
