"""A ratio of two things that were not measured in the same rounds."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean

from xbench.stats.deviation import deviation
from xbench.stats.interval import LEVEL, RESOLUTION, Estimate, bounded_exp
from xbench.stats.student import t_quantile


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
