"""A positive quantity over launches: geometric mean and t interval, on logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from statistics import fmean

from xbench.stats.deviation import deviation
from xbench.stats.student import half_width

LEVEL = 0.95
RESOLUTION = 1e-9
"""Launches nearer to each other than this share (1 ns of 1 s) are equal as far as clocks tell."""
_MOST = 700.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its interval.

    Both ends are None where the launches say nothing of their spread: with a single one, or when
    all are equal within `RESOLUTION`, which no real machine does."""

    value: float
    low: float | None
    high: float | None
    launches: int

    @property
    def relative_half_width(self) -> float | None:
        """Half the interval's width on logarithms, as a ratio less one: 0.03 is ±3 %."""
        if self.low is None or self.high is None:
            return None
        return exp(0.5 * (log(self.high) - log(self.low))) - 1.0


def over_launches(logs: Sequence[float], level: float = LEVEL) -> Estimate:
    """The estimate from one logarithm a launch, its interval holding the truth with probability
    `level` (`xbench.stats.looks` says which). Raises: ValueError if there is none, or NaN."""
    if not logs or not all(map(isfinite, logs)):
        raise ValueError(f"no estimate from {list(logs)!r}")
    centre = fmean(logs)
    if max(logs) - min(logs) <= RESOLUTION:
        return Estimate(bounded_exp(centre), None, None, len(logs))
    half = half_width(deviation(logs), len(logs), level)
    return Estimate(
        bounded_exp(centre), bounded_exp(centre - half), bounded_exp(centre + half), len(logs)
    )


def bounded_exp(value: float) -> float:
    """Of ends so far out that they say nothing, only that."""
    return exp(min(max(value, -_MOST), _MOST))
