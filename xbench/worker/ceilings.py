"""The worker that measures what this machine's processor reaches at most, with NumPy alone."""

from __future__ import annotations

import mmap
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from xbench.worker.caches import last_level_bytes
from xbench.worker.serve import Handler, serve
from xbench.workloads.rounding import HALVES

if TYPE_CHECKING:
    import numpy as np

    Arrays = tuple[np.ndarray[Any, Any], ...]

Reply = dict[str, Any]
LEAST_REPEATS, MOST_REPEATS = 3, 30
SMALLEST_BYTES, LARGEST_BYTES = 64 << 20, 1 << 30
"""Of an array: small ones would stay in caches that nobody told of, large ones only cost time."""

MEMORY_SHARE = 16
CACHED_TIMES = 2
"""Arrays that together hold less than this many times the caches would tell of the caches."""

TOO_LITTLE = "memory not measured: what is free of it, the caches hold"
NO_PRODUCT = "compute not measured: no BLAS of NumPy's multiplies {dtype}"
BLOCK_BYTES = (256 << 10, 1 << 20)
MAPPING_BYTES = 16 << 20
MATRIX_SIZES = (1024, 2048, 4096, 8192)
PRODUCT_S = 0.15


def main(config: dict[str, Any]) -> None:
    """Serve one thread count; the environment has sized the BLAS."""
    handlers: dict[str, Handler] = {"measure": measure, "close": dict}
    serve(config["read_fd"], config["write_fd"], handlers, lambda _: None)


