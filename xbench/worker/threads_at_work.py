"""How many threads a framework really uses: those that worked on a product that is worth it."""

from __future__ import annotations

import time

from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.registry import factory_of
from xbench.worker.counters import thread_clocks

SIZE, TRIES, LONG_NS = 1024, 5, 1_000_000_000
SHARE = 0.1
"""Of the busiest thread's time, from which on a thread has worked and not only waited."""

EAGER = Variant("eager", "none")


def threads_at_work(backend: Backend, wanted: int) -> int:
    """The threads that worked on a product of two matrices, the most of a few tries, of which there
    are no more than `wanted` needs. 0 where nobody can tell, or need: one thread is wanted, there
    is no such product, or the system does not say what each thread did."""
    import numpy as np

    if (
        wanted == 1
        or not thread_clocks()
        or backend.supports("matmul", "float32", EAGER) is not None
    ):
        return 0
    try:
        spec = Spec("matmul", (("m", SIZE), ("k", SIZE), ("n", SIZE)), "float32")
        step = factory_of(backend, "matmul")(backend, spec, EAGER)
        values = np.ones((SIZE, SIZE), "float32")
        return _most(backend, step, {name: backend.put(values) for name in "ab"}, wanted)
    except Exception:  # the cells that need this product will say what is wrong with it
        return 0


def _most(backend: Backend, step: Step, batch: Tensors, wanted: int) -> int:
    """The most threads that worked in one call, of a few, or of one that is long."""
    most = 0
    for _ in range(TRIES):
        before, start = _times(), time.perf_counter_ns()
        _, outputs = step.run({}, batch)
        backend.fence(outputs)
        most = max(most, _worked(before, _times()))
        if most >= wanted or time.perf_counter_ns() - start > LONG_NS:
            break
    return most


def _times() -> dict[int, int]:
    """What each thread has used of a processor; one that ends meanwhile is left out."""
    found: dict[int, int] = {}
    for clock in thread_clocks():
        try:
            found[clock] = time.clock_gettime_ns(clock)
        except OSError:
            continue
    return found


def _worked(before: dict[int, int], after: dict[int, int]) -> int:
    spent = [now - before.get(clock, 0) for clock, now in after.items()]
    busiest = max(spent, default=0)
    return sum(each >= SHARE * busiest > 0 for each in spent)
