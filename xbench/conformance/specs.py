"""Every built-in op at small sizes."""

from __future__ import annotations

from collections.abc import Iterator

from xbench.contracts import Spec
from xbench.workloads import OPS

STREAMS = ("noop", "copy", "triad", "elementwise", "elementwise_grad")
TRANSFERS = ("host_to_device", "device_to_host")
PRODUCTS = ("matmul", "linear", "linear_layer")
FORWARD = ("mlp_forward", "mlp_forward_recorded")
NETWORKS = (
    {"n": 20, "d": 1, "h": 40, "o": 1},
    {"n": 16, "d": 30, "h": 40, "o": 3, "bias": 0},
)
LOSSES = (("mse", "adam"), ("sse", "sgd"), ("bce", "adam"))


def specs_of(op: str, dtype: str) -> Iterator[Spec]:
    """The specs of one op: odd sizes, and the networks with every loss, optimizer and bias. None
    for an op that is not built in."""
    if op in (*STREAMS, *TRANSFERS):
        yield OPS[op].spec(dtype, n=7, w=33)
    elif op in PRODUCTS:
        yield OPS[op].spec(dtype, m=5, k=60, n=17)
    for sizes in NETWORKS:
        if op in FORWARD:
            yield OPS[op].spec(dtype, **sizes)
        for loss, optimizer in LOSSES:
            if op == "mlp_backward":
                yield OPS[op].spec(dtype, loss=loss, **sizes)
            elif op == "mlp_train":
                yield OPS[op].spec(dtype, loss=loss, optimizer=optimizer, **sizes)
