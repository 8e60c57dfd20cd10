"""How times are judged: by a factor of the printed one, or by an order that an interval decides."""

from __future__ import annotations

from collections.abc import Callable
from math import log

from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing
from xbench.records.summary import CellSummary
from xbench.stats.interval import Estimate, over_launches
from xbench.stats.verdict import MARGIN, Verdict, verdict
from xbench.text import show_seconds

FACTOR = 3.0
"""A time taken on other hardware reproduces the printed one within this factor: that is about how
far two machines and two releases of a framework, some years apart, differ in the same work. What
is further off needs another cause."""

NO_GPU = "no GPU was measured"
NOT_PAIRED = "not paired"


def gpu_of(evidence: Evidence) -> str:
    """The first GPU that was measured on. Raises: Missing."""
    if not evidence.gpus:
        raise Missing(NO_GPU)
    return evidence.gpus[0]


def time_of(cell: CellSummary, times: float = 1.0) -> Estimate:
    """The time of so many calls. Raises: Missing if it has none."""
    if cell.time_s is None:
        raise Missing(f"{cell.id}: {cell.status}")
    ends = [None if each is None else each * times for each in (cell.low_s, cell.high_s)]
    return Estimate(cell.time_s * times, ends[0], ends[1], len(cell.launch_s))


def unpaired(cell: CellSummary, other: CellSummary, times: float = 1.0) -> Estimate:
    """`cell`'s time over `other`'s, launch by launch, where they share no rounds; `times` it.

    Raises: Missing if either has no launch."""
    pairs = zip(cell.launch_s, other.launch_s, strict=False)
    logs = [log(times * one / two) for one, two in pairs]
    if not logs:
        raise Missing(f"{cell.id} and {other.id} were not both measured")
    return over_launches(logs)


def show_time(ours: Estimate) -> str:
    """`0.41 s (0.4 s to 0.42 s)`."""
    return _show(ours, show_seconds)


def show_ratio(ratio: Estimate) -> str:
    """`×0.37 (×0.35 to ×0.39)`."""
    return _show(ratio, factor_text)


def factor_text(value: float) -> str:
    """`×0.37`, `×3075`."""
    return f"×{value:.0f}" if value >= 1000 else f"×{value:.3g}"


def _show(ours: Estimate, text: Callable[[float], str]) -> str:
    if ours.low is None or ours.high is None:
        return f"{text(ours.value)} (no interval)"
    return f"{text(ours.value)} ({text(ours.low)} to {text(ours.high)})"


def alike(
    ours: Estimate, printed: float, found: str, larger: str, smaller: str, note: str = ""
) -> Judged:
    """Whether the interval lies within FACTOR of the printed value. `found` is ours as text;
    `larger` and `smaller` say why it may lie beyond."""
    if ours.low is None or ours.high is None:
        return undecided(found, ours)
    if ours.low > printed * FACTOR:
        return Judged(found, "contradicted", f"more than a factor {FACTOR:g} above: {larger}")
    if ours.high < printed / FACTOR:
        return Judged(found, "contradicted", f"more than a factor {FACTOR:g} below: {smaller}")
    if printed / FACTOR <= ours.low and ours.high <= printed * FACTOR:
        near = f"within a factor {FACTOR:g}, which another machine may make"
        return Judged(found, "reproduced", f"{near}; {note}" if note else near)
    return undecided(found, ours)


def less(ratio: Estimate, found: str, why: str, why_not: str) -> Judged:
    """Whether what is on top takes less time: only if the whole interval says so."""
    return _if_verdict("faster", ratio, found, why, why_not)


def equal_times(ratio: Estimate, found: str, why: str, why_not: str) -> Judged:
    """Whether the times are the same within the margin."""
    return _if_verdict("same", ratio, found, why, why_not)


def _if_verdict(wanted: Verdict, ratio: Estimate, found: str, why: str, why_not: str) -> Judged:
    said = verdict(ratio)
    if said == "inconclusive":
        return undecided(found, ratio)
    if said == wanted:
        return Judged(found, "reproduced", why)
    how = f"the same within {MARGIN:.0%}" if said == "same" else said
    return Judged(found, "contradicted", f"{how}: {why_not}")


def undecided(found: str, ours: Estimate) -> Judged:
    """A figure that decides nothing."""
    why = "one launch has no interval" if ours.launches < 2 else "the interval does not decide"
    return Judged(found, "not measurable here", f"inconclusive: {why}")
