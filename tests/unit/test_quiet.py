"""Waiting for free cores: made-up machines, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from xbench.engine.quiet import PAUSE_S, PER_GROUP, FreeCores, WaitBudget, runnable


def free_cores(counts: Iterator[int | None], wait_s: float = 1.0) -> FreeCores:
    """On two cores, for two threads."""
    return FreeCores(2, 2, WaitBudget(wait_s), count=lambda: next(counts), sleep=lambda _: None)


def test_a_quiet_machine_is_not_waited_for() -> None:
    quiet = free_cores(repeat(1))
    quiet.wait()
    assert quiet.waited_s == 0.0


def test_another_program_is_waited_for_until_it_rests() -> None:
    busy = free_cores(chain([2, 3, 2], repeat(1)))
    busy.wait()
    assert 3 * PAUSE_S <= busy.waited_s < 1.0


def test_patience_ends_and_is_not_renewed() -> None:
    never = free_cores(repeat(5), wait_s=4 * PAUSE_S)
    never.wait()
    spent = never.waited_s
    assert spent == pytest.approx(4 * PAUSE_S)
    never.wait()
    assert never.waited_s == spent


def test_free_cores_are_enough() -> None:
    roomy = FreeCores(8, 2, WaitBudget(1.0), count=lambda: 6, sleep=lambda _: None)
    roomy.wait()
    assert roomy.waited_s == 0.0


def test_where_nothing_is_known_nothing_is_waited_for() -> None:
    unknown = free_cores(repeat(None))
    unknown.wait()
    assert unknown.waited_s == 0.0


def test_what_one_gate_did_not_need_is_left_to_the_next() -> None:
    wait_budget = WaitBudget()
    wait_budget.grant(3 * PAUSE_S / PER_GROUP)
    first = FreeCores(2, 2, wait_budget, count=lambda: 1, sleep=lambda _: None)
    first.wait()
    wait_budget.grant(PAUSE_S / PER_GROUP)
    second = FreeCores(2, 2, wait_budget, count=lambda: 5, sleep=lambda _: None)
    second.wait()
    assert first.waited_s == 0.0
    assert second.waited_s == pytest.approx(4 * PAUSE_S)
    assert wait_budget.left_s == 0.0


def test_a_budget_limits_patience() -> None:
    wait_budget = WaitBudget()
    wait_budget.grant(1.0, most_s=0.5)
    assert wait_budget.left_s == 0.5
    wait_budget.grant(1.0, most_s=-3.0)
    assert wait_budget.left_s == 0.0


def test_a_burst_that_had_no_core_is_excused_as_far_as_patience_goes() -> None:
    some = free_cores(repeat(1), wait_s=0.3)
    some.excuse(0.2)
    some.excuse(0.2)
    assert some.waited_s == pytest.approx(0.3)


def test_this_machine_says_how_many_run() -> None:
    found = runnable()
    assert found is None or found >= 1
