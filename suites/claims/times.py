"""How claims are judged: a time by a factor of the printed one, an order by its interval, a value
by what each backend shows.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

from xbench.analysis.interval import MARGIN, Estimate, Verdict, over_launches, verdict
from xbench.analysis.summary import CellSummary
from xbench.suites.claims.claim import Evidence, Judged, Missing, Ruling, Values
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


def unpaired(cell: CellSummary, other: CellSummary) -> Estimate:
    """`cell`'s time over `other`'s, launch by launch, where they share no rounds.

    Raises: Missing if either has no launch."""
    pairs = zip(cell.launch_s, other.launch_s, strict=False)
    logs = [log(one / two) for one, two in pairs]
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


def alike(ours: Estimate, printed: float, found: str, larger: str, smaller: str) -> Judged:
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
        return Judged(found, "reproduced", near)
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


# How values are judged: each backend that shows one must show the printed one.

Judge = Callable[[Evidence], Judged]


def values_of(evidence: Evidence, exhibit: str, key: str, backends: tuple[str, ...] = ()) -> Values:
    """One value of an exhibit by backend: of those named, else of all that give it. Raises: Missing
    if none does."""
    shown = evidence.shown_by(exhibit)
    for backend in backends:
        evidence.values(exhibit, backend)
    names = backends or tuple(shown)
    found = {name: shown[name][key] for name in names if key in shown[name]}
    if not found:
        raise Missing(f"{exhibit} gives no {key!r} here")
    return found


def shows(
    exhibit: str,
    key: str,
    wanted: Any,
    why: str,
    *,
    within: float = 0.0,
    backends: tuple[str, ...] = (),
) -> Judge:
    """A judge: the value is `wanted`, numbers to `within`. `why` explains it in a line."""

    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, exhibit, key, backends)
        wrong = [name for name, each in found.items() if not near(each, wanted, within)]
        return ruled(by_backend(found), not wrong, why, f"{', '.join(wrong)}: another value")

    return judge


def ruled(ours: str, holds: bool, why: str, why_not: str) -> Judged:
    """What is either so or not."""
    ruling: Ruling = "reproduced" if holds else "contradicted"
    return Judged(ours, ruling, why if holds else why_not)


def unmeasurable(why: str) -> Judge:
    """A judge of what no evidence could decide."""

    def judge(evidence: Evidence) -> Judged:
        raise Missing(why)

    return judge


def near(found: Any, wanted: Any, within: float) -> bool:
    """Equal in shape, kind and value, numbers to `within`."""
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(near(one, two, within) for one, two in zip(found, wanted, strict=True))
        )
    if not is_number(wanted):
        return type(found) is type(wanted) and bool(found == wanted)
    return is_number(found) and abs(found - wanted) <= within


def is_number(value: Any) -> bool:
    """An int or a float; numbers that are not finite come as text."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: Any, digits: int) -> Any:
    """Floats to so many decimal places, in lists too; anything else as it is."""
    if isinstance(value, list):
        return [rounded(each, digits) for each in value]
    return round(value, digits) if is_number(value) else value


def by_backend(found: Values) -> str:
    """`[8, 12] (numpy, torch)`; the value of each where they differ."""
    texts: dict[str, list[str]] = {}
    for name, value in found.items():
        texts.setdefault(show_value(value), []).append(name)
    return "; ".join(f"{text} ({', '.join(names)})" for text, names in texts.items())


def show_value(value: Any) -> str:
    """Short, but with every digit of a float that has many."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{', '.join(map(show_value, value))}]"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
