"""Flop/s of an adapter's own product, taken so that nothing but computing it can give it.

A ceiling that a framework reports of itself must not be inflated by work that is left undone: each
product has operands that were never seen, its whole result is on the host before the clock is read,
and it is checked (Freivalds, 1977)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Mode, Spec, Tensors, Variant
from xbench.errors import CellFailed
from xbench.ops.rounding import host_dtype
from xbench.process.messages import ProductReply
from xbench.registry import factory_of
from xbench.worker.best_of_repeats import best_of, readings
from xbench.worker.loaded_cell import put

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SIZES, LONGEST_S = (512, 1024, 2048, 4096), 0.15
LEAST, MOST = 3, 12
OFF = 0.05
"""How far a checked sum may lie from the right one, as a share of its size: no wrong product is so
near, and bfloat16 is nearer."""


def product_rate(backend: Backend, mode: Mode, dtype: str, budget_s: float) -> ProductReply:
    """The best of several products of square matrices within about `budget_s`.

    Raises: CellFailed("invalid") for a wrong product."""
    variant = Variant(mode, "none")
    if backend.supports("matmul", dtype, variant) is not None:
        return ProductReply(None, 0)
    trial = Trial(backend, variant, dtype, SIZES[0])
    for n in SIZES[1:]:
        trial.once()
        if 8 * trial.once() > LONGEST_S:
            break
        trial = Trial(backend, variant, dtype, n)
    seconds = readings(trial.once, budget_s, LEAST, MOST)
    return ProductReply(best_of([2 * trial.n**3 / each for each in seconds]), trial.n)


class Trial:
    """Products of n x n matrices in one dtype, each of operands of its own."""

    def __init__(self, backend: Backend, variant: Variant, dtype: str, n: int) -> None:
        import numpy as np

        self.n = n
        self._backend = backend
        self._spec = Spec("matmul", (("m", n), ("k", n), ("n", n)), dtype)
        self._step = factory_of(backend, "matmul")(backend, self._spec, variant)
        random = np.random.default_rng(n)
        self._base = {name: random.standard_normal((n, n), "float32") for name in "ab"}
        self._vector = random.standard_normal(n)
        self._number = 0
        self._before = self._put(self._next())

    def once(self) -> float:
        """Seconds of one product and of bringing it to the host, just after another one: a pool of
        threads that was asleep has woken."""
        import numpy as np

        backend, host = self._backend, self._next()
        batch = self._put(host)
        _, outputs = self._step.run({}, self._before)
        backend.fence(outputs)
        start = time.perf_counter()
        _, outputs = self._step.run({}, batch)
        backend.fence(outputs)
        found = np.asarray(backend.get(outputs["y"]))
        seconds = time.perf_counter() - start
        _check(backend.name, host["a"], host["b"], found, self._vector)
        self._before = batch
        return seconds

    def _next(self) -> dict[str, Array]:
        """Matrices that differ in every entry from all before."""
        self._number += 1
        scale = 1.0 + self._number / 64
        dtype = host_dtype(self._spec.dtype)
        return {name: (values * scale).astype(dtype) for name, values in self._base.items()}

    def _put(self, host: dict[str, Array]) -> Tensors:
        batch = {
            name: put(self._backend, self._spec, name, values) for name, values in host.items()
        }
        self._backend.fence(batch)
        return batch


def _check(name: str, a: Array, b: Array, y: Array, v: Array) -> None:
    """Whether y = a b, by a random vector. Raises: CellFailed("invalid")."""
    import numpy as np

    right, found = a.astype("float64") @ (b.astype("float64") @ v), y.astype("float64") @ v
    off = np.linalg.norm(found - right) / np.linalg.norm(right)
    if not off <= OFF:
        raise CellFailed("invalid", f"{name}: a product is off by {off:.2g} of its size")
