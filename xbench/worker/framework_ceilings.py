"""What a framework reaches at most, by its adapter's own `triad` and `matmul`.

A device is reached through a framework only, so its ceilings are the best that a framework of the
run reaches there: bytes/s of y = x + 3 w on arrays far beyond the device's cache, and flop/s of a
product of two square matrices of normal values (zeros draw less power and run faster). Timed by the
device's own events where there are any, so that launching is not in it.

A processor's ceilings come from NumPy (`worker/cpu_ceilings.py`); whether another framework's
product is faster tells `worker/framework_product.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Mode, Spec, Step, Stopwatch, Tensors, Variant
from xbench.ops.base import ITEM_BYTES
from xbench.process.messages import BestReading, CacheReading, CeilingsReply
from xbench.registry import factory_of
from xbench.worker.best_of_repeats import best_of, readings
from xbench.worker.counters import measured
from xbench.worker.loaded_cell import put

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ROWS = 1024
UNKNOWN_CACHE, CACHE_TIMES, MOST_BYTES = 64 << 20, 8, 1 << 30
"""An array of triad is so many times the cache, but no more than that."""

MATRIX_SIZES = (8192, 4096, 2048, 1024)
DRAWN = (1 << 20) - 3  # no multiple of a row: rows differ
CALLS, LEAST_BURSTS, MOST_BURSTS = 5, 5, 40
CACHED_CALLS = 50
"""On data in a cache, whose calls are so short that launching them counts."""

MOST_CALL_NS = 150_000_000
LONG_BURST_NS = 20_000_000
"""Calls that would take longer together are timed alone: other processes disturb fewer of them."""


def device_ceilings(
    backend: Backend,
    mode: Mode,
    dtype: str,
    watch: Stopwatch | None,
    cache_bytes: int,
    budget_s: float,
) -> CeilingsReply:
    """Within about `budget_s`; a figure is None where the adapter lacks the op."""
    array = min(CACHE_TIMES * (cache_bytes or UNKNOWN_CACHE), MOST_BYTES)
    width = array // ROWS // ITEM_BYTES[dtype]
    triad = Spec("triad", (("n", ROWS), ("w", width)), dtype)
    walls = _best(backend, mode, triad, ("x", "w"), (ROWS, width), watch, budget_s / 2)
    n, products = _product(backend, mode, dtype, watch, budget_s / 2)
    moved = 3 * ROWS * width * ITEM_BYTES[dtype]
    return CeilingsReply(
        caches=_cache(backend, mode, dtype, watch, cache_bytes),
        bandwidth=_rate([moved / each * 1e9 for each in walls]),
        compute=_rate([2 * n**3 / each * 1e9 for each in products]),
        array_bytes=moved // 3,
        cache_bytes=cache_bytes,
        matrix_n=n if products else 0,
    )


def _cache(
    backend: Backend, mode: Mode, dtype: str, watch: Stopwatch | None, cache_bytes: int
) -> list[CacheReading]:
    """Bytes/s of triad on arrays that together fill half of the device's last cache; none where its
    size is not known."""
    width = cache_bytes // 2 // 3 // ROWS // ITEM_BYTES[dtype]
    if width < 1:
        return []
    triad = Spec("triad", (("n", ROWS), ("w", width)), dtype)
    walls = _best(backend, mode, triad, ("x", "w"), (ROWS, width), watch, 0.0, CACHED_CALLS)
    rate = _rate([3 * ROWS * width * ITEM_BYTES[dtype] / each * 1e9 for each in walls])
    return [CacheReading(2, cache_bytes, rate)] if rate else []


def _product(
    backend: Backend, mode: Mode, dtype: str, watch: Stopwatch | None, budget_s: float
) -> tuple[int, list[float]]:
    """Returns: of the sizes whose product is quick enough, the one of the highest rate, and the
    nanoseconds of each of its calls."""
    found: dict[int, list[float]] = {}
    expected_ns = 0.0
    for n in reversed(MATRIX_SIZES):
        spec = Spec("matmul", (("m", n), ("k", n), ("n", n)), dtype)
        calls = CALLS if CALLS * expected_ns < LONG_BURST_NS else 1
        last = n == MATRIX_SIZES[0]
        times = _best(
            backend, mode, spec, ("a", "b"), (n, n), watch, budget_s if last else 0.0, calls
        )
        if not times:
            break
        found[n], expected_ns = times, 8 * min(times)
        if expected_ns > MOST_CALL_NS:
            break
    n = max(found, key=lambda n: n**3 / min(found[n]), default=0)
    return n, found.get(n, [])


def _best(
    backend: Backend,
    mode: Mode,
    spec: Spec,
    names: tuple[str, ...],
    shape: tuple[int, int],
    watch: Stopwatch | None,
    budget_s: float,
    calls: int = CALLS,
) -> list[float]:
    """Nanoseconds of one call in each burst, the first left out; none if the op is not offered."""
    variant = Variant(mode, "none")
    if backend.supports(spec.op, spec.dtype, variant) is not None:
        return []
    step = factory_of(backend, spec.op)(backend, spec, variant)
    values = _normal(shape, spec.dtype)
    batch = {name: put(backend, spec, name, values) for name in names}
    burst = _burst(backend, step, batch, watch, calls)
    burst()
    return list(readings(burst, budget_s, LEAST_BURSTS, MOST_BURSTS))


def _normal(shape: tuple[int, int], dtype: str) -> Array:
    """Normal values, a few drawn and repeated: drawing them all took longer than measuring."""
    import numpy as np

    drawn = np.random.default_rng(1).standard_normal(DRAWN, "float32")
    values = np.resize(drawn, shape)
    return values if dtype == "bfloat16" else values.astype(dtype)


def _burst(
    backend: Backend, step: Step, batch: Tensors, watch: Stopwatch | None, calls: int
) -> Callable[[], float]:
    def work() -> None:
        if watch is not None:
            watch.start()
        outputs: Tensors = {}
        for _ in range(calls):
            _, outputs = step.run({}, batch)
        if watch is not None:
            watch.stop()
        backend.fence(outputs)

    def burst() -> float:
        wall = measured(work).wall_ns
        return (wall if watch is None else max(watch.elapsed_ns(), 1)) / calls

    return burst


def _rate(rates: list[float]) -> BestReading | None:
    return best_of(rates) if rates else None
