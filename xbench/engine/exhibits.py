"""Exhibits, asked of fresh workers: one a backend and mode, untimed, each answer a journal line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xbench.cell import DEFAULT_ALLOCATOR, DEFAULT_MATH, WorkerKey
from xbench.claims.model import Request
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.records.schema import ExhibitLine

LIMIT_S = 120.0


def show_exhibits(
    workers: Workers, requests: Sequence[Request], write: Callable[[ExhibitLine], None]
) -> None:
    """Run every request. One that fails has a status and a reason; the others go on."""
    keys = {
        (backend, each.mode): _key(backend, each) for each in requests for backend in each.backends
    }
    workers.start(keys.values())
    for request in requests:
        for backend in request.backends:
            write(_shown(workers, keys[backend, request.mode], request))


def _shown(workers: Workers, key: WorkerKey, request: Request) -> ExhibitLine:
    name = request.name or request.exhibit
    worker = f"{key.backend} {key.mode}"
    try:
        reply = workers.get(key).call(
            "exhibit", LIMIT_S, name=request.exhibit, params=dict(request.params)
        )
    except CellFailed as error:
        return ExhibitLine(exhibit=name, worker=worker, status=error.status, reason=error.message)
    except WorkerDied as error:
        workers.discard(key)
        return ExhibitLine(exhibit=name, worker=worker, status=error.status, reason=error.message)
    return ExhibitLine(exhibit=name, worker=worker, values=reply["values"])


def _key(backend: str, request: Request) -> WorkerKey:
    return WorkerKey(backend, "cpu", request.mode, "all", DEFAULT_MATH, DEFAULT_ALLOCATOR)
