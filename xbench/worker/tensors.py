"""Host arrays handed to a backend, each as the op wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Handle, Spec
from xbench.workloads import get_op

if TYPE_CHECKING:
    import numpy as np


def put(backend: Backend, spec: Spec, name: str, host: np.ndarray[Any, Any]) -> Handle:
    """One of an op's tensors, in the spec's dtype and where the op wants it. What an adapter would
    do by itself is not asked of it, so that a plain one needs no more than `put(host)`."""
    asked: dict[str, str] = {}
    if str(host.dtype) != spec.dtype:
        asked["dtype"] = spec.dtype
    if name in get_op(spec.op).on_host:
        asked["device"] = "cpu"
    return backend.put(host, **asked)
