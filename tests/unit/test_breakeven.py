"""When compiling pays: sums done by hand."""

from __future__ import annotations

from math import inf

import pytest

from helpers.made_keys import cell_key
from xbench.analysis.crossover import BreakEven, break_even
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CellPlan
from xbench.reports.tables.causes import show_calls


def summary(mode: str, first_s: float, launch_s: list[float]) -> CellSummary:
    plan = CellPlan(
        key=cell_key(backend="torch", mode=mode),
        group="op",
        family="op",
        width=1,
        default_gradient=True,
        flop=1,
        min_bytes=1,
        eager_bytes=1,
        predicted_s=1.0,
        predicted_bytes=1,
    )
    return CellSummary(
        plan=plan,
        status="ok",
        reason="",
        launch_s=launch_s,
        time_s=launch_s[0],
        low_s=None,
        high_s=None,
        first_s=first_s,
        build_s=0.0,
        open_s=None,
        calls=1,
        rounds=7,
        overhead=0.0,
        converged=True,
        check={},
        faults_per_call=None,
        environment_hash="",
    )


EAGER = summary("eager", 0.01, [0.003, 0.003, 0.003])


def test_the_extra_start_over_the_gain() -> None:
    found = break_even(summary("compiled", 10.01, [0.001, 0.001, 0.001]), EAGER)
    assert found.extra_s == pytest.approx(10.0)
    assert found.gain_s == pytest.approx(0.002)
    assert found.calls == found.low == found.high == pytest.approx(5000)


def test_the_interval_is_that_of_the_gain() -> None:
    found = break_even(summary("compiled", 10.01, [0.0010, 0.0011, 0.0009]), EAGER)
    half = 4.302653 * 0.0001 / 3**0.5
    assert found.calls == pytest.approx(5000)
    assert found.low == pytest.approx(10.0 / (0.002 + half))
    assert found.high == pytest.approx(10.0 / (0.002 - half))


def test_what_is_not_faster_never_pays() -> None:
    assert break_even(summary("graph", 1.0, [0.004, 0.004, 0.004]), EAGER).calls == inf


def test_what_may_not_be_faster_may_never_pay() -> None:
    found = break_even(summary("graph", 1.0, [0.001, 0.0035, 0.002]), EAGER)
    assert 0 < found.low < found.calls < found.high == inf


def test_a_faster_start_pays_at_once() -> None:
    assert break_even(summary("graph", 0.005, [0.001] * 3), EAGER).calls == 0.0


def test_one_launch_gives_no_upper_end() -> None:
    found = break_even(summary("graph", 1.0, [0.001]), EAGER)
    assert (found.low, found.high) == (0.0, inf)


@pytest.mark.parametrize(
    ("calls", "low", "high", "shown"),
    [
        (5000.0, 4700.0, 5300.0, "5 000 calls [4 700, 5 300]"),
        (4731.0, 4701.0, 5299.0, "4 800 calls [4 800, 5 300]"),
        (100.0 * (1 + 1e-12), 99.2, 101.0, "100 calls [100, 110]"),
        (1.2, 0.4, 2.0, "2 calls [1, 2]"),
        (0.3, 0.2, 0.4, "from the first call"),
        (0.0, 0.0, 0.0, "from the first call"),
        (0.6, 0.2, 7.1, "from the first call [1, 8]"),
        (24.0, 0.0, inf, "24 calls [1, never]"),
        (inf, 3.0, inf, "not decided [3, never]"),
        (inf, inf, inf, "never"),
    ],
)
def test_calls_are_rounded_up_and_never_none(
    calls: float, low: float, high: float, shown: str
) -> None:
    found = BreakEven(EAGER.plan, EAGER.plan, 1.0, 1.0, calls, low, high)
    assert show_calls(found) == shown
