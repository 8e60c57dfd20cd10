"""Waiting for free cores: made-up machines, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from xbench.engine.quiet import PAUSE_S, PER_GROUP, Gate, Patience, runnable


def gate(counts: Iterator[int | None], patience_s: float = 1.0) -> Gate:
    """On two cores, for two threads."""
    return Gate(2, 2, Patience(patience_s), count=lambda: next(counts), sleep=lambda _: None)


def test_a_quiet_machine_is_not_waited_for() -> None:
    quiet = gate(repeat(1))
    quiet.wait()
    assert quiet.waited_s == 0.0


def test_another_program_is_waited_for_until_it_rests() -> None:
    busy = gate(chain([2, 3, 2], repeat(1)))
    busy.wait()
    assert 3 * PAUSE_S <= busy.waited_s < 1.0


def test_patience_ends_and_is_not_renewed() -> None:
    never = gate(repeat(5), patience_s=4 * PAUSE_S)
    never.wait()
    spent = never.waited_s
    assert spent == pytest.approx(4 * PAUSE_S)
    never.wait()
    assert never.waited_s == spent


def test_free_cores_are_enough() -> None:
    roomy = Gate(8, 2, Patience(1.0), count=lambda: 6, sleep=lambda _: None)
    roomy.wait()
    assert roomy.waited_s == 0.0


def test_where_nothing_is_known_nothing_is_waited_for() -> None:
    unknown = gate(repeat(None))
    unknown.wait()
    assert unknown.waited_s == 0.0


def test_what_one_gate_did_not_need_is_left_to_the_next() -> None:
    patience = Patience()
    patience.grant(3 * PAUSE_S / PER_GROUP)
    first = Gate(2, 2, patience, count=lambda: 1, sleep=lambda _: None)
    first.wait()
    patience.grant(PAUSE_S / PER_GROUP)
    second = Gate(2, 2, patience, count=lambda: 5, sleep=lambda _: None)
    second.wait()
    assert first.waited_s == 0.0
    assert second.waited_s == pytest.approx(4 * PAUSE_S)
    assert patience.left_s == 0.0


def test_a_budget_limits_patience() -> None:
    patience = Patience()
    patience.grant(1.0, most_s=0.5)
    assert patience.left_s == 0.5
    patience.grant(1.0, most_s=-3.0)
    assert patience.left_s == 0.0


def test_a_burst_that_had_no_core_is_excused_as_far_as_patience_goes() -> None:
    some = gate(repeat(1), patience_s=0.3)
    some.excuse(0.2)
    some.excuse(0.2)
    assert some.waited_s == pytest.approx(0.3)


def test_this_machine_says_how_many_run() -> None:
    found = runnable()
    assert found is None or found >= 1
