"""Every op xbench knows, by name: `OPS` holds the built-in ones and those of user suites."""

from __future__ import annotations

from xbench.contracts import Spec
from xbench.errors import UsageError
from xbench.text import near
from xbench.workloads import mlp, products, streams, transfers
from xbench.workloads.base import Op

__all__ = ["OPS", "Op", "get_op", "label"]

OPS: dict[str, Op] = {
    op.name: op
    for op in (
        streams.NOOP,
        streams.COPY,
        streams.TRIAD,
        streams.ELEMENTWISE,
        streams.ELEMENTWISE_GRAD,
        transfers.HOST_TO_DEVICE,
        transfers.DEVICE_TO_HOST,
        products.MATMUL,
        products.LINEAR,
        products.LINEAR_LAYER,
        mlp.MLP_FORWARD,
        mlp.MLP_FORWARD_RECORDED,
        mlp.MLP_BACKWARD,
        mlp.MLP_TRAIN,
    )
}


def get_op(name: str) -> Op:
    """The op of that name. Raises: UsageError, naming the nearest."""
    if name not in OPS:
        raise UsageError(f"no op is called {name!r}", near(name, OPS))
    return OPS[name]


def label(spec: Spec) -> str:
    """The spec in a cell id: `m64-k1000-n512`."""
    return get_op(spec.op).label(spec)
