"""Statistics: Student's t against SciPy, intervals that cover, ratios that invert, verdicts."""

from __future__ import annotations

from math import exp, inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xbench.analysis.interval import (
    MARGIN,
    RESOLUTION,
    Estimate,
    Rounds,
    half_width,
    location,
    over_launches,
    paired_log_ratio,
    t_cdf,
    t_quantile,
    verdict,
)

FREEDOMS = (1, 2, 3, 4, 5, 6, 9, 10, 19, 30, 99, 1000)
UPPER = (0.5, 0.55, 0.75, 0.9, 0.95, 0.975, 0.99, 1 - 0.05 / 6, 0.995, 0.9995, 0.999999)

times = st.floats(1e-9, 1e4)
log_lists = st.lists(st.floats(-20, 9), min_size=2, max_size=12).filter(
    lambda logs: max(logs) - min(logs) > 1e-6
)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_quantiles_agree_with_scipy(freedom: int) -> None:
    for probability in (*UPPER, *(1 - each for each in UPPER)):
        expected = stats.t.ppf(probability, freedom)
        assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_distribution_function_agrees_with_scipy(freedom: int) -> None:
    for value in (-1e6, -40.0, -3.2, -1.0, -1e-3, 0.0, 1e-9, 0.3, 1.0, 2.7, 12.7, 1e4):
        expected = stats.t.cdf(value, freedom)
        assert t_cdf(value, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_the_looks_of_an_adaptive_run_have_the_known_thresholds() -> None:
    found = [t_quantile(1 - 0.05 / 6, launches - 1) for launches in (5, 10, 20)]
    assert found == pytest.approx([3.961, 2.933, 2.625], abs=6e-4)


@given(st.floats(0.001, 0.999), st.integers(1, 500))
def test_quantile_undoes_the_distribution_function(probability: float, freedom: int) -> None:
    assert t_cdf(t_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("probability", "freedom"), [(0.0, 3), (1.0, 3), (-0.1, 3), (nan, 3), (0.9, 0), (0.9, -2)]
)
def test_impossible_quantiles_are_refused(probability: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, freedom)


def test_half_width_is_the_textbook_interval() -> None:
    sample = [1.0, 2.0, 4.0, 8.0, 16.0]
    low, high = stats.t.interval(0.95, 4, loc=0.0, scale=stats.sem(sample))
    assert half_width(float(np.std(sample, ddof=1)), 5) == pytest.approx((high - low) / 2)


def test_estimate_is_the_geometric_mean_with_its_t_interval() -> None:
    seconds = [1e-3, 1.1e-3, 0.9e-3]
    found = over_launches([log(each) for each in seconds])
    assert found.launches == 3
    assert found.value == pytest.approx(float(stats.gmean(seconds)))
    half = 4.302652729696142 * float(np.std(np.log(seconds), ddof=1)) / 3**0.5
    assert found.low == pytest.approx(found.value * exp(-half))
    assert found.high == pytest.approx(found.value * exp(half))
    assert found.relative_half_width == pytest.approx(exp(half) - 1.0)


def test_one_launch_has_a_value_and_no_interval() -> None:
    found = over_launches([log(0.25)])
    assert found.value == pytest.approx(0.25)
    assert (found.low, found.high, found.launches) == (None, None, 1)
    assert found.relative_half_width is None
    assert verdict(found) == "inconclusive"


@pytest.mark.parametrize("logs", [[], [nan], [0.0, nan], [inf, 0.0], [-inf]])
def test_nothing_is_estimated_from_what_is_no_number(logs: list[float]) -> None:
    with pytest.raises(ValueError, match="no estimate"):
        over_launches(logs)


@pytest.mark.parametrize("bad", [0.0, -1e-3, nan, inf])
def test_a_ratio_of_times_that_are_not_positive_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="no rounds"):
        Rounds([1.0, bad, 1.0])
    with pytest.raises(ValueError, match="no rounds"):
        Rounds([1.0, 1.0, 1.0], [1.0, bad, 1.0])


