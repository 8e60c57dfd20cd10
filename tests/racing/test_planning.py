"""How a race spends its budget."""

from __future__ import annotations

from itertools import pairwise

from xbench.plan.predict import Prediction
from xbench.racing.planning import LEAST_GROUP_S, MOST_GROUP_S, Effort, choose_effort

PRODUCTS = [
    [Prediction(call_s, 0.05, 1000), Prediction(call_s, 0.05, 1000)]
    for call_s in (6e-6, 1e-3, 55e-3)
]
"""Two contenders at three sizes."""


def effort(left_s: float, launches: int | None = None) -> Effort:
    return choose_effort(launches, PRODUCTS, 1.5, left_s, 0.25)


def test_slow_calls_leave_time_for_an_interval() -> None:
    assert effort(2.0).launches == 1
    assert effort(16.0).launches >= 3  # three products of 55 ms take most of a launch


def test_a_larger_budget_gives_no_fewer_launches() -> None:
    found = [effort(float(left_s)) for left_s in range(1, 200)]
    assert all(one.launches <= other.launches for one, other in pairwise(found))
    assert all(LEAST_GROUP_S <= each.group_s <= MOST_GROUP_S for each in found)
    assert found[-1].group_s == MOST_GROUP_S


def test_launches_that_are_fixed_leave_only_the_rounds_to_the_budget() -> None:
    short, long = effort(8.0, launches=5), effort(60.0, launches=5)
    assert (short.launches, long.launches) == (5, 5)
    assert short.group_s < long.group_s
