"""The rule of stored baselines, on simulated series with seeds: its error rates and its power.

A session is a run: its level differs from the next one's by 3 %, its launches by 3 % more, of which
a run's figure is the mean of five.
"""

from __future__ import annotations

import random
from math import log1p, sqrt
from statistics import median

import pytest

from xbench.tracking.rule import ENOUGH, WINDOW, Track
from xbench.tracking.thresholds import Threshold

USUAL = Threshold()
SESSION, LAUNCH, LAUNCHES = 0.03, 0.03, 5
SPREAD = sqrt(SESSION**2 + LAUNCH**2 / LAUNCHES)


def quiet(chance: random.Random, runs: int, level: float = 0.0) -> list[float]:
    """Logarithms of a cell that did not change."""
    return [chance.gauss(level, SPREAD) for _ in range(runs)]


def tracked(values: list[float]) -> Track:
    """A track of these."""
    track = Track()
    for each in values:
        track.add(each, USUAL)
    return track


@pytest.mark.parametrize("runs", [10, 15, 20, 40])
def test_equal_runs_rarely_alarm_in_a_single_pass(runs: int) -> None:
    chance = random.Random(runs)
    cells = 2000
    kinds = [
        tracked(quiet(chance, runs)).judge(chance.gauss(0.0, SPREAD), USUAL).kind
        for _ in range(cells)
    ]
    assert kinds.count("regressed") <= 0.005 * cells


def test_with_confirmation_a_hundred_suites_do_not_fail() -> None:
    chance = random.Random(100)
    failed = 0
    for _ in range(100):
        tracks = [tracked(quiet(chance, 12)) for _ in range(200)]
        for _ in range(2):  # the run, then a measurement of what it flagged
            tracks = [
                each
                for each in tracks
                if each.judge(chance.gauss(0.0, SPREAD), USUAL).kind == "regressed"
            ]
        failed += bool(tracks)
    assert failed <= 1


def test_the_anchor_catches_what_creeps() -> None:
    rules = [creep(random.Random(seed)) for seed in range(200)]
    assert sum("anchor" in each for each in rules) >= 0.95 * len(rules)
    assert sum("baseline" in each for each in rules) < 0.7 * len(rules), "it follows what creeps"


def creep(chance: random.Random) -> set[str]:
    """The rules that flagged one of 25 runs, each 1 % slower than the one before."""
    track = tracked(quiet(chance, 15))
    found = [track.add(chance.gauss(run * log1p(0.01), SPREAD), USUAL) for run in range(1, 26)]
    return {each.rule for each in found if each.kind == "regressed"}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_that_nobody_accepted_never_becomes_the_baseline(sign: int) -> None:
    chance = random.Random(4)
    track = tracked([chance.gauss(0.0, 0.01) for _ in range(20)])
    kinds = [track.add(chance.gauss(sign * 0.2, 0.01), USUAL).kind for _ in range(2 * WINDOW)]
    assert set(kinds) == {"regressed" if sign > 0 else "improved"}
    level = track.baseline()
    assert level is not None
    assert abs(level.centre) < 0.02


def test_an_accepted_run_moves_baseline_and_anchor_at_once_and_keeps_the_spread() -> None:
    chance = random.Random(5)
    track = tracked([chance.gauss(0.0, 0.01) for _ in range(25)])
    before = track.baseline()
    track.add(0.2, USUAL, accepted=True)
    after = track.baseline()
    assert before is not None
    assert after is not None
    assert (after.centre, after.runs) == (0.2, 1)
    assert (after.spread, after.known) == (before.spread, before.known)
    assert after.limit(0.999) > before.limit(0.999), "one run knows its level less well"
    assert track.judge(0.2, USUAL).kind != "regressed"
    assert track.judge(0.0, USUAL).kind == "improved"
    assert track.judge(0.3, USUAL).kind == "regressed"


def test_fewer_than_ten_runs_decide_nothing() -> None:
    track = tracked([0.0] * (ENOUGH - 1))
    assert track.judge(5.0, USUAL).kind == "inconclusive"
    track.add(0.0, USUAL)
    assert track.judge(5.0, USUAL).kind == "regressed"


def test_the_effect_is_a_floor_and_the_margin_a_ceiling() -> None:
    track = tracked([0.0] * 20)
    assert track.judge(log1p(0.049), USUAL).kind == "inconclusive"
    assert track.judge(log1p(0.051), USUAL).kind == "regressed"
    assert track.judge(log1p(0.051), Threshold(effect=0.1)).kind == "inconclusive"
    assert track.judge(log1p(0.005), USUAL).kind == "same"
    assert track.judge(log1p(0.005), Threshold(margin=0.01)).kind == "inconclusive"


def test_the_window_rolls() -> None:
    chance = random.Random(6)
    track = tracked([chance.gauss(0.0, 0.03) for _ in range(50)])
    level = track.baseline()
    assert level is not None
    assert level.runs == WINDOW
    assert level.centre == median(track.values[-WINDOW:])


def test_chance_beyond_the_limit_is_kept_and_a_change_is_not() -> None:
    """A history without its own extremes would take them for alarms ever after."""
    track = tracked([0.0, 0.01] * 10)
    for value in (0.3, 0.0, 0.01):
        track.add(value, USUAL)
    assert 0.3 in track.values
    for value in (0.3, 0.3, 0.3, 0.0):
        track.add(value, USUAL)
    assert track.values.count(0.3) == 1
