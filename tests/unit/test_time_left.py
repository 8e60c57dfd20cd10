"""The time left that is shown while a run goes on, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xbench.engine.progress import TimeLeft
from xbench.plan.build import build_rows
from xbench.plan.plan import Plan, make_plan
from xbench.plan.predict import oracle_s
from xbench.plan.select import Selection
from xbench.suites.presets import PRESETS

LAUNCHES = 3


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    time_s = [1000.0]
    monkeypatch.setattr("xbench.engine.progress.time.monotonic", lambda: time_s[0])

    def after(seconds: float) -> None:
        time_s[0] += seconds

    return after


def planned() -> Plan:
    """Small products and elementwise ops of NumPy."""
    rows = build_rows(Selection(PRESETS["quick"], (), {"backend": ("numpy",)}), ("cpu",), 2)
    return make_plan(rows, LAUNCHES, 1.5, 2, 24 << 30)


def work(plan: Plan) -> list[tuple[str, float]]:
    """Every group of every launch, with the seconds predicted for it and what comes before it."""
    found = []
    opening = plan.launch_s() - sum(map(plan.group_cost_s, plan.groups))
    for launch in range(plan.launches):
        for place, group in enumerate(plan.groups):
            seconds = plan.group_cost_s(group) + (opening if place == 0 else 0.0)
            seconds += 0.0 if launch else oracle_s(group.spec, plan.cores)
            found.append((group.id, seconds))
    return found


def test_what_goes_as_predicted_has_what_was_predicted_left(now: Callable[[float], None]) -> None:
    plan = planned()
    clock, steps = TimeLeft(plan), work(plan)
    assert clock.left_s() == pytest.approx(plan.total_s())
    for place, (group, seconds) in enumerate(steps):
        now(seconds)
        clock.step(group)
        rest = sum(each for _, each in steps[place + 1 :])
        assert clock.left_s() == pytest.approx(rest, abs=1e-6)
    assert clock.done == clock.total == len(steps)


def test_a_cold_first_group_does_not_stand_for_the_rest(now: Callable[[float], None]) -> None:
    plan = planned()
    clock, ((first, seconds), *later) = TimeLeft(plan), work(plan)
    now(5.0 * seconds)
    clock.step(first)
    assert clock.left_s() < 2.0 * sum(each for _, each in later)


@pytest.mark.parametrize("pace", [0.4, 2.5])
def test_what_goes_otherwise_than_predicted_is_learnt(
    now: Callable[[float], None], pace: float
) -> None:
    plan = planned()
    clock, steps = TimeLeft(plan), work(plan)
    errors = []
    for place, (group, seconds) in enumerate(steps[:-1]):
        now(pace * seconds)
        clock.step(group)
        true = pace * sum(each for _, each in steps[place + 1 :])
        errors.append(max(true / clock.left_s(), clock.left_s() / true))
    assert errors == sorted(errors, reverse=True)
    assert errors[0] < 2.5
    assert errors[-1] < 1.25


def test_what_was_measured_before_is_not_left_and_says_nothing_of_the_pace(
    now: Callable[[float], None],
) -> None:
    plan = planned()
    steps = work(plan)
    half = len(steps) // 2
    clock = TimeLeft(plan, [group for group, _ in steps[:half]])
    rest = sum(each for _, each in steps[half:])
    assert clock.done == half
    assert clock.left_s() == pytest.approx(rest)
    now(rest)
    for group, _ in steps[half:]:
        clock.step(group)
    assert clock.left_s() == pytest.approx(0.0, abs=1e-6)