def test_rounds_that_are_not_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="not paired: 2 and 1 rounds"):
        paired_log_ratio(Rounds([1.0, 2.0]), Rounds([1.0]))
    with pytest.raises(ValueError, match="1 canaries for 2 rounds"):
        Rounds([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="no rounds"):
        Rounds([])


@given(st.lists(st.lists(st.tuples(times, times), min_size=1, max_size=9), min_size=2, max_size=7))
def test_swapping_the_sides_inverts_the_ratio(launches: list[list[tuple[float, float]]]) -> None:
    pairs = [tuple(map(Rounds, zip(*rounds, strict=True))) for rounds in launches]
    there = over_launches([paired_log_ratio(upper, lower) for upper, lower in pairs])
    back = over_launches([paired_log_ratio(lower, upper) for upper, lower in pairs])
    assert there.value * back.value == pytest.approx(1.0, rel=1e-12)
    if there.low is None or back.high is None:
        assert there.low is back.high is None
        return
    assert log(there.low) == pytest.approx(-log(back.high), rel=1e-12, abs=1e-12)


@given(log_lists)
def test_the_value_lies_inside_its_interval(logs: list[float]) -> None:
    found = over_launches(logs)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value * (1 + 1e-12)
    assert found.value <= found.high * (1 + 1e-12)


@given(log_lists, st.floats(-5, 5))
def test_a_common_factor_scales_value_and_interval(logs: list[float], shift: float) -> None:
    plain, scaled = over_launches(logs), over_launches([each + shift for each in logs])
    assert plain.low is not None
    assert scaled.low is not None
    assert scaled.value == pytest.approx(plain.value * exp(shift), rel=1e-9)
    assert scaled.low == pytest.approx(plain.low * exp(shift), rel=1e-6)


@given(st.lists(times, min_size=1, max_size=20))
def test_location_does_not_depend_on_the_order_of_rounds(seconds: list[float]) -> None:
    assert location(seconds) == location(seconds[::-1])
    assert min(seconds) <= location(seconds) <= max(seconds)


def test_one_disturbed_round_does_not_move_a_launch() -> None:
    assert location([1.0, 1.0, 1.0, 1.0, 50.0]) == 1.0
    found = paired_log_ratio(Rounds([2.0, 2.0, 900.0]), Rounds([1.0, 1.0, 1.0]))
    assert found == pytest.approx(log(2.0))


def test_half_of_a_ratio_is_the_fastest_quarter_and_half_the_median_of_pairs() -> None:
    upper = Rounds([3.0, 1.0, 2.0, 4.0, 9.0, 8.0, 7.0, 6.0, 5.0])
    lower = Rounds([1.0] * 9)
    assert paired_log_ratio(upper, lower) == pytest.approx(0.5 * (log(5.0) + log(6.0) / 3))


def test_what_falls_on_one_side_counts_half_at_most() -> None:
    upper = Rounds([1.5] * 5 + [1.0] * 4)  # disturbed in more than half of its rounds
    assert paired_log_ratio(upper, Rounds([1.0] * 9)) == pytest.approx(0.5 * log(1.5))


def test_launches_that_are_all_the_same_have_no_interval() -> None:
    for shift in (0.0, 1e-17, 0.9 * RESOLUTION):
        found = over_launches([log(1.3), log(1.3), log(1.3) + shift])
        assert found.value == pytest.approx(1.3)
        assert (found.low, found.high, found.relative_half_width) == (None, None, None)
        assert verdict(found) == "inconclusive"
    assert over_launches([0.0, 3.0 * RESOLUTION]).low is not None


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.03, 1.10, "slower"),
        (1.0201, 1.0202, "slower"),
        (0.90, 0.97, "faster"),
        (0.9, 0.9803, "faster"),
        (0.99, 1.01, "same"),
        (0.985, 1.015, "same"),
        (1.0, 1.0, "same"),
        (1.01, 1.05, "inconclusive"),  # significant, but not surely beyond the margin
        (0.95, 0.99, "inconclusive"),
        (0.99, 1.03, "inconclusive"),
        (0.5, 2.0, "inconclusive"),
    ],
)
def test_verdicts_need_significance_and_size(low: float, high: float, said: str) -> None:
    ratio = Estimate((low * high) ** 0.5, low, high, 5)
    assert verdict(ratio) == said
    mirrored = {"slower": "faster", "faster": "slower"}
    assert verdict(Estimate(1 / ratio.value, 1 / high, 1 / low, 5)) == mirrored.get(said, said)


def test_a_wider_margin_needs_a_larger_change() -> None:
    ratio = Estimate(1.04, 1.03, 1.05, 5)
    assert MARGIN == 0.02
    assert verdict(ratio) == "slower"
    assert verdict(ratio, margin=0.05) == "same"
    assert verdict(ratio, margin=0.04) == "inconclusive"


@pytest.mark.parametrize("launches", [3, 5, 10])
def test_intervals_cover_the_truth(launches: int) -> None:
    rng = np.random.default_rng(5)
    trials, covered = 4000, 0
    for _ in range(trials):
        rounds = rng.normal(log(2.0), 0.01, launches)
        found = over_launches(rounds.tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 2.0 <= found.high
    assert 0.93 <= covered / trials <= 0.97


def test_identical_sides_are_called_different_in_one_of_twenty() -> None:
    rng = np.random.default_rng(43052)
    alarms = 0
    for _ in range(1000):
        launches = []
        for _ in range(5):
            drift = rng.normal(0.0, 0.01)
            upper, lower = np.exp(drift + rng.normal(0, 0.02, (2, 15)))
            launches.append(paired_log_ratio(Rounds(upper.tolist()), Rounds(lower.tolist())))
        found = over_launches(launches)
        assert found.low is not None
        assert found.high is not None
        alarms += not found.low <= 1.0 <= found.high
        assert verdict(found, margin=0.05) in {"same", "inconclusive"}
    assert alarms <= 75
