"""What each reply must hold. A worker may run anything: what it says is looked at before it is
used, so that garbage ends that worker and not the run."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec

from xbench.errors import WorkerDied

Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
"""Nanoseconds, bytes, or how many."""

Signed = Annotated[int, msgspec.Meta(gt=-(1 << 62), lt=1 << 62)]


class _Reading(TypedDict):
    wall_ns: Count
    cpu_ns: Count
    cpu_exact: Count
    minor_faults: Count
    involuntary_switches: Count
    voluntary_switches: Count
    start_ns: Count
    wait_ns: Count
    residual_ns: NotRequired[Count]
    placed_ns: NotRequired[Count]
    suspended_ns: Signed
    stepped_ns: Signed
    traces: Count
    device_ns: NotRequired[Signed]


class _Attested(TypedDict):
    version: NotRequired[str]
    threads: int


class _Opened(TypedDict):
    open_ns: Count
    fence_ns: Count
    python: str
    malloc: str
    threads_worked: Count
    attest: _Attested


class _Costs(TypedDict):
    dispatch_ns: Count
    operator_ns: Count


class _Loaded(TypedDict):
    build_ns: Count
    first: _Reading
    memory_bytes: Count
    copies: Count


class _ReadCost(TypedDict):
    read_ns: Count


class _Kept(TypedDict):
    calls: Count
    wall_ns: Count
    late_ns: list[Count]
    placed_ns: list[Count]


class _New(TypedDict):
    new_ns: Count
    again_ns: list[Count]
    same: list[str]


class _Varied(TypedDict):
    usual_ns: list[Count]
    kept_ns: list[Count]
    new_ns: list[Count]
    same: list[str]


class _Answered(TypedDict):
    traces: Count


class _Peak(TypedDict):
    peak_bytes: Signed
    calls: Count
    method: str
    steady: bool


class _Shown(TypedDict):
    values: dict[str, Any]


class _Prepared(TypedDict):
    id: str
    batch: dict[str, str]
    state: dict[str, str]
    digests: str
    sha256: str


class _Judged(TypedDict):
    problems: list[str]
    checks: dict[str, str]


REPLIES: dict[str, Any] = {
    "open": _Opened, "launch_costs": _Costs, "load": _Loaded, "burst": _Reading,
    "read_cost": _ReadCost, "keep_results": _Kept, "new_operands": _New, "vary_calls": _Varied,
    "answer": _Answered, "peak": _Peak, "exhibit": _Shown, "prepare": _Prepared, "judge": _Judged,
}  # fmt: skip
"""By what was asked; of the others nothing is used, or what they hold goes into typed lines."""


def checked(action: str, result: dict[str, Any]) -> dict[str, Any]:
    """The result as it came. Raises: WorkerDied if it is no answer to `action`."""
    wanted = REPLIES.get(action)
    try:
        if wanted is not None:
            msgspec.convert(result, wanted)
    except msgspec.ValidationError as error:
        raise WorkerDied(f"the worker answered {action!r} with noise: {error}") from None
    return result