def measure(dtype: str, threads: int, budget_s: float, memory_bytes: int) -> Reply:
    """All ceilings of a dtype within about `budget_s`; `memory_bytes` is what may be used.

    Returns: `bandwidth` (bytes/s), `compute` (flop/s), `fault_ns` (null if not one fault a page),
    each as best, spread, repeats; `array_bytes`, `cache_bytes`, `matrix_n`, `page_bytes`; `reason`
    where the bandwidth is null, or the compute in a dtype of 16 bits, whose products NumPy has no
    BLAS for. The bandwidth is then that of float32: bytes are bytes."""
    halves = dtype in HALVES
    caches = last_level_bytes()
    array = min(max(SMALLEST_BYTES, 4 * caches), LARGEST_BYTES, memory_bytes // MEMORY_SHARE)
    held = 3 * array < CACHED_TIMES * caches
    streamed = "float32" if halves else dtype
    bandwidth = None if held else triad(streamed, threads, array, 0.4 * budget_s)
    faults = page_faults(0.1 * budget_s)
    n, compute = 0, None
    if not halves:
        n, compute = product(dtype, 0.4 * budget_s)  # last: a BLAS pool spins on for a while
    reasons = [TOO_LITTLE if held else "", NO_PRODUCT.format(dtype=dtype) if halves else ""]
    return {
        "bandwidth": bandwidth, "compute": compute, "fault_ns": faults,
        "array_bytes": array, "cache_bytes": caches, "matrix_n": n, "page_bytes": mmap.PAGESIZE,
        "reason": "; ".join(filter(None, reasons)),
    }  # fmt: skip


def triad(dtype: str, threads: int, array_bytes: int, budget_s: float) -> Reply:
    """Bytes/s of y = x + 3 w, each thread on its own slice, which it touched first.

    Counted are one read of x, one of w, one write of y. Not counted: the product 3 w, which lives
    in a block small enough for a cache, and the lines of y that a store reads before it writes. The
    faster of two sizes of block counts: a small one calls more often, a large one leaves the L2."""
    import numpy as np

    entries = array_bytes // np.dtype(dtype).itemsize
    arrays = [np.empty(entries, dtype) for _ in range(3)]
    ends = [entries * part // threads for part in range(threads + 1)]
    slices = [tuple(each[start:end] for each in arrays) for start, end in pairwise(ends)]
    tried: list[list[float]] = []
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_touch, slices))
        for size in BLOCK_BYTES:
            jobs = [_blocks(each, size // arrays[0].itemsize) for each in slices]
            tried.append(_repeat(partial(_on_all, pool, jobs), budget_s / len(BLOCK_BYTES)))
    best = min(tried, key=min)
    return _figure([3 * arrays[0].nbytes / wall for wall in best], max)


def _on_all(pool: ThreadPoolExecutor, jobs: list[list[Arrays]]) -> None:
    list(pool.map(_triad, jobs))


def _touch(arrays: Arrays) -> None:
    for each in arrays:
        each.fill(1)


def _blocks(arrays: Arrays, entries: int) -> list[Arrays]:
    """Slices cut into blocks, each with the scratch that the product goes to."""
    import numpy as np

    scratch = np.empty(entries, arrays[0].dtype)
    blocks: list[Arrays] = []
    for at in range(0, arrays[0].size, entries):
        x, w, y = (each[at : at + entries] for each in arrays)
        blocks.append((x, w, y, scratch[: x.size]))
    return blocks


def _triad(blocks: list[Arrays]) -> None:
    import numpy as np

    scale = blocks[0][0].dtype.type(3)
    for x, w, y, scratch in blocks:
        np.multiply(w, scale, out=scratch)
        np.add(x, scratch, out=y)


def page_faults(budget_s: float) -> Reply | None:
    """Nanoseconds to be given a fresh page, on one thread: an anonymous mapping is written to once
    a page, without huge pages where the kernel can be told. Mapping and unmapping are not timed.

    Returns: None if the kernel counted another number of faults than pages (within 2 %)."""
    pages = MAPPING_BYTES // mmap.PAGESIZE
    counted: list[int] = []

    def one() -> float:
        wall, faults = _touch_mapping()
        counted.append(faults)
        return wall / pages

    times = list(_until(one, budget_s))
    if any(abs(faults - pages) > 0.02 * pages for faults in counted):
        return None
    return _figure(times, min)


def _touch_mapping() -> tuple[int, int]:
    """Returns: nanoseconds and minor faults of one write to every page of a new mapping."""
    import numpy as np

    with mmap.mmap(-1, MAPPING_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as mapping:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            mapping.madvise(mmap.MADV_NOHUGEPAGE)
        pages = np.frombuffer(mapping, np.uint8)[:: mmap.PAGESIZE]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        start = time.perf_counter_ns()
        pages[:] = 1
        wall = time.perf_counter_ns() - start
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        del pages  # the mapping cannot be closed while an array looks at it
    return wall, faults


def product(dtype: str, budget_s: float) -> tuple[int, Reply]:
    """Flop/s of a product of two n x n matrices through NumPy's BLAS, 2 n^3 a product.

    Returns: n, the largest whose product is expected within `PRODUCT_S`; and the figure."""
    import numpy as np

    def once(n: int) -> Callable[[], object]:
        a, b, y = (np.full((n, n), value, dtype) for value in (0.5, 2.0, 0.0))
        return lambda: np.matmul(a, b, out=y)

    smallest = MATRIX_SIZES[0]
    probe = min(_repeat(once(smallest), 0.0))
    fitting = [n for n in MATRIX_SIZES if probe * (n / smallest) ** 3 <= PRODUCT_S]
    n = fitting[-1] if fitting else smallest
    walls = _repeat(once(n), budget_s)
    return n, _figure([2 * n**3 / wall for wall in walls], max)


def _repeat(work: Callable[[], object], budget_s: float) -> list[float]:
    """Seconds of each run of `work` after one that is not counted."""

    def one() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    one()
    return list(_until(one, budget_s))


def _until(one: Callable[[], float], budget_s: float) -> Iterator[float]:
    """Readings until the budget is spent; some at least, not too many."""
    deadline = time.perf_counter() + budget_s
    for number in range(MOST_REPEATS):
        if number >= LEAST_REPEATS and time.perf_counter() > deadline:
            return
        yield one()


def _figure(readings: list[float], best: Callable[[list[float]], float]) -> Reply:
    found = best(readings)
    return {
        "best": found,
        "spread": abs(median(readings) / found - 1.0),
        "repeats": len(readings),
    }
