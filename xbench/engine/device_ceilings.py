"""The ceilings of devices other than the CPU: the best that any framework of the plan reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xbench.cell import WorkerKey
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.plan.plan import Plan
from xbench.records.ceilings_cache import device_key
from xbench.registry import load_backend

LIMIT_S = 180.0
Kind = tuple[str, str, str]
"""Device, dtype and math: what decides a device's ceilings."""


def kinds(plan: Plan) -> dict[Kind, list[WorkerKey]]:
    """What is to be known of the plan's devices, and the workers it may be asked of: an eager one
    of each backend that has one there, else any."""
    found: dict[Kind, dict[str, WorkerKey]] = {}
    for cell in (cell for group in plan.groups for cell in group.cells):
        key = cell.worker
        if key.device == "cpu" or key.side:
            continue
        mine = found.setdefault((key.device, cell.spec.dtype, key.math), {})
        if key.backend not in mine or key.mode == "eager":
            mine[key.backend] = key
    return {kind: list(keys.values()) for kind, keys in found.items()}


def cache_name(kind: Kind, keys: list[WorkerKey]) -> str:
    """The file that keeps these ceilings."""
    by = (f"{key.backend} {load_backend(key.backend).probe().version}" for key in keys)
    return device_key(*kind, by=tuple(sorted(by)))


def measure_device(
    kind: Kind, keys: list[WorkerKey], plan: Plan, settings: Settings, budget_s: float
) -> dict[str, Any]:
    """The fields of a ceilings line, each figure the best of the frameworks, one after another.

    Raises: CellFailed, WorkerDied if none of them could measure; the last one's reason."""
    replies: dict[str, dict[str, Any]] = {}
    error: CellFailed | WorkerDied | None = None
    for key in (replace(key, threads="all") for key in keys):
        with Workers(settings, 0, plan.cores, _unrecorded) as workers:
            try:
                replies[key.backend] = workers.get(key).call(
                    "ceilings", LIMIT_S, mode=key.mode, dtype=kind[1], budget_s=budget_s
                )
            except (CellFailed, WorkerDied) as found:
                error = found
    if not replies:
        raise error or CellFailed("unsupported", "no framework of this run reaches the device")
    bandwidth, compute = (_best_of(replies, name) for name in ("bandwidth", "compute"))
    return {
        "bandwidth": bandwidth["bandwidth"], "compute": compute["compute"],
        "caches": _fastest_cache(replies),
        "array_bytes": bandwidth["array_bytes"],
        "cache_bytes": max(reply["cache_bytes"] for reply in replies.values()),
        "matrix_n": compute["matrix_n"], "by": ", ".join(replies),
    }  # fmt: skip


def _fastest_cache(replies: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The caches of the reply whose first is the fastest; none if nobody knows of any."""
    known = [reply["caches"] for reply in replies.values() if reply["caches"]]
    return max(known, key=lambda caches: caches[0]["bandwidth"]["best"], default=[])


def _best_of(replies: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The reply whose figure of that name is the best."""
    return max(
        replies.values(), key=lambda reply: reply[name]["best"] if reply[name] is not None else 0.0
    )


def _unrecorded(facts: dict[str, Any]) -> None:
    """The journal's worker lines are of those that time cells."""
