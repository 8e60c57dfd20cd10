"""What a ratio's interval allows to be said."""

from __future__ import annotations

from typing import Literal

from xbench.stats.interval import Estimate

Verdict = Literal["faster", "slower", "same", "inconclusive"]
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
