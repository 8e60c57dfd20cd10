"""When a run stops, how many launches it needs, and how it says what it lacks."""

from __future__ import annotations

from math import exp, inf, log, log1p, nan, sqrt
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xbench.analysis.interval import over_launches, t_quantile
from xbench.analysis.stopping import (
    LOOKS,
    MANY,
    Figure,
    launches_needed,
    level_of,
    may_stop,
    unmet,
)

ADAPTIVE = 1.0 - 0.05 / 3.0


def spread_out(launches: int, spread: float, centre: float = 0.0) -> list[float]:
    """So many logarithms with exactly this standard deviation."""
    raw = [(-1.0) ** k * (1.0 + 0.01 * k) for k in range(launches)]
    middle, size = sum(raw) / launches, stdev(raw)
    return [centre + spread * (each - middle) / size for each in raw]


def test_each_look_of_an_adaptive_run_has_a_third_of_the_risk() -> None:
    found = [t_quantile(0.5 + 0.5 * level_of("adaptive", n), n - 1) for n in LOOKS]
    assert found == pytest.approx([3.961, 2.933, 2.625], abs=6e-4)
    assert [level_of("fixed", n) for n in (1, 3, 7, 50)] == [0.95] * 4
    assert level_of("adaptive", 7) == level_of("adaptive", 2) == pytest.approx(ADAPTIVE)


@pytest.mark.parametrize("launches", [0, -1, 21])
def test_launches_that_no_adaptive_run_has_are_refused(launches: int) -> None:
    with pytest.raises(ValueError, match=f"no adaptive run has {launches} launches"):
        level_of("adaptive", launches)


def test_a_run_stops_at_a_look_when_every_interval_is_narrow() -> None:
    narrow, wide = spread_out(5, 0.001), spread_out(5, 0.05)
    assert may_stop(5, [Figure("a", narrow), Figure("b", narrow)], 0.02)
    assert not may_stop(5, [Figure("a", narrow), Figure("b", wide)], 0.02)
    assert may_stop(5, [Figure("a", narrow), Figure("b", wide)], 0.2)


def test_a_run_stops_nowhere_but_at_a_look_and_always_at_the_last() -> None:
    for launches in range(1, 20):
        narrow = [Figure("a", spread_out(launches, 1e-4) if launches > 1 else [0.0])]
        assert may_stop(launches, narrow, 0.02) == (launches in LOOKS)
    assert may_stop(20, [Figure("a", spread_out(20, 3.0))], 0.02)
    assert may_stop(21, [Figure("a", spread_out(21, 3.0))], 0.02)


def test_significance_stops_nothing() -> None:
    logs = spread_out(5, 0.1, centre=5.0)
    low = over_launches(logs, ADAPTIVE).low
    assert low is not None
    assert low > 100.0
    assert not may_stop(5, [Figure("a", logs)], 0.02)


@pytest.mark.parametrize("logs", [[0.1] * 5, [0.1, 0.2, nan, 0.1, 0.2], [0.0, inf, 0.0, 0.0, 0.1]])
def test_what_has_no_interval_stops_nothing(logs: list[float]) -> None:
    assert not may_stop(5, [Figure("a", logs)], 0.02)
    assert len(unmet([Figure("a", logs)], 0.02, 0.95)) == 1


@given(st.floats(1e-4, 1.0), st.floats(0.005, 0.3), st.sampled_from([0.9, 0.95, ADAPTIVE]))
def test_launches_needed_is_the_smallest_number_that_does(
    spread: float, target: float, level: float
) -> None:
    def half(count: int) -> float:
        return float(stats.t.ppf(0.5 + 0.5 * level, count - 1)) * spread / sqrt(count)

    needed = launches_needed(spread, target, level)
    if needed < MANY:
        assert half(needed) <= target * (1 + 1e-6)
        assert needed == 2 or half(needed - 1) > target * (1 - 1e-6)


def test_launches_needed_at_the_ends_of_its_range() -> None:
    assert launches_needed(0.0, 0.02, 0.95) == 2
    assert launches_needed(10.0, 1e-4, 0.95) >= MANY
    for spread, target in ((nan, 0.02), (inf, 0.02), (-0.1, 0.02), (0.1, 0.0), (0.1, nan)):
        with pytest.raises(ValueError, match="no number of launches"):
            launches_needed(spread, target, 0.95)


def test_what_is_lacking_is_said_with_its_values() -> None:
    logs = spread_out(5, 0.0305)
    half = 2.7764451 * 0.0305 / sqrt(5)
    assert exp(half) - 1 == pytest.approx(0.0386, abs=1e-4)
    needed = launches_needed(0.0305, log1p(0.02), 0.95)
    assert needed == 12
    figures = [Figure("numpy eager", spread_out(5, 0.001)), Figure("torch eager", logs)]
    assert unmet(figures, 0.02, 0.95) == [
        "torch eager: ±3.9 % after 5 launches, target ±2 %; 12 launches would do"
    ]
    assert unmet([Figure("torch eager", spread_out(12, 0.0305))], 0.02, 0.95) == []


def test_a_missed_target_is_never_printed_as_met() -> None:
    spread = 1.004 * log1p(0.02) * sqrt(5) / t_quantile(0.975, 4)
    (said,) = unmet([Figure("a", spread_out(5, spread))], 0.02, 0.95)
    assert said == "a: ±2.1 % after 5 launches, target ±2 %; 6 launches would do"


def test_figures_without_an_interval_say_why() -> None:
    figures = [
        Figure("one", [log(2.0)]),
        Figure("same", [0.25] * 3),
        Figure("zero", [0.0, -inf, 0.1]),
        Figure("none", []),
        Figure("far", [0.0, 30.0]),
    ]
    assert unmet(figures, 0.02, 0.95) == [
        "one: no interval after 1 launch, target ±2 %; two launches are the least",
        "same: no interval after 3 launches, target ±2 %; all launches gave the very same value",
        "zero: no figure after 3 launches, target ±2 %; a launch has no positive, finite time",
        "none: no figure after 0 launches, target ±2 %; a launch has no positive, finite time",
        "far: ±10000 % or more after 2 launches, target ±2 %; over 10000 launches would do",
    ]
