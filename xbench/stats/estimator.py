"""What one launch says: the time of a call, and the ratio of two cells, from its rounds.

The estimator was chosen by experiment: `tests/estimators.py`, `docs/statistics.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, log
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Rounds:
    """One cell's rounds in one launch, in the order taken.

    `seconds`: one call, in each round. `canary_s`: the canary just before each round; empty where
    it was not taken (it tags, and decides nothing). Worked out once for all the ratios a cell is
    in: `logs` of the seconds, and `low`, the mean logarithm of the fastest quarter (rounded up, two
    at least). Raises: ValueError for times that are not positive and finite, or a canary that does
    not belong to these rounds."""

    seconds: Sequence[float]
    canary_s: Sequence[float] = ()
    logs: Sequence[float] = field(init=False, repr=False, compare=False)
    low: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        logs = [log(each) for each in self.seconds if 0.0 < each < inf]
        canaries = [each for each in self.canary_s if 0.0 < each < inf]
        if not logs or len(logs) < len(self.seconds) or len(canaries) < len(self.canary_s):
            raise ValueError(f"no rounds with times {[*self.seconds, *self.canary_s]!r}")
        if self.canary_s and len(self.canary_s) != len(self.seconds):
            raise ValueError(f"{len(self.canary_s)} canaries for {len(self.seconds)} rounds")
        fastest = sorted(self.seconds)[: max(2, -(-len(self.seconds) // 4))]
        object.__setattr__(self, "logs", logs)
        object.__setattr__(self, "low", fmean([log(each) for each in fastest]))


def location(per_call_s: Sequence[float]) -> float:
    """One launch's time of a call, as people expect it: the median of its rounds."""
    return median(per_call_s)


def paired_log_ratio(upper: Rounds, lower: Rounds) -> float:
    """One launch's log ratio: the mean of two estimates that fail at different things. The median
    over rounds of log(upper / lower) forgives what falls on both cells of a round alike; the ratio
    of each cell's fastest quarter forgives what falls on one of them more than on the other.

    Swapping the sides changes the sign and nothing else. Raises: ValueError where the rounds are
    not as many."""
    if len(upper.logs) != len(lower.logs):
        raise ValueError(f"not paired: {len(upper.logs)} and {len(lower.logs)} rounds")
    paired = median([one - other for one, other in zip(upper.logs, lower.logs, strict=True)])
    return 0.5 * (paired + (upper.low - lower.low))
