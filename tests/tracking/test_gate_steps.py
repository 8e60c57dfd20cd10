"""The step scan, on simulated series with seeds."""

from __future__ import annotations

import random
from math import log1p

from xbench.tracking.steps import despike, find_steps, holm

SPREAD = 0.0329


def test_quiet_series_have_no_steps_in_forty_looks() -> None:
    flagged = 0
    for seed in range(200):
        chance = random.Random(seed)
        logs = [chance.gauss(0.0, SPREAD) for _ in range(60)]
        flagged += any(find_steps(logs[:look]) for look in range(21, 61))
    assert flagged <= 0.01 * 200


def test_a_tenth_is_found_within_seven_runs() -> None:
    found = 0
    for seed in range(200):
        chance = random.Random(seed)
        logs = [chance.gauss(0.0, SPREAD) for _ in range(30)]
        logs += [chance.gauss(log1p(0.1), SPREAD) for _ in range(7)]
        steps = [step for look in (35, 36, 37) for step in find_steps(logs[:look])]
        found += any(abs(step.place - 30) <= 3 and step.change > 0.0 for step in steps)
    assert found >= 0.9 * 200


def test_steps_up_and_down_are_told_apart() -> None:
    chance = random.Random(1)
    logs = [chance.gauss(level, 0.01) for level in (0.0, 0.2, 0.05) for _ in range(20)]
    first, second = find_steps(logs)
    assert (first.place, second.place) == (20, 40)
    assert abs(first.change - 0.2) < 0.02 or abs(first.change - 0.125) < 0.02
    assert second.change < -0.05


def test_a_spike_is_no_step_and_an_edge_no_spike() -> None:
    chance = random.Random(2)
    logs = [chance.gauss(0.0, 0.01) for _ in range(30)]
    spiked = [*logs[:15], logs[15] + 1.0, *logs[16:]]
    assert despike(spiked)[15] < 0.05
    assert find_steps(spiked) == []
    edge = [*logs[:15], *(each + 1.0 for each in logs[15:])]
    assert despike(edge) == edge


def test_a_series_too_short_or_a_change_too_small_is_nothing() -> None:
    assert find_steps([]) == []
    assert find_steps([0.0] * 7 + [1.0] * 5) == []
    assert find_steps([0.0] * 20 + [log1p(0.04)] * 20) == []
    assert find_steps([0.0] * 20 + [log1p(0.04)] * 20, effect=0.03) != []


def test_holm_asks_more_of_each_the_more_there_are() -> None:
    assert holm([1e-5, 1e-3], 20) == [True, True]
    assert holm([1e-5, 1e-3], 200) == [True, False]
    assert holm([], 10) == []
