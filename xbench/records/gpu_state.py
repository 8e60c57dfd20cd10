"""The state of a GPU at one moment, as its driver told it."""

from __future__ import annotations

import msgspec


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """Null is what the driver did not say. `slowed_by` names what holds the clock down, `clock_set`
    says that the user does. `foreign_bytes` is the memory of processes that are not this run's:
    null where the driver lists none of ours either, so that its list cannot be matched (inside a
    container or a virtual machine)."""

    device: str
    sm_mhz: int | None = None
    max_sm_mhz: int | None = None
    memory_mhz: int | None = None
    celsius: int | None = None
    watts: float | None = None
    limit_watts: float | None = None
    slowed_by: list[str] = []
    clock_set: bool = False
    used_bytes: int | None = None
    foreign_bytes: int | None = None
