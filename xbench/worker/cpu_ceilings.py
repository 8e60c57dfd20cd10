"""The worker that measures what this machine's processor reaches at most, with NumPy alone."""

from __future__ import annotations

import mmap
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xbench.machine.caches import CacheLevel, cache_levels, last_level_bytes
from xbench.ops.rounding import HALVES
from xbench.process.bootstrap import ProcessConfig
from xbench.process.messages import (
    BestReading,
    CacheReading,
    CeilingsReply,
    CloseRequest,
    CpuCeilingsRequest,
    Done,
)
from xbench.process.serve import Answers, serve, typed
from xbench.worker.best_of_repeats import best_of, readings

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Arrays = tuple[Array, ...]
    Kernel = Callable[[Array, Array, Array], None]

LEAST_REPEATS, MOST_REPEATS = 3, 30
SMALLEST_BYTES, LARGEST_BYTES = 64 << 20, 1 << 30
"""Of an array, three of which are streamed: small ones would stay in caches that nobody told of,
large ones only cost time."""

MEMORY_DIVISOR = 16
"""An array takes at most one part in so many of the free memory."""

CACHED_TIMES = 2
"""Arrays that together hold less than this many times the caches would tell of the caches."""

TOO_LITTLE = "memory not measured: what is free of it, the caches hold"
NO_PRODUCT = "compute not measured: no BLAS of NumPy's multiplies {dtype}"
SHARED_BYTES = 96 << 20
"""The most that is streamed through a shared cache: the system's figure is often another's too."""

GUESSED = ((1, 32 << 10), (2, 512 << 10), (3, 16 << 20))
"""Levels where nothing tells the caches' sizes: each figure then serves up to the next one's."""

LOOP_S = 1e-3
"""How long a loop over arrays in a cache is timed at once, at least."""

MAPPING_BYTES = 16 << 20
MATRIX_SIZES = (1024, 2048, 4096, 8192)
PRODUCT_S = 0.15


def main(config: ProcessConfig) -> None:
    """Serve one thread count; the environment has sized the BLAS."""
    answers: Answers = {CpuCeilingsRequest: _measured, CloseRequest: lambda _: Done()}
    serve(config["read_fd"], config["write_fd"], typed(answers), lambda _: None)


def _measured(request: CpuCeilingsRequest) -> CeilingsReply:
    return measure(request.dtype, request.threads, request.budget_s, request.memory_bytes)


