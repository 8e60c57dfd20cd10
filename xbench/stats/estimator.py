"""What one launch says: the time of a call, and the ratio of two cells, from its rounds.

The estimator was chosen by experiment: `tests/estimators.py`, `docs/statistics.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Rounds:
    """One cell's rounds in one launch, in the order taken.

    `seconds`: one call, in each round. `canary_s`: the canary just before each round; empty where
    it was not taken (it tags, and decides nothing). Raises: ValueError for times that are not
    positive and finite, or a canary that does not belong to these rounds."""

    seconds: Sequence[float]
    canary_s: Sequence[float] = ()

    def __post_init__(self) -> None:
        if not self.seconds or not all(map(_is_time, [*self.seconds, *self.canary_s])):
            raise ValueError(f"no rounds with times {[*self.seconds, *self.canary_s]!r}")
        if self.canary_s and len(self.canary_s) != len(self.seconds):
            raise ValueError(f"{len(self.canary_s)} canaries for {len(self.seconds)} rounds")


def location(per_call_s: Sequence[float]) -> float:
    """One launch's time of a call, as people expect it: the median of its rounds."""
    return median(per_call_s)


def paired_log_ratio(upper: Rounds, lower: Rounds) -> float:
    """One launch's log ratio: the mean of two estimates that fail at different things. The median
    over rounds of log(upper / lower) forgives what falls on both cells of a round alike; the ratio
    of each cell's fastest quarter forgives what falls on one of them more than on the other.

    Swapping the sides changes the sign and nothing else. Raises: ValueError where the rounds are
    not as many."""
    if len(upper.seconds) != len(lower.seconds):
        raise ValueError(f"not paired: {len(upper.seconds)} and {len(lower.seconds)} rounds")
    pairs = zip(upper.seconds, lower.seconds, strict=True)
    paired = median(log(one) - log(other) for one, other in pairs)
    return 0.5 * (paired + (_low(upper.seconds) - _low(lower.seconds)))


def _is_time(seconds: float) -> bool:
    return isfinite(seconds) and seconds > 0.0


def _low(seconds: Sequence[float]) -> float:
    """The mean logarithm of the fastest quarter (rounded up, two at least)."""
    fastest = sorted(seconds)[: max(2, -(-len(seconds) // 4))]
    return fmean(map(log, fastest))
