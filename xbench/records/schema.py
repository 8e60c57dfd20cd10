"""The lines of a journal. Times are nanoseconds of whole bursts, exactly as they were taken.

A journal is `run.jsonl`: a header, a line for every set of ceilings, worker that opened, (group,
launch) that was measured, cell's peak memory and values that a command asked for, then a footer.
Unknown fields are ignored when read; another `schema_version` is refused. Lines are told apart by
`type`.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Annotated, Any, Literal

import msgspec

from xbench.errors import Status
from xbench.keys import CellKey, WorkerKey
from xbench.machine.nvml import GpuState

Launching = Literal["adaptive", "deciding", "fixed"]
"""What decides how many launches there are: `xbench/analysis/stopping.py` has the rules."""

MOST_LAUNCHES = 20
"""That a group gets which stays undecided."""

SCHEMA_VERSION = 4
"""A journal of any other version is refused: read it with the xbench that wrote it."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # 292 years of nanoseconds


class CellPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the plan: which cell, its place on a scaling curve, and what was predicted.

    `flop`, `min_bytes`, `eager_bytes` and `operators` (of its eager form; null: unknown) are of one
    call. `status` is null where a number was to be taken; `default_gradient` tells whether the
    gradient is the backend's own default. `pair` is there in an A/B only: what both cells of a pair
    have alike."""

    key: CellKey
    group: str
    family: str
    width: int
    default_gradient: bool
    flop: int
    min_bytes: int
    eager_bytes: int
    predicted_s: float
    predicted_bytes: int
    operators: int | None = None
    status: Status | None = None
    reason: str = ""
    pair: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def id(self) -> str:
        """The key's."""
        return self.key.id


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header"):
    """The first line. `launches` are the most there will be; with a `target` (a half-width, as a
    share) they may end at a look; where `launching` is `deciding`, groups may get more, until it is
    decided which cell is the fastest. `rounds` is null where `group_s` decides."""

    schema_version: int
    xbench_version: str
    run_id: str
    started_utc: str
    preset: str
    command: list[str]
    seed: int
    launches: int
    group_s: float
    rounds: int | None = None
    target: float | None = None
    launching: Launching = "fixed"
    plan_hash: str
    cells: list[CellPlan]
    environment: dict[str, Any]


class Figure(msgspec.Struct, frozen=True):
    """The best of `repeats` readings; `spread` is how far their median lies from it, as a share."""

    best: float
    spread: float
    repeats: int