def measure(dtype: str, threads: int, budget_s: float, memory_bytes: int) -> CeilingsReply:
    """All ceilings of a dtype within about `budget_s`; `memory_bytes` is what may be used.

    `fault_ns` is None if there was not one fault a page; `reason` says why there is no bandwidth,
    or no compute in a dtype of 16 bits, whose products NumPy has no BLAS for. The bandwidth is then
    that of float32: bytes are bytes."""
    halves = dtype in HALVES
    last = last_level_bytes()
    beyond = CACHED_TIMES * last // 3 + 1
    array = min(max(SMALLEST_BYTES, beyond), LARGEST_BYTES, memory_bytes // MEMORY_DIVISOR)
    held = 3 * array < CACHED_TIMES * last
    streamed = "float32" if halves else dtype
    caches = cache_bandwidths(streamed, threads, 0.3 * budget_s)
    bandwidth = None if held else memory_bandwidth(streamed, threads, array, 0.3 * budget_s)
    faults = page_faults(0.1 * budget_s)
    n, compute = 0, None
    if not halves:
        n, compute = product(dtype, 0.3 * budget_s)  # last: a BLAS pool spins on for a while
    reasons = [TOO_LITTLE if held else "", NO_PRODUCT.format(dtype=dtype) if halves else ""]
    return CeilingsReply(
        bandwidth=bandwidth,
        caches=caches,
        compute=compute,
        fault_ns=faults,
        array_bytes=array,
        cache_bytes=last,
        matrix_n=n,
        page_bytes=mmap.PAGESIZE,
        reason="; ".join(filter(None, reasons)),
    )


def _add(x: Array, w: Array, y: Array) -> None:
    import numpy as np

    np.add(x, w, out=y)


def _copy(x: Array, _: Array, y: Array) -> None:
    import numpy as np

    np.copyto(y, x)


def _read(x: Array, w: Array, y: Array) -> None:
    import numpy as np

    np.minimum.reduce(x)


KERNELS: tuple[tuple[Kernel, int], ...] = ((_add, 3), (_copy, 2), (_read, 1))
"""Ways to stream, and the arrays that each moves: two reads and a write, a read and a write, a
read. The lines that a store reads before it writes them are not counted, so that which way is the
fastest depends on the machine. A ceiling is that of the fastest."""


def cache_bandwidths(dtype: str, threads: int, budget_s: float) -> list[CacheReading]:
    """Bytes/s at working sets of half of each cache level, the nearest first.

    Where a level has a cache for each core, one thread is timed alone, and counts as many times as
    there are caches and threads: calls as short as these would wait for each other in Python."""
    levels = cache_levels()
    known = bool(levels)
    if not known:
        levels = [CacheLevel(level, size, 1) for level, size in GUESSED]
    found = []
    for place, level in enumerate(levels):
        private = level.count > 1 or level.level == 1 or not known
        at_once = 1 if private else threads
        size = min(level.size_bytes // 2, SHARED_BYTES)
        arrays = _arrays(dtype, at_once, size)
        share_s = budget_s / len(levels) / len(KERNELS)
        with ThreadPoolExecutor(at_once) as pool:
            rate = _best(pool, arrays, share_s)
        copies = min(level.count, threads) if known else threads
        scale = copies if private else 1
        reach = level.total_bytes
        if not known:
            reach = threads * (GUESSED[place + 1][1] if place + 1 < len(GUESSED) else SHARED_BYTES)
        found.append(CacheReading(level.level, reach, replace(rate, best=rate.best * scale)))
    return found


def memory_bandwidth(dtype: str, threads: int, array_bytes: int, budget_s: float) -> BestReading:
    """Bytes/s of arrays that no cache holds, each thread on its own slice, which it touched
    first."""
    with ThreadPoolExecutor(threads) as pool:
        return _best(pool, _arrays(dtype, threads, 3 * array_bytes), budget_s / len(KERNELS))


def _arrays(dtype: str, threads: int, total_bytes: int) -> list[Arrays]:
    """Three arrays for each thread, together of so many bytes."""
    import numpy as np

    entries = total_bytes // 3 // threads // np.dtype(dtype).itemsize
    return [tuple(np.empty(entries, dtype) for _ in range(3)) for _ in range(threads)]


def _best(pool: ThreadPoolExecutor, arrays: list[Arrays], budget_s: float) -> BestReading:
    """The fastest kernel's bytes/s; each thread streams through its arrays again and again."""
    list(pool.map(_touch, arrays))
    rates = []
    for kernel, moved in KERNELS:
        calls = _calls(kernel, arrays[0])
        walls = _repeat(partial(_on_all, pool, kernel, arrays, calls), budget_s)
        empty_s = _empty_call_s(kernel, arrays[0])
        work = [max(wall / calls - empty_s, wall / calls / 2) for wall in walls]
        total = moved * arrays[0][0].nbytes * len(arrays)
        rates.append(best_of([total / each for each in work]))
    return max(rates, key=lambda each: each.best)


def _on_all(pool: ThreadPoolExecutor, kernel: Kernel, arrays: list[Arrays], calls: int) -> None:
    def loop(mine: Arrays) -> None:
        for _ in range(calls):
            kernel(*mine)

    if len(arrays) == 1:
        loop(arrays[0])
    else:
        list(pool.map(loop, arrays))


def _calls(kernel: Kernel, arrays: Arrays) -> int:
    """So many calls that a loop of them takes a while."""
    kernel(*arrays)
    start = time.perf_counter()
    kernel(*arrays)
    return max(1, round(LOOP_S / max(time.perf_counter() - start, 1e-7)))


def _empty_call_s(kernel: Kernel, arrays: Arrays) -> float:
    """What a call costs that has next to nothing to do."""
    few = tuple(each[:1] for each in arrays)
    count = 1000
    start = time.perf_counter()
    for _ in range(count):
        kernel(*few)
    return (time.perf_counter() - start) / count


def _touch(arrays: Arrays) -> None:
    for each in arrays:
        each.fill(1)


def page_faults(budget_s: float) -> BestReading | None:
    """Nanoseconds to be given a fresh page, on one thread: an anonymous mapping is written to once
    a page, without huge pages where the kernel can be told. Mapping and unmapping are not timed.

    Returns: None if the kernel counted another number of faults than pages (within 2 %)."""
    pages = MAPPING_BYTES // mmap.PAGESIZE
    counted: list[int] = []

    def one() -> float:
        wall, faults = _touch_mapping()
        counted.append(faults)
        return wall / pages

    times = list(readings(one, budget_s, LEAST_REPEATS, MOST_REPEATS))
    if any(abs(faults - pages) > 0.02 * pages for faults in counted):
        return None
    return best_of(times, min)


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


def product(dtype: str, budget_s: float) -> tuple[int, BestReading]:
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
    return n, best_of([2 * n**3 / wall for wall in walls])


def _repeat(work: Callable[[], object], budget_s: float) -> list[float]:
    """Seconds of each run of `work` after one that is not counted."""

    def one() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    one()
    return list(readings(one, budget_s, LEAST_REPEATS, MOST_REPEATS))
