"""Exhibits in a worker: small pieces of a user's code, run once, whose values support claims."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from xbench.contracts import Backend, Exhibit, Spec, Tensors, Variant
from xbench.errors import CellFailed
from xbench.registry import factory_of
from xbench.workloads import get_op


def show(backend: Backend, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Run an exhibit: one of every backend's, or one of the adapter's own.

    Raises: CellFailed("unsupported", ...) if it has none of that name."""
    own: Mapping[str, Exhibit] = getattr(backend, "exhibits", {})
    exhibit = EVERYWHERE.get(name) or own.get(name)
    if exhibit is None:
        raise CellFailed("unsupported", f"{backend.name} has no exhibit {name!r}")
    values: dict[str, Any] = as_json(exhibit(backend, params))
    return values


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


def loss_curve(backend: Backend, params: dict[str, Any]) -> dict[str, Any]:
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
    return {"losses": losses, "label": _label(spec)}


def _variant(params: dict[str, Any]) -> Variant:
    return Variant(params["mode"], params["gradient"])


def _label(spec: Spec) -> str:
    return f"{spec.op}/{get_op(spec.op).label(spec)}/{spec.dtype}"


EVERYWHERE: dict[str, Exhibit] = {"loss_curve": loss_curve}
