"""Exhibits, small pieces of a user's code that are run once for their values: asked of fresh
workers, one a backend and mode, untimed; each answer is a line of the journal. Also the worker's
end of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from xbench.contracts import Backend, Mode, Tensors, Variant
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied
from xbench.extensions import resolve
from xbench.keys import WorkerKey, workload_id
from xbench.ops import get_op
from xbench.process.messages import CallRequest
from xbench.records.schema import ValuesLine
from xbench.registry import factory_of, load_backend, not_installed
from xbench.suites.claims.claim import Exhibit, Request, Values

LIMIT_S = 120.0
SHOW = "xbench.suites.claims.show:show"
"""What a worker is to call."""

OF_BACKENDS = {
    "numpy": "xbench.suites.claims.exhibits_numpy:EXHIBITS",
    "torch": "xbench.suites.claims.exhibits_torch:EXHIBITS",
    "tensorflow": "xbench.suites.claims.exhibits_tensorflow:EXHIBITS",
}
"""Exhibits that are written in a framework. Its worker alone imports them."""


def show_exhibits(workers: Workers, requests: Sequence[Request]) -> Iterator[ValuesLine]:
    """A line of every request and backend. One that fails has a status and a reason; the others go
    on."""
    wanted = [(each, _key(backend, each.mode)) for each in requests for backend in each.backends]
    named = dict.fromkeys(key.backend for _, key in wanted)
    why = {name: not_installed(name, load_backend(name).probe()) for name in named}
    missing = {name: reason for name, reason in why.items() if reason is not None}
    workers.start(dict.fromkeys(key for _, key in wanted if key.backend not in missing))
    for request, key in wanted:
        name = request.name or request.exhibit
        try:
            if key.backend in missing:
                raise CellFailed("unsupported", missing[key.backend])
            yield ValuesLine(name=name, worker=key, values=_values(workers, key, request))
        except (CellFailed, WorkerDied) as error:
            status, reason = error.status, error.message
            yield ValuesLine(name=name, worker=key, status=status, reason=reason)


def _values(workers: Workers, key: WorkerKey, request: Request) -> Values:
    """What an exhibit gives. Raises: CellFailed; WorkerDied, then the next one gets a fresh one."""
    asked = {"name": request.exhibit, "params": dict(request.params)}
    worker = workers.get(key)
    try:
        told = worker.ask(CallRequest(SHOW, asked), LIMIT_S)
    except WorkerDied:
        workers.discard(key)
        raise
    return told.reply


def _key(backend: str, mode: Mode) -> WorkerKey:
    return WorkerKey(backend, "cpu", mode, "all")


# Exhibits in a worker: small pieces of a user's code, run once, whose values support claims.


def show(backend: Backend, name: str, params: Values) -> Values:
    """Run an exhibit: one of every backend's, or one of its framework's own.

    Raises: CellFailed("unsupported", ...) if it has none of that name."""
    exhibit = EVERYWHERE.get(name) or _own(backend.name).get(name)
    if exhibit is None:
        raise CellFailed("unsupported", f"{backend.name} has no exhibit {name!r}")
    values: Values = as_json(exhibit(backend, params))
    return values


def _own(backend: str) -> Mapping[str, Exhibit]:
    path = OF_BACKENDS.get(backend)
    found: Mapping[str, Exhibit] = resolve(path) if path else {}
    return found


def as_json(value: Any) -> Any:
    """The same in JSON's types: arrays as lists, numbers that are not finite as text."""
    if isinstance(value, dict):
        return {str(name): as_json(each) for name, each in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def loss_curve(backend: Backend, params: Values) -> Values:
    """Losses of `steps` calls of a training op from one seeded start, the same for every backend.

    `op`, `params`, `dtype`, `mode`, `gradient` say which; `losses[i]` is that of step i."""
    import numpy as np

    spec = get_op(params["op"]).spec(params["dtype"], **params["params"])
    inputs = get_op(spec.op).inputs(spec, np.random.default_rng(params["seed"]))
    step = factory_of(backend, spec.op)(backend, spec, _variant(params))
    batch: Tensors = {name: backend.put(values) for name, values in inputs.batch.items()}
    state = step.prepare({name: backend.put(values) for name, values in inputs.state.items()})
    losses: list[float] = []
    for _ in range(params["steps"]):
        state, outputs = step.run(state, batch)
        backend.fence(outputs)
        losses.append(float(backend.get(outputs["loss"])))
    return {"losses": losses, "label": workload_id(spec)}


def _variant(params: Values) -> Variant:
    return Variant(params["mode"], params["gradient"])


EVERYWHERE: dict[str, Exhibit] = {"loss_curve": loss_curve}
