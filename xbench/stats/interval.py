"""A positive quantity over launches: geometric mean and t interval, on logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from statistics import fmean, median, stdev

from xbench.stats.student import half_width


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its 95 % interval; both are None with a single launch."""

    value: float
    low: float | None
    high: float | None
    launches: int

    @property
    def relative_half_width(self) -> float | None:
        """Half the interval's width on logarithms, as a ratio less one: 0.03 is ±3 %."""
        if self.low is None or self.high is None:
            return None
        return exp(0.5 * log(self.high / self.low)) - 1.0


def over_launches(logs: Sequence[float]) -> Estimate:
    """The estimate from one logarithm a launch. Raises: ValueError if there is none, or NaN."""
    if not logs or not all(map(isfinite, logs)):
        raise ValueError(f"no estimate from {list(logs)!r}")
    centre = fmean(logs)
    if len(logs) == 1:
        return Estimate(exp(centre), None, None, 1)
    half = half_width(stdev(logs), len(logs))
    return Estimate(exp(centre), exp(centre - half), exp(centre + half), len(logs))


def location(per_call_s: Sequence[float]) -> float:
    """One launch's time of a call: the median of its rounds."""
    return median(per_call_s)


def paired_log_ratio(upper: Sequence[float], lower: Sequence[float]) -> float:
    """One launch's log ratio: the median over rounds of log(upper / lower). Equal lengths."""
    return median(log(a / b) for a, b in zip(upper, lower, strict=True))
