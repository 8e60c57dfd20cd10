"""What is still to be measured and what the budget allows: plans without processes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from xbench.engine.schedule import Schedule
from xbench.plan.build import build_rows
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import Selection
from xbench.suites.presets import PRESETS


@pytest.fixture(scope="module")
def plan() -> Plan:
    rows = build_rows(Selection(PRESETS["quick"], (), {"backend": ("numpy",)}), ("cpu",), 2)
    return make_plan(rows, 3, 1.0, 2, 1 << 36)


def schedule(
    plan: Plan, budget_s: float | None = None, done: set[tuple[str, int]] | None = None
) -> Schedule:
    return Schedule(plan, 5, budget_s, done or set())


def test_each_launch_has_an_order_of_its_own_that_repeats(plan: Plan) -> None:
    groups = list(plan.groups)
    orders = [[group.id for group in schedule(plan).order(groups, n)] for n in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(group.id for group in groups)


def test_what_is_measured_is_left_out_and_the_rest_keeps_its_order(plan: Plan) -> None:
    groups = list(plan.groups)
    order = [group.id for group in schedule(plan).order(groups, 1)]
    rest = schedule(plan, done={(order[0], 1), (order[2], 1), (order[1], 0)}).order(groups, 1)
    assert [group.id for group in rest] == [order[1], *order[3:]]


def test_without_a_budget_everything_fits(plan: Plan) -> None:
    endless = schedule(plan)
    assert endless.allows(1e12)
    assert not endless.exhausted


def test_what_does_not_fit_any_more_exhausts_the_budget(plan: Plan) -> None:
    short = schedule(plan, budget_s=10.0)
    assert (short.allows(9.0), short.exhausted) == (True, False)
    short.started = time.monotonic() - 5.0
    assert (short.allows(6.0), short.exhausted) == (False, True)
    assert short.allows(1.0)


def test_time_that_is_left_goes_to_as_many_undecided_groups_as_fit(plan: Plan) -> None:
    groups = list(plan.groups)[:4]
    costs = dict(zip((group.id for group in groups), (9.0, 2.0, 30.0, 1.0), strict=True))
    timed = Schedule(replace(plan, time_s=60.0), 5, None, set(), costs)
    timed.started = time.monotonic() - 40.0
    assert timed.within_time(groups, opening_s=5.0) == [groups[3], groups[1], groups[0]]
    assert timed.within_time(groups, opening_s=13.0) == [groups[3], groups[1]]
    assert timed.within_time(groups, opening_s=25.0) == []
    assert timed.within_time([groups[2]], opening_s=5.0) == []
