"""A positive quantity over launches: geometric mean and t interval, on logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, inf, isfinite, isqrt, lgamma, log, sqrt
from statistics import fmean, median
from typing import Literal, get_args

# The standard deviation without rounding on the way, fast enough for every ratio of a large run.
#
# `statistics.stdev` is exact too, but takes 60 µs for five values, which made it two thirds of all
# that a run of 20 000 cells took to analyse.

_BITS = 112
"""Twice what a float holds, and some: the root of so many bits is still rounded only once."""


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample, with `len(values) - 1` in the denominator: the float next
    to the exact value, which is what `statistics.stdev` gives.

    Raises: ValueError for fewer than two values, or NaN; OverflowError for infinite ones."""
    count = len(values)
    if count < 2:
        raise ValueError(f"no standard deviation of {list(values)!r}")
    ratios = [each.as_integer_ratio() for each in values]
    scale = max(below for _, below in ratios)  # powers of two: all of them divide the largest
    whole = [above * (scale // below) for above, below in ratios]
    total = sum(whole)
    squares = count * sum([each * each for each in whole]) - total * total
    return _root(squares, count * (count - 1) * scale * scale)


def _root(above: int, below: int) -> float:
    """The float next to the square root of a fraction."""
    shift = (_BITS - above.bit_length() + below.bit_length()) // 2
    if shift >= 0:
        above <<= 2 * shift
    else:
        below <<= -2 * shift
    root = isqrt(above // below)
    root |= root * root * below != above  # an odd last bit stands for whatever was cut off
    return root / (1 << shift) if shift >= 0 else float(root << -shift)


# Student's t: its quantiles, without SciPy, whose import costs more than a whole report.

_TINY = 1e-300
_BISECTIONS = 200


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """The t value below which `probability` of the mass lies, `freedom` >= 1.

    By bisection of the distribution function to the last bit; checked against SciPy in the tests.
    Raises: ValueError."""
    if not 0.0 < probability < 1.0 or freedom < 1:
        raise ValueError(f"no t quantile at {probability} with {freedom} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1.0 - probability, freedom)
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < probability:
        low, high = high, 2.0 * high
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if t_cdf(middle, freedom) < probability else (low, middle)
    return 0.5 * (low + high)


def t_cdf(value: float, freedom: int) -> float:
    """P(T <= value), through the incomplete beta function I_x(f/2, 1/2), x = f / (f + t^2)."""
    tail = 0.5 * _incomplete_beta(freedom / (freedom + value * value), 0.5 * freedom, 0.5)
    return 1.0 - tail if value >= 0.0 else tail


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised, by Lentz's continued fraction (Numerical Recipes, section 6.4)."""
    if x <= 0.0 or x >= 1.0:
        return min(max(x, 0.0), 1.0)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x))
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - front * _fraction(1.0 - x, b, a) / b
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _apart(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        before = value
        for term in (even, odd):
            d = 1.0 / _apart(1.0 + term * d)
            c = _apart(1.0 + term / c)
            value *= c * d
        if abs(value - before) <= 1e-16 * abs(value):
            break
    return value


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def half_width(spread: float, count: int, level: float = 0.95) -> float:
    """Half the width of a t interval of the mean of `count` values with this standard deviation."""
    return t_quantile(0.5 + 0.5 * level, count - 1) * spread / sqrt(count)


LEVEL = 0.95
RESOLUTION = 1e-9
"""Launches nearer to each other than this share (1 ns of 1 s) are equal as far as clocks tell."""
IMPRECISE = 2.0
"""A time is imprecise if the ends of its interval lie further apart than by this factor: then not
even its first digit is known. The report prints each end of such an interval by itself."""

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
    `level` (`xbench.analysis.stopping` says which). Raises: ValueError if there is none, or NaN."""
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


# A ratio of two things that were not measured in the same rounds.


def unpaired_ratio(head: Sequence[float], base: Sequence[float], level: float = LEVEL) -> Estimate:
    """Head over base from one logarithm a launch of each, with Welch's t interval.

    Welch's degrees of freedom are a fraction and are rounded down, which makes the interval no
    narrower. No interval where a side has one launch, or launches that are all equal. `launches`
    are the fewer of both sides. Raises: ValueError if a side has none."""
    if not head or not base:
        raise ValueError("no ratio without a launch on both sides")
    centre, fewer = fmean(head) - fmean(base), min(len(head), len(base))
    if fewer < 2 or any(max(side) - min(side) <= RESOLUTION for side in (head, base)):
        return Estimate(bounded_exp(centre), None, None, fewer)
    of_head, of_base = (deviation(side) ** 2 / len(side) for side in (head, base))
    both = of_head + of_base
    freedom = both**2 / (of_head**2 / (len(head) - 1) + of_base**2 / (len(base) - 1))
    half = t_quantile(0.5 + 0.5 * level, max(int(freedom + 1e-9), 1)) * sqrt(both)
    return Estimate(
        bounded_exp(centre), bounded_exp(centre - half), bounded_exp(centre + half), fewer
    )


# What a ratio's interval allows to be said.

Verdict = Literal["faster", "slower", "same", "inconclusive"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
MARGIN = 0.02


def verdict(ratio: Estimate, margin: float = MARGIN) -> Verdict:
    """Of a ratio of times, this cell over the reference: `slower` or `faster` if the whole interval
    lies beyond the margin, `same` if it lies within, else `inconclusive`."""
    if ratio.low is None or ratio.high is None:
        return "inconclusive"
    if ratio.low > 1.0 + margin:
        return "slower"
    if ratio.high < 1.0 / (1.0 + margin):
        return "faster"
    if ratio.low >= 1.0 / (1.0 + margin) and ratio.high <= 1.0 + margin:
        return "same"
    return "inconclusive"


def opposite(said: Verdict) -> Verdict:
    """The verdict of the same two cells, said of the other one."""
    if said == "faster":
        return "slower"
    return "faster" if said == "slower" else said


# What one launch says: the time of a call, and the ratio of two cells, from its rounds.
#
# The estimator was chosen by experiment: `tests/tools/estimators.py`, `docs/statistics.md`.


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
        fastest = sorted(logs)[: max(2, -(-len(logs) // 4))]
        object.__setattr__(self, "logs", logs)
        object.__setattr__(self, "low", fmean(fastest))


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
