"""How many calls, how many rounds, when warm-up may end: pure functions of made-up times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.engine.calibrate import (
    BURST_NS,
    LADDER,
    LEAD_IN_LIMIT_NS,
    OVERHEAD_FACTOR,
    TRAINING_CALLS,
    Burst,
    choose_burst,
    choose_rounds,
    settled,
)
from xbench.plan.plan import MAX_ROUNDS, MIN_ROUNDS


@pytest.mark.parametrize(
    ("call_ns", "fence_ns", "trains", "calls"),
    [
        (3e9, 200, False, 1),
        (2e6, 200, False, 1),
        (1.9e6, 200, False, 2),
        (400e3, 200, False, 5),
        (399e3, 200, False, 10),
        (50e3, 200, False, 50),
        (200.0, 100, False, 10_000),
        (1.0, 100, False, 10_000),  # the ladder's end, too short: the row says its overhead
        (50e3, 200, True, 20),  # a longer one could not be checked
        (400e3, 200, True, 5),
        (1e6, 100_000, False, 10),  # a slow fence needs a longer burst
    ],
)
def test_the_smallest_burst_that_is_long_enough(
    call_ns: float, fence_ns: float, trains: bool, calls: int
) -> None:
    assert choose_burst(call_ns, fence_ns, trains).calls == calls


@given(st.floats(1, 1e11), st.floats(0, 1e7), st.booleans())
def test_a_burst_is_on_the_ladder_and_no_longer_than_needed(
    call_ns: float, fence_ns: float, trains: bool
) -> None:
    burst = choose_burst(call_ns, fence_ns, trains)
    assert burst.calls in LADDER
    assert burst.calls <= TRAINING_CALLS or not trains
    wanted = max(BURST_NS, OVERHEAD_FACTOR * fence_ns)
    shorter = [calls for calls in LADDER if calls < burst.calls]
    assert all(calls * call_ns < wanted for calls in shorter)


def test_only_short_calls_get_one_to_warm_up() -> None:
    assert choose_burst(LEAD_IN_LIMIT_NS - 1, 0, False) == Burst(1, 1)
    assert choose_burst(LEAD_IN_LIMIT_NS, 0, False) == Burst(1, 0)


@pytest.mark.parametrize(
    ("round_ns", "budget_s", "rounds"),
    [(1e7, 0.5, 50), (1e6, 1e9, MAX_ROUNDS), (1e12, 0.5, MIN_ROUNDS), (0.0, 1.0, MAX_ROUNDS)],
)
def test_rounds_fill_the_budget_within_limits(
    round_ns: float, budget_s: float, rounds: int
) -> None:
    assert choose_rounds(round_ns, budget_s) == rounds


def test_warm_up_ends_once_two_windows_agree() -> None:
    assert settled([10.0] * 10)
    assert not settled([10.0] * 9)
    assert not settled([])
    assert settled([500.0, 90.0, 40.0, *[10.0, 10.1, 9.9, 10.0, 10.2] * 2])


def test_warm_up_goes_on_while_times_still_fall_or_rise() -> None:
    assert not settled([20.0, 19.0, 18.0, 17.0, 16.0, 15.0, 14.0, 13.0, 12.0, 11.0])
    assert not settled([10.0] * 5 + [11.0] * 5)
    assert not settled([10.0] * 5 + [9.0] * 5)
    assert not settled([10.0, 10.1, 9.9, 10.0, 10.1, 90.0, 10.0, 10.0, 10.1, 9.9])


@given(st.lists(st.floats(1, 1e9), min_size=10, max_size=40), st.floats(0.01, 100))
def test_settling_does_not_depend_on_the_unit(times: list[float], unit: float) -> None:
    exact = [float(round(each)) * 1024 for each in times]
    assert settled(exact) == settled([each / 1024 for each in exact])


@given(st.lists(st.floats(1, 1e6), max_size=20))
def test_only_the_last_ten_calls_count(earlier: list[float]) -> None:
    assert settled([*earlier, *[7.0] * 10])
