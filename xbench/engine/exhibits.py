"""Exhibits, asked of fresh workers: one a backend and mode, untimed, each answer a journal line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xbench.cell import DEFAULT_ALLOCATOR, DEFAULT_MATH, WorkerKey
from xbench.claims.model import Request
from xbench.contracts import Mode
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.records.schema import ExhibitLine
from xbench.registry import load_backend, not_installed

LIMIT_S = 120.0


def show_exhibits(
    workers: Workers, requests: Sequence[Request], write: Callable[[ExhibitLine], None]
) -> None:
    """Run every request. One that fails has a status and a reason; the others go on."""
    wanted = [(each, _key(backend, each.mode)) for each in requests for backend in each.backends]
    named = dict.fromkeys(key.backend for _, key in wanted)
    why = {name: not_installed(name, load_backend(name).probe()) for name in named}
    missing = {name: reason for name, reason in why.items() if reason is not None}
    workers.start(dict.fromkeys(key for _, key in wanted if key.backend not in missing))
    for request, key in wanted:
        name, worker = request.name or request.exhibit, f"{key.backend} {key.mode}"
        try:
            if key.backend in missing:
                raise CellFailed("unsupported", missing[key.backend])
            write(ExhibitLine(exhibit=name, worker=worker, values=_values(workers, key, request)))
        except (CellFailed, WorkerDied) as error:
            status, reason = error.status, error.message
            write(ExhibitLine(exhibit=name, worker=worker, status=status, reason=reason))


def _values(workers: Workers, key: WorkerKey, request: Request) -> dict[str, Any]:
    """What an exhibit gives. Raises: CellFailed; WorkerDied, then the next one gets a fresh one."""
    params = dict(request.params)
    try:
        reply = workers.get(key).call("exhibit", LIMIT_S, name=request.exhibit, params=params)
    except WorkerDied:
        workers.discard(key)
        raise
    values: dict[str, Any] = reply["values"]
    return values


def _key(backend: str, mode: Mode) -> WorkerKey:
    return WorkerKey(backend, "cpu", mode, "all", DEFAULT_MATH, DEFAULT_ALLOCATOR)
