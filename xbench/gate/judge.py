"""What the interval of a ratio of times allows to be said, by a cell's threshold."""

from __future__ import annotations

from typing import Literal

from xbench.gate.thresholds import Threshold
from xbench.stats.interval import Estimate

Judged = Literal["regressed", "improved", "same", "inconclusive"]


def judge(ratio: Estimate, threshold: Threshold) -> Judged:
    """Of head over base, where lower is better.

    `regressed`: the estimate is at least the effect, and the interval's lower end beyond the
    margin; `improved` is the same the other way round; `same`: the whole interval within the
    margin. Without an interval nothing is known."""
    if ratio.low is None or ratio.high is None:
        return "inconclusive"
    effect, margin = 1.0 + threshold.effect, 1.0 + threshold.margin
    if ratio.value >= effect and ratio.low > margin:
        return "regressed"
    if ratio.value <= 1.0 / effect and ratio.high < 1.0 / margin:
        return "improved"
    return "same" if ratio.low >= 1.0 / margin and ratio.high <= margin else "inconclusive"
