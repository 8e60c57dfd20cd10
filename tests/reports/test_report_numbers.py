"""How the report writes numbers, and that it never says more than an interval supports."""

from __future__ import annotations

import random
import re

import pytest

from xbench.analysis.interval import MARGIN, Estimate, verdict
from xbench.reports.draw import frame
from xbench.reports.formats.csv_files import harmless
from xbench.reports.model import Point
from xbench.reports.prose.numbers import (
    show_interval,
    show_once,
    show_rate,
    show_ratio,
    show_share,
    show_time,
)


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (4.7531e-3, 4.61e-3, 4.9e-3, "4.75 ms [4.61, 4.90]"),
        (4.7531e-3, 4.752e-3, 4.754e-3, "4.753 ms [4.752, 4.754]"),
        (4.7531e-3, 4.2e-3, 5.4e-3, "4.8 ms [4.2, 5.4]"),
        (333.3e-6, 290e-6, 380e-6, "330 µs [290, 380]"),
        (13.4e-3, 3.46e-3, 51.9e-3, "13 ms [3.5, 52]"),
        (0.5e-9, 0.49e-9, 0.51e-9, "0.500 ns [0.490, 0.510]"),
        (250.0, 249.0, 251.0, "250.0 s [249.0, 251.0]"),
        (0.011, 1e-9, 1e6, "11 ms [< 0.1, > 1000]"),
        (2e-3, 2e-3, 2e-3, "2.000 ms [2.000, 2.000]"),
        (4.7531e-3, None, None, "4.75 ms"),
        (999.7e-6, None, None, "1.00 ms"),
        (960e-6, 740e-6, 1250e-6, "1.0 ms [0.7, 1.2]"),
        (999.7e-6, 999.6e-6, 999.8e-6, "0.9997 ms [0.9996, 0.9998]"),
    ],
)
def test_a_time_has_the_digits_that_its_interval_supports(
    value: float, low: float | None, high: float | None, shown: str
) -> None:
    assert show_time(value, low, high) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (Estimate(1 / 2.31, 1 / 2.41, 1 / 2.21, 5), "2.31× faster [2.21, 2.41]"),
        (Estimate(1.04, 1.03, 1.05, 5), "1.040× slower [1.030, 1.050]"),
        (Estimate(1.001, 0.99, 1.012, 5), "same within 2 % [0.990, 1.012]"),
        (Estimate(1.04, 0.9, 1.2, 5), "inconclusive [0.90, 1.20]"),
        (Estimate(1.4, 1.021, 1.9, 3), "1.400× slower [1.021, 1.900]"),
        (Estimate(2.2e22, 1.5e22, 2.9e22, 3), "2.2e+22× slower [1.5e+22, 2.9e+22]"),
        (Estimate(0.98, None, None, 1), "0.98× the time, no interval"),
    ],
)
def test_a_ratio_is_said_in_words(ratio: Estimate, shown: str) -> None:
    assert show_ratio(ratio, verdict(ratio)) == shown


def test_printed_intervals_alone_support_what_is_said_with_them() -> None:
    chance = random.Random(3)
    for _ in range(3000):
        value = chance.lognormvariate(0.0, chance.choice((0.02, 0.3, 4.0)))
        half = chance.lognormvariate(-3.0, 2.0)
        ratio = Estimate(value, value / (1.0 + half), value * (1.0 + half), 3)
        text = show_ratio(ratio, verdict(ratio))
        low, high = re.findall(r"\[(.*), (.*)\]", text)[0]
        least = 0.0 if low.startswith("<") else float(low)
        most = float("inf") if high.startswith(">") else float(high)
        if "faster" in text or "slower" in text:
            assert least > 1.0 + MARGIN, text
        elif "same" in text:
            assert least >= 1.0 / (1.0 + MARGIN)
            assert most <= 1.0 + MARGIN
        else:
            assert least <= 1.0 + MARGIN, text
            assert most >= 1.0 / (1.0 + MARGIN), text


def test_ends_are_printed_to_the_last_digit_of_the_value() -> None:
    for shown in show_interval(12.34567, 12.2, 12.5):
        assert len(shown.partition(".")[2]) == 2


def test_a_rate_has_its_share_of_the_ceiling_and_is_absent_where_there_is_no_work() -> None:
    assert show_rate(2_000_000, 1e-3, None, None, None) == "2.00"
    assert show_rate(2_000_000, 1e-3, 0.9e-3, 1.1e-3, 0.871) == "2.0 (87 %)"
    assert show_rate(0, 1e-3, None, None, None) == "–"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.8, "180 %"),
        (0.38, "38 %"),
        (0.01, "1 %"),
        (0.004, "0.4 %"),
        (0.0003, "< 0.1 %"),
        (0.0, "0.0 %"),
    ],
)
def test_a_share_is_no_finer_than_it_is_known(share: float, shown: str) -> None:
    assert show_share(share) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0123, "12 ms"), (996e-6, "1.0 ms"), (None, "–"), (0.0, "–")]
)
def test_a_time_taken_once_has_two_digits(seconds: float | None, shown: str) -> None:
    assert show_once(seconds) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_formulas_are_defused_and_numbers_are_not(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(-1.5) == -1.5
    assert harmless("numpy") == "numpy"


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1e3), (1e-3, 2e-3), (3.1, 3.4), (0.01, 100.0)])
def test_every_axis_has_ticks_and_not_too_many(low: float, high: float) -> None:
    ends = frame.limits([Point(1, low, None, None), Point(2, high, None, None)])
    assert ends[0] < low < high < ends[1]
    assert 2 <= len(frame.tick_values(*ends)) <= 8
    assert 1 <= len(frame.tick_values(*ends, most=3)) <= 3  # beside long labels


def test_a_hopeless_interval_does_not_squeeze_an_axis() -> None:
    low, high = frame.limits([Point(1, 1.0, 1e-12, 1e12)])
    assert 0.1 < low < high < 10.0
