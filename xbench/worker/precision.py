"""How many bits of its factors a float32 product keeps, by the op that is timed."""

from __future__ import annotations

from xbench.contracts import Backend, Mode, Spec, Variant
from xbench.registry import factory_of

CANARY_SIZE = 256
"""Rows: enough that a device uses the kernel of its large products."""

LEAST_BITS = 8
"""Of bfloat16. What keeps fewer does not multiply: its results are wrong, which the oracle says."""


def product_bits(backend: Backend, mode: Mode) -> int:
    """Significant bits that survive the very `matmul` of an opened adapter: 24 in IEEE float32, 11
    in TF32, 8 in bfloat16.

    Row i of a diagonal matrix holds 1 + 2**-i, which needs i + 1 bits, times the identity."""
    import numpy as np

    spec = Spec("matmul", tuple((name, CANARY_SIZE) for name in "mkn"), "float32")
    step = factory_of(backend, "matmul")(backend, spec, Variant(mode, "none"))
    exact = 1.0 + 2.0 ** -np.arange(1.0, 24.0)
    a = np.eye(CANARY_SIZE, dtype="float32")
    b = backend.put(a)
    np.fill_diagonal(a[: exact.size], exact)
    _, outputs = step.run({}, {"a": backend.put(a), "b": b})
    kept = backend.get(outputs["y"]).diagonal()[: exact.size] == exact
    return 1 + int(kept.size if kept.all() else kept.argmin())
