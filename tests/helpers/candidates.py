"""Estimators of one launch's ln ratio of two cells, for `estimators.py` to choose among.

Each changes its sign, and nothing else, when the cells are swapped.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from statistics import fmean

import numpy as np

from helpers.machines import Array, Launch
from xbench.analysis.interval import paired_log_ratio

CALM = 1.05
"""A round is calm if its canary took at most this many times its own 10 % quantile."""
FEWEST_CALM = 7
"""With fewer rounds than this left, all are used."""


class Pair:
    """A launch as arrays of logarithms and tags."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.a, self.b = np.log(launch.upper.seconds), np.log(launch.lower.seconds)
        self.canary = np.asarray(launch.upper.canary_s or [1.0] * len(self.a))
        self.switches = np.asarray(launch.switches)

    def only(self, keep: Array) -> Pair:
        """These rounds, or all where they are too few."""
        if np.count_nonzero(keep) < FEWEST_CALM:
            return self
        found = copy(self)
        found.a, found.b = self.a[keep], self.b[keep]
        return found

    def calm(self) -> Pair:
        """Rounds whose canary was near its own low quantile."""
        return self.only(self._calm())

    def clean(self) -> Pair:
        """Calm rounds without an involuntary switch."""
        return self.only(self._calm() & (self.switches == 0))

    def switchless(self) -> Pair:
        """Rounds without an involuntary switch."""
        return self.only(self.switches == 0)

    def fastest(self) -> Pair:
        """The half of the rounds that were shortest for both together."""
        keep = np.zeros(len(self.a), bool)
        keep[np.argsort(self.a + self.b)[: max(FEWEST_CALM, len(keep) // 2)]] = True
        return self.only(keep)

    def _calm(self) -> Array:
        found: Array = self.canary <= CALM * np.quantile(self.canary, 0.1)
        return found


def quantile(share: float) -> Callable[[Pair], float]:
    """The log ratio of both cells' quantiles."""
    return lambda pair: float(np.quantile(pair.a, share) - np.quantile(pair.b, share))


def low_band(pair: Pair) -> float:
    """The log ratio of means between the 10 % and 25 % quantiles."""
    shares = np.linspace(0.10, 0.25, 4)
    return float(np.mean(np.quantile(pair.a, shares) - np.quantile(pair.b, shares)))


def pairs(pair: Pair) -> float:
    """The median of paired log ratios."""
    return float(np.median(pair.a - pair.b))


def weighted(pair: Pair) -> float:
    """The weighted median of pairs; a round weighs less the slower its canary and the switches."""
    slow = np.maximum(np.log(pair.canary / np.quantile(pair.canary, 0.1)), 0.0)
    weight = np.exp(-slow / 0.05) / (1.0 + pair.switches) + 1e-9
    ratio = pair.a - pair.b
    return 0.5 * (_weighted_median(ratio, weight) - _weighted_median(-ratio, weight))


def _weighted_median(values: Array, weight: Array) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(summed, 0.5 * summed[-1])])


def hodges_lehmann(pair: Pair) -> float:
    """The median of all averages of two paired log ratios."""
    ratio = pair.a - pair.b
    one, other = np.triu_indices(len(ratio))
    return float(np.median(0.5 * (ratio[one] + ratio[other])))


def trimmed(pair: Pair) -> float:
    """The mean of the middle half of paired log ratios."""
    ratio = np.sort(pair.a - pair.b)
    cut = len(ratio) // 4
    return float(np.mean(ratio[cut : len(ratio) - cut]))


def half_mode(pair: Pair) -> float:
    """The log ratio of both cells' half-sample modes."""
    return _half_mode(np.sort(pair.a)) - _half_mode(np.sort(pair.b))


def _half_mode(values: Array) -> float:
    while len(values) > 3:
        half = (len(values) + 1) // 2
        at = int(np.argmin(values[half - 1 :] - values[: len(values) - half + 1]))
        values = values[at : at + half]
    return float(np.mean(values))


def fastest_quarter(pair: Pair) -> float:
    """The log ratio of both cells' fastest quarters (geometric means)."""
    count = max(2, -(-len(pair.a) // 4))
    return float(np.mean(np.sort(pair.a)[:count]) - np.mean(np.sort(pair.b)[:count]))


Estimator = Callable[[Pair], float]


def on(part: Callable[[Pair], Pair], estimator: Estimator) -> Estimator:
    """An estimator on a part of the rounds."""
    return lambda pair: estimator(part(pair))


def mean_of(*estimators: Estimator) -> Estimator:
    """The mean of estimators."""
    return lambda pair: fmean(each(pair) for each in estimators)


def chosen(pair: Pair) -> float:
    """What xbench does."""
    return paired_log_ratio(pair.launch.upper, pair.launch.lower)


CANDIDATES: dict[str, Estimator] = {
    "median of pairs": pairs,
    "ratio of medians": quantile(0.5),
    "ratio of 25 % quantiles": quantile(0.25),
    "ratio of 10 % quantiles": quantile(0.1),
    "ratio of minima": quantile(0.0),
    "ratio of half-sample modes": half_mode,
    "Hodges-Lehmann of pairs": hodges_lehmann,
    "trimmed mean of pairs": trimmed,
    "median of pairs weighted by canary and switches": weighted,
    "median of pairs, no switch": on(Pair.switchless, pairs),
    "median of pairs, calm": on(Pair.calm, pairs),
    "median of pairs, calm and no switch": on(Pair.clean, pairs),
    "median of pairs, fastest half": on(Pair.fastest, pairs),
    "Hodges-Lehmann, calm and no switch": on(Pair.clean, hodges_lehmann),
    "25 % quantiles, no switch": on(Pair.switchless, quantile(0.25)),
    "25 % quantiles, calm and no switch": on(Pair.clean, quantile(0.25)),
    "10–25 % quantiles": low_band,
    "10–25 % quantiles, calm": on(Pair.calm, low_band),
    "10–25 % quantiles, calm and no switch": on(Pair.clean, low_band),
    "mean of median of pairs and 10–25 %": mean_of(pairs, low_band),
    "the same, calm and no switch": on(Pair.clean, mean_of(pairs, low_band)),
    "fastest quarter": fastest_quarter,
    "fastest quarter, calm and no switch": on(Pair.clean, fastest_quarter),
    "fastest quarter, calm": on(Pair.calm, fastest_quarter),
    "the same and median of pairs": on(Pair.calm, mean_of(pairs, fastest_quarter)),
    "mean of median of pairs and fastest quarter (xbench)": chosen,
}