class CacheBandwidth(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes/s at a working set of half of the caches of a level, which together hold
    `size_bytes`."""

    level: int
    size_bytes: Int64
    bandwidth: Figure


class CeilingsLine(msgspec.Struct, frozen=True, kw_only=True, tag="ceilings"):
    """What the machine reaches at most, for cells of this device, dtype, math, threads and
    allocator; on another device than the CPU, the best that a framework of the run (`by`) reaches.

    `bandwidth` of the memory in bytes/s (`array_bytes` an array, `cache_bytes` the last-level
    caches, 0: unknown), of each level of `caches`, the nearest first; compute in flop/s of a
    product of `matrix_n` square matrices, the best of NumPy's BLAS and of the frameworks of the run
    (`by` names whose it is); a fault on a page of `page_bytes` in ns. A figure is null where it
    could not be taken; `reason` says why. `cached`: measured before this run."""

    device: str
    dtype: str
    threads: str
    allocator: str
    measured_utc: str
    math: str = "ieee"
    by: str = ""
    cached: bool = False
    bandwidth: Figure | None = None
    caches: list[CacheBandwidth] = []
    compute: Figure | None = None
    fault_ns: Figure | None = None
    array_bytes: Int64 = 0
    cache_bytes: Int64 = 0
    matrix_n: Int64 = 0
    page_bytes: Int64 = 0
    reason: str = ""


class WorkerLine(msgspec.Struct, frozen=True, kw_only=True, tag="worker"):
    """A worker that opened: `open_ns` is the framework's import, `fence_ns` an idle fence with its
    clock reads, `attest` what the adapter read back. `dispatch_ns` is a call that does no work,
    `operator_ns` what each operator on a single entry adds to it in eager mode; 0: unknown. `core`:
    where its main thread began every burst; null: left to the scheduler. `environment` holds the
    variables that were chosen for it or decide speed, `inherited` the names of the others;
    `malloc` is the library that replaces the C library's, if one does; `threads_worked` how many
    threads took part in a large product (0: unknown)."""

    launch: int
    worker: WorkerKey
    pid: int
    environment: dict[str, str]
    open_ns: Int64
    fence_ns: Int64
    python: str
    attest: dict[str, Any]
    dispatch_ns: Int64 = 0
    operator_ns: Int64 = 0
    core: int | None = None
    inherited: list[str] = []
    malloc: str = ""
    threads_worked: Int64 = 0


class Samples(msgspec.Struct, kw_only=True, gc=False):
    """One value for each burst, in the order taken; times are in nanoseconds.

    Wall time, CPU time of all threads, page faults and context switches. `cpu_exact` is 0 where
    only the process's clock could tell the CPU time, which lags by a scheduler's tick.
    `residual_ns`: how long after the claimed end the smallest output was on the host; `placed_ns`:
    how long it took to read a tensor of its shape that was put before. Each is taken after every
    other burst.
    `idle_cpu_ns`: CPU time that the worker used before the burst, while it was to stand still.
    `wait_ns`: how long its threads were runnable during the burst and had no core, summed.
    `device_ns`: the device's own time from start to end of the burst, by events in its queue; empty
    where there are none, -1 if the end had not come when the fence returned."""

    wall_ns: MutableSequence[Int64] = []
    cpu_ns: MutableSequence[Int64] = []
    cpu_exact: MutableSequence[Int64] = []
    minor_faults: MutableSequence[Int64] = []
    involuntary_switches: MutableSequence[Int64] = []
    voluntary_switches: MutableSequence[Int64] = []
    start_ns: MutableSequence[Int64] = []
    residual_ns: MutableSequence[Int64] = []
    placed_ns: MutableSequence[Int64] = []
    idle_cpu_ns: MutableSequence[Int64] = []
    wait_ns: MutableSequence[Int64] = []
    device_ns: MutableSequence[Int64] = []

    def extend(self, other: Samples) -> None:
        """All bursts of another."""
        for name in self.__struct_fields__:
            getattr(self, name).extend(getattr(other, name))


class CellLine(msgspec.Struct, kw_only=True, gc=False):
    """One cell in one launch. A cell that is not `ok` has no samples.

    `calls` and `lead_in` say how a burst is made; `calibration` are the bursts tried before that
    was settled, of `calibration_calls` each. `read_ns` is what reading a finished output costs;
    `copies` how many copies of the operands the calls took in turn (1 in a warm cell); `check` how
    each output was compared (`full` or `sampled`); `unchecked` why not every check was made that
    each call does its own work; `overhead` the share of an idle fence in the median burst.
    `latency` holds bursts of one call, where `calls` is more."""

    key: CellKey
    status: Status = "ok"
    reason: str = ""
    calls: int = 0
    lead_in: Int64 = 0
    read_ns: Int64 = 0
    copies: Int64 = 1
    build_ns: Int64 = 0
    first_ns: Int64 = 0
    memory_bytes: Int64 = 0
    overhead: float = 0.0
    warmup_converged: bool = False
    check: dict[str, str] = {}
    unchecked: str = ""
    warmup: Samples = msgspec.field(default_factory=Samples)
    calibration: Samples = msgspec.field(default_factory=Samples)
    calibration_calls: MutableSequence[Int64] = []
    timed: Samples = msgspec.field(default_factory=Samples)
    latency: Samples = msgspec.field(default_factory=Samples)

    @property
    def id(self) -> str:
        """The key's."""
        return self.key.id


class GroupLine(msgspec.Struct, kw_only=True, tag="group"):
    """One group in one launch. `order[r]` lists the places in `cells` of round r's bursts;
    `canary_ns[r]` is the time of a fixed piece of work on all cores just before them; `gpus` are
    the states of its device before the first round and after the last, where a driver tells.
    `jumps` are bursts measured again, with why; `unlocked`: others may have measured meanwhile."""

    group: str
    launch: Int64
    started_utc: str
    inputs_sha256: str
    order: list[list[Int64]]
    cells: list[CellLine]
    canary_ns: MutableSequence[Int64] = []
    gpus: list[GpuState] = []
    jumps: list[str] | msgspec.UnsetType = msgspec.UNSET
    unlocked: bool | msgspec.UnsetType = msgspec.UNSET


class MemoryLine(msgspec.Struct, frozen=True, kw_only=True, tag="memory"):
    """What one cell needed at its most, in a process of its own with allocator `system`.

    `peak_bytes`: the highest reading while the inputs were put, the step was built and `calls`
    calls were made, less what was held just before (`worker/peak.py` says it exactly). `method`:
    where it was read, `VmHWM` or `ru_maxrss` (the process's resident memory) or `framework` (its
    own counter, on a device). `imprecise`: it was still rising at the last call. With any other
    status but `ok` there is no figure. A cell's times stand whatever happened here."""

    key: CellKey
    status: Status = "ok"
    reason: str = ""
    peak_bytes: Int64 | None = None
    calls: int = 0
    method: str = ""

    @property
    def id(self) -> str:
        """The key's."""
        return self.key.id


class ValuesLine(msgspec.Struct, frozen=True, kw_only=True, tag="values"):
    """What a command asked of a worker after the last launch, by the name the command gave it. Not
    timed. `values` are the command's own JSON: the schema does not know their keys. A status other
    than `ok` has a reason and no values."""

    name: str
    worker: WorkerKey
    status: Status = "ok"
    reason: str = ""
    values: dict[str, Any] = {}


class ActionTime(msgspec.Struct, frozen=True):
    """Seconds that a run spent on an action: up to the end of its first launch, and after it."""

    action: str
    first_s: float
    later_s: float


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag="footer"):
    """The last line: `outcome` is `complete`, `budget` (it ended first) or `interrupted`; `unmet`
    says what a run with a target or a budget could not reach; `spent`: where its time went."""

    ended_utc: str
    outcome: str
    unmet: list[str] = []
    spent: list[ActionTime] = []


Line = Header | CeilingsLine | WorkerLine | GroupLine | MemoryLine | ValuesLine | Footer


CEILING_KEY = ("device", "dtype", "math", "threads", "allocator")
"""What decides which cells a line is for."""


def ceiling_key(line: CeilingsLine) -> tuple[str, ...]:
    """Which cells a line is for: those whose key has this `ceiling_key`."""
    return tuple(str(getattr(line, name)) for name in CEILING_KEY)


def keep_latest(lines: list[CeilingsLine], line: CeilingsLine) -> None:
    """Add a line, in the place of an earlier one for the same cells."""
    keys = [ceiling_key(each) for each in lines]
    if ceiling_key(line) in keys:
        lines[keys.index(ceiling_key(line))] = line
    else:
        lines.append(line)
