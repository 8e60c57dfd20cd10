"""Student's t: its quantiles, without SciPy, whose import costs more than a whole report."""

from __future__ import annotations

from functools import cache
from math import exp, lgamma, log, sqrt

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
