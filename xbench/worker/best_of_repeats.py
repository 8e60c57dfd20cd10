"""Readings of a piece of work that is repeated within a budget, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

from xbench.process.messages import BestReading


def readings(take: Callable[[], float], budget_s: float, least: int, most: int) -> Iterator[float]:
    """What `take` reads, again and again until the budget is spent: `least` times in any case, and
    no more than `most` times."""
    deadline = perf_counter() + budget_s
    for number in range(most):
        if number >= least and perf_counter() > deadline:
            return
        yield take()


def best_of(found: list[float], best: Callable[[list[float]], float] = max) -> BestReading:
    """The best reading, and how far the median lies from it as a share of it (`spread`)."""
    top = best(found)
    return BestReading(top, spread=abs(median(found) / top - 1.0), repeats=len(found))
