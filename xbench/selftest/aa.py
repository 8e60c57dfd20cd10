"""A/A: the same code as `numpy` and as `twin`, again and again. What differs is what this machine
and xbench make of equal things: the false alarms, and the smallest effect that can be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import comb, exp, log, sqrt
from statistics import fmean, stdev

from xbench.analysis.interval import t_quantile
from xbench.analysis.ratios import Comparison, compare_cells
from xbench.machine.machine import this_machine
from xbench.records.aa_record import AaRecord, Figures, keep, make_cache
from xbench.selftest.known_cases import AA_OP, AA_WIDTHS
from xbench.selftest.quick_checks import BROKEN, Check, measure
from xbench.version import __version__

LAUNCHES, GROUP_S = 5, 0.7
LEVEL_RATE, MARGIN_RATE = 0.05, 0.005
"""Alarms to be expected: of 95 % intervals by definition, and at the margin of 2 %."""

CHANCE = 1e-3
"""How seldom a machine that keeps to these rates may fail."""

POWER = 0.80
NOISY = "compare only with more launches, or on a machine that nobody else uses; then measure again"


@dataclass(frozen=True, slots=True)
class Equal:
    """One comparison of equal things: their log ratio, the spread of its launches, and whether its
    interval, or the verdict, claims a difference."""

    width: int
    log_ratio: float
    spread: float
    alarm: bool
    margin_alarm: bool


def aa_checks(trials: int) -> Iterator[Check]:
    """Measure, keep the record in the user's cache, and judge it. Raises: UsageError."""
    make_cache()
    found: list[Equal] = []
    missing: list[str] = []
    for number in range(trials):
        equals, reasons = one_trial(number)
        found += equals
        missing += reasons
    wanted = trials * len(AA_WIDTHS)
    yield Check(
        "A/A: comparisons",
        f"{len(found)} of {wanted}",
        f"{wanted} of {wanted}",
        len(found) == wanted,
        "; ".join([BROKEN, *missing[:1]]),
    )
    if not found:
        return
    by_width: dict[str, list[Equal]] = {}
    for each in sorted(found, key=lambda each: each.width):
        by_width.setdefault(str(each.width), []).append(each)
    record = AaRecord(
        date=datetime.now(UTC).date().isoformat(),
        xbench_version=__version__,
        machine_key=this_machine().key,
        trials=trials,
        launches=LAUNCHES,
        overall=figures(found),
        by_width={width: figures(mine) for width, mine in by_width.items()},
    )
    keep(record)
    yield from judged(record)


def one_trial(number: int) -> tuple[list[Equal], list[str]]:
    """One run: a step of Adam at each width, under both names, in the same rounds.

    Returns: what was compared; why cells have no number."""
    axes = {"op": (AA_OP,), "backend": ("numpy", "twin")}
    run, cells = measure(axes, "all", LAUNCHES, group_s=GROUP_S, seed=number)
    equals = [equal(each) for each in compare_cells(run, cells) if each.ratio.low is not None]
    return equals, [f"{cell.plan.id}: {cell.reason}" for cell in cells if cell.time_s is None]


def equal(found: Comparison) -> Equal:
    """What a comparison says of two things that are equal."""
    ratio = found.ratio
    assert ratio.low is not None
    assert ratio.high is not None
    return Equal(
        width=found.cell.width,
        log_ratio=log(ratio.value),
        spread=stdev(found.logs),
        alarm=not ratio.low <= 1.0 <= ratio.high,
        margin_alarm=found.verdict in ("faster", "slower"),
    )


def figures(found: Sequence[Equal]) -> Figures:
    """The false alarms, the errors, and the smallest effect that `LAUNCHES` launches can see: the
    quantiles of t for a level of 95 % and a power of 80 %, times the standard error."""
    pooled = sqrt(fmean(each.spread**2 for each in found))
    quantiles = t_quantile(0.975, LAUNCHES - 1) + t_quantile(POWER, LAUNCHES - 1)
    return Figures(
        comparisons=len(found),
        false_alarms=sum(each.alarm for each in found),
        margin_alarms=sum(each.margin_alarm for each in found),
        rms_log=sqrt(fmean(each.log_ratio**2 for each in found)),
        worst_log=max(abs(each.log_ratio) for each in found),
        smallest_log=quantiles * pooled / sqrt(LAUNCHES),
    )


def judged(record: AaRecord) -> Iterator[Check]:
    """Two lines a width, which no figure can fail, and the two false-alarm rates, which can."""
    for width, each in record.by_width.items():
        seen = f"±{off(each.rms_log)} RMS, worst {off(each.worst_log)}"
        yield Check(f"A/A: width {width}", seen, "any", True, NOISY)
        smallest = off(each.smallest_log)
        yield Check(f"A/A: smallest effect, width {width}", smallest, "any", True, NOISY)
    overall = record.overall
    for name, alarms, rate in (
        ("95 % intervals without 1", overall.false_alarms, LEVEL_RATE),
        ("beyond the margin of 2 %", overall.margin_alarms, MARGIN_RATE),
    ):
        most = most_alarms(overall.comparisons, rate)
        seen = f"{alarms} of {overall.comparisons}"
        yield Check(f"A/A: {name}", seen, f"at most {most}", alarms <= most, NOISY)


def most_alarms(count: int, rate: float) -> int:
    """The fewest alarms that `count` comparisons, each alarming at this rate, exceed with a
    probability of no more than `CHANCE` (binomial)."""
    below = 0.0
    for alarms in range(count):
        below += comb(count, alarms) * rate**alarms * (1.0 - rate) ** (count - alarms)
        if 1.0 - below <= CHANCE:
            return alarms
    return count


def off(log_ratio: float) -> str:
    """A log ratio as a share: `1.9 %`."""
    return f"{100.0 * (exp(log_ratio) - 1.0):.1f} %"
