"""How many calls, how many rounds, when warm-up may end: pure functions of made-up times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.engine.burst import (
    LADDER,
    LEAD_IN_LIMIT_NS,
    MIN_BURST_NS,
    OVERHEAD_FACTOR,
    TRAINING_CALLS,
    Burst,
    agree,
    choose_burst,
    more_rounds,
    settled,
)
from xbench.plan.plan import GOOD_ROUNDS, MAX_ROUNDS, MIN_ROUNDS


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
    wanted = max(MIN_BURST_NS, OVERHEAD_FACTOR * fence_ns)
    shorter = [calls for calls in LADDER if calls < burst.calls]
    assert all(calls * call_ns < wanted for calls in shorter)


@pytest.mark.parametrize(
    ("call_ns", "trains", "lead_in"),
    [
        (LEAD_IN_LIMIT_NS, False, 0),
        (LEAD_IN_LIMIT_NS - 1, False, 1),
        (2e6, False, 1),
        (1.9e6, False, 2),
        (500e3, True, 4),
        (50e3, True, TRAINING_CALLS),
        (50e3, False, 40),
        (0.0, False, LADDER[-1]),
    ],
)
def test_calls_lead_in_for_two_milliseconds(call_ns: float, trains: bool, lead_in: int) -> None:
    assert choose_burst(call_ns, 0, trains).lead_in == lead_in


def test_cells_that_are_alike_have_the_same_burst() -> None:
    bursts = {"a": Burst(5, 4), "b": Burst(2, 3), "slow": Burst(1, 1), "fast": Burst(20, 20)}
    calls = {"a": 0.9e6, "b": 1.1e6, "slow": 9e6, "fast": 0.1e6}
    found = agree(bursts, calls)
    assert found["a"] == found["b"] == Burst(5, 4)
    assert (found["slow"], found["fast"]) == (bursts["slow"], bursts["fast"])
    assert agree({}, {}) == {}


@pytest.mark.parametrize(
    ("done", "spent_s", "wanted", "more"),
    [
        (0, 0.0, None, True),
        (MIN_ROUNDS - 1, 9.0, None, True),  # never fewer than the least
        (MIN_ROUNDS, 2.9, None, True),  # short rounds: up to enough of them
        (MIN_ROUNDS, 3.0, None, False),
        (GOOD_ROUNDS, 0.9, None, True),
        (GOOD_ROUNDS, 1.0, None, False),
        (MAX_ROUNDS, 0.1, None, False),
        (11, 9.0, 12, True),
        (12, 0.0, 12, False),
    ],
)
def test_rounds_fill_the_time_within_limits(
    done: int, spent_s: float, wanted: int | None, more: bool
) -> None:
    assert more_rounds(done, spent_s, 1.0, wanted) is more


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
