"""How bursts scatter: a low quantile, outliers, unusual waiting. Nothing is ever left out by it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from statistics import fmean, median

LOW = 0.1
"""The low quantile shown beside the median: it repeats better, the median is what people expect."""

MILD, SEVERE = 1.5, 3.0
"""Tukey's fences: so many interquartile ranges beyond the quartiles."""

WAITED, USUAL = 0.01, 1.5
"""A burst is disturbed if its threads waited longer than `USUAL` times the cell's usual wait and
this share of the burst."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """How many values lie beyond Tukey's fences, each counted once: severe ones are not mild."""

    low_severe: int = 0
    low_mild: int = 0
    high_mild: int = 0
    high_severe: int = 0

    def __add__(self, other: Outliers) -> Outliers:
        return Outliers(
            self.low_severe + other.low_severe,
            self.low_mild + other.low_mild,
            self.high_mild + other.high_mild,
            self.high_severe + other.high_severe,
        )


_NONE = Outliers()


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values lie below, linear between neighbours (NumPy's default,
    Hyndman and Fan's type 7). Raises: ValueError if there is none, or no such share."""
    if not values or not 0.0 <= share <= 1.0:
        raise ValueError(f"no quantile {share} of {len(values)} values")
    return _between(sorted(values), share)


def _between(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def outliers(values: Sequence[float]) -> Outliers:
    """Tukey's classes (Exploratory Data Analysis, 1977): mild beyond 1.5 interquartile ranges from
    the quartiles, severe beyond 3. Values on a fence are inside. Raises: ValueError if there is
    none."""
    if not values:
        raise ValueError("no quartiles of no values")
    ordered = sorted(values)
    low, high = _between(ordered, 0.25), _between(ordered, 0.75)
    mild, severe = MILD * (high - low), SEVERE * (high - low)
    if ordered[0] >= low - mild and ordered[-1] <= high + mild:
        return _NONE
    low_severe = bisect_left(ordered, low - severe)
    high_severe = len(ordered) - bisect_right(ordered, high + severe)
    return Outliers(
        low_severe,
        bisect_left(ordered, low - mild) - low_severe,
        len(ordered) - bisect_right(ordered, high + mild) - high_severe,
        high_severe,
    )


def disturbed_share(waited: Sequence[float]) -> float:
    """The share of a cell's bursts that others disturbed. `waited`: the time its threads were
    runnable without a core, summed over threads, over the burst's wall time, of all launches.

    A framework whose own pool has more runnable threads than there are cores waits in every burst,
    alone on the machine too; hence what counts is waiting beyond the usual, the median. A cell that
    is disturbed in more than half of its bursts takes that for usual, and seems calm. Raises:
    ValueError if there is none."""
    if not waited:
        raise ValueError("no bursts")
    limit = WAITED + USUAL * median(waited)
    return fmean([each > limit for each in waited])
