"""When a run may look at its intervals, when it stops, and what it lacks.

A fixed run looks once, at its end. An adaptive run looks after 5, 10 and 20 launches and stops when
every interval is narrow enough. Each of its looks has a third of the risk, so that all three
intervals together hold the truth in 95 of 100 runs, wherever it stops; it also ends within them
when its budget cuts it short, since that end takes the place of the next look. It never stops
because something is significant: that would triple false alarms.

A deciding run has a time. It gives a group more launches until it is decided which cell of it is
the fastest, and looks after each launch from the third on. Such a look asks for more than the
interval that is shown: it stops only on what is decided at a level of 99.9 %. The intervals shown
are of 97 %, so that wherever it stops they hold the truth in 95 of 100 runs, as simulated. Where
its time was over before any group got more launches, it looked once, as a fixed run does; so did a
run that has nothing to compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log1p, log10
from statistics import NormalDist

from xbench.analysis.interval import LEVEL, deviation, half_width, over_launches
from xbench.records.schema import MOST_LAUNCHES, Launching

LOOKS = (5, 10, 20)
LOOK_LEVEL, DECIDING_LEVEL = 0.999, 0.97
"""Of a deciding run: of the intervals on which it stops, and of those it shows."""

MANY = 10_000  # from here on t and normal quantiles differ by less than the spread is known


@dataclass(frozen=True, slots=True)
class Figure:
    """A time or a ratio that must become known well enough: one logarithm a launch."""

    name: str
    logs: Sequence[float]


def level_of(launching: Launching, launches: int) -> float:
    """The probability that an interval shown after so many launches must have of holding.

    Raises: ValueError for launches that such a run never has."""
    most = {"adaptive": LOOKS[-1], "deciding": MOST_LAUNCHES, "fixed": launches}[launching]
    if not 1 <= launches <= most:
        raise ValueError(f"no {launching} run has {launches} launches")
    third = 1.0 - (1.0 - LEVEL) / len(LOOKS)
    return {"adaptive": third, "deciding": DECIDING_LEVEL, "fixed": LEVEL}[launching]


def may_stop(launches: int, figures: Sequence[Figure], target: float) -> bool:
    """Whether an adaptive run is done after so many launches: the last look is reached, or it is a
    look and each interval's half-width is at most `target` (0.02 is ±2 %)."""
    if launches not in LOOKS:
        return launches > LOOKS[-1]
    return launches == LOOKS[-1] or not unmet(figures, target, level_of("adaptive", launches))


def unmet(figures: Sequence[Figure], target: float, level: float) -> list[str]:
    """A sentence for each figure that is not known to ±`target`, with what would do."""
    found = [_lacks(figure, target, level) for figure in figures]
    return [each for each in found if each]


def launches_needed(spread: float, target: float, level: float) -> int:
    """The smallest n with t(1 - alpha/2, n - 1) * spread / sqrt(n) <= target, alpha = 1 - level.

    `spread`: the standard deviation of the logarithms; `target`: half a width on logarithms, that
    is log1p(0.02) for ±2 %. Raises: ValueError if they are not finite, or `target` not positive."""
    if not (isfinite(spread) and spread >= 0.0 and isfinite(target) and target > 0.0):
        raise ValueError(f"no number of launches takes a spread of {spread} to {target}")
    normal = NormalDist().inv_cdf(0.5 + 0.5 * level)
    count = max(2, floor(min(normal * spread / target, MANY) ** 2))  # t exceeds the normal quantile
    while count < MANY and half_width(spread, count, level) > target:
        count += 1
    return count


def _lacks(figure: Figure, target: float, level: float) -> str:
    launches = len(figure.logs)
    after = f"after {launches} launch{'' if launches == 1 else 'es'}, target ±{_percent(target)}"
    if not launches or not all(map(isfinite, figure.logs)):
        return f"{figure.name}: no figure {after}; a launch has no positive, finite time"
    half = over_launches(figure.logs, level).relative_half_width
    if half is None and launches == 1:
        return f"{figure.name}: no interval {after}; two launches are the least"
    if half is None:
        return f"{figure.name}: no interval {after}; all launches gave the very same value"
    if half <= target:
        return ""
    needed = launches_needed(deviation(figure.logs), log1p(target), level)
    would = f"{needed} launches would do" if needed < MANY else f"over {MANY} launches would do"
    return f"{figure.name}: ±{_percent(half)} {after}; {would}"


def _percent(share: float) -> str:
    """Two digits, rounded up: what misses a target is never shown as meeting it."""
    percent = 100.0 * share
    if percent >= 100.0:
        return f"{ceil(percent)} %" if percent < MANY else f"{MANY} % or more"
    step = 10.0 ** (floor(log10(percent)) - 1)
    return f"{ceil(percent / step - 1e-9) * step:.3g} %"
