"""The study of intervals that borrow strength: its prior, its rules, and what it reads of runs."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest

from helpers.journals import NUMPY, TORCH, group, header, planned, taken, write
from helpers.moderated import NEARLY_INFINITE, RULES, Prior, fit_prior
from helpers.moderated_runs import Quantity, checked, quantities, thirds_by_spread


def test_the_prior_that_made_the_variances_is_found() -> None:
    rng = np.random.default_rng(1)
    drawn = 0.01**2 * 4.0 / rng.chisquare(4.0, 50_000)
    found = fit_prior(drawn * rng.chisquare(2, 50_000) / 2, 2)
    assert found.freedom[0] == pytest.approx(4.0, rel=0.05)
    assert np.sqrt(found.variance[0]) == pytest.approx(0.01, rel=0.02)


def test_variances_that_differ_by_chance_alone_or_less_make_an_exact_prior() -> None:
    found = fit_prior(np.array([1.0, 1.1, 1.2]), 2)
    assert found.freedom[0] == NEARLY_INFINITE
    assert found.variance[0] == pytest.approx(1.1)


def test_a_guard_only_widens_and_t_is_students() -> None:
    variances, freedom = np.array([1e-9, 0.3, 1.0, 2.0, 40.0, 0.0]), np.array([2, 2, 2, 3, 2, 1])
    prior = fit_prior(variances, freedom)
    half = {name: rule(variances, freedom, prior) for name, rule in RULES.items()}
    assert half["t"] == pytest.approx(
        np.array([4.303] * 3 + [3.182, 4.303, 12.706]) * variances**0.5, rel=1e-3
    )
    assert (half["limma"] > 0.0).all()
    for guarded in ("larger", "limma or t"):
        assert (half[guarded] >= half["limma"]).all()
    assert (half["larger, half d0, or t"] >= half["larger, half d0"]).all()
    assert half["limma or t"][4] >= half["t"][4]


@pytest.mark.parametrize(("d0", "jump"), [(1.5, 1.63), (2.5, 1.75)])
def test_where_t_takes_over_from_limma_the_interval_jumps(d0: float, jump: float) -> None:
    rising = np.linspace(1.0, 2.0, 2001)
    half = RULES["limma or t"](rising, 2, Prior(np.array([1.0]), np.array([d0])))
    assert np.max(half[1:] / half[:-1]) == pytest.approx(jump, abs=0.005)


def test_a_twin_is_equal_and_the_sides_of_an_ab_only_if_said(tmp_path: Path) -> None:
    twin = planned("twin")
    lines = [
        group(n, taken(NUMPY, 1000 + n, 1000), taken(TORCH, 2000 + n, 2000), taken(twin, 1000, 990))
        for n in range(3)
    ]
    found = quantities(write(tmp_path, header(NUMPY, TORCH, twin), *lines), equal_sides=False)
    assert [each.kind for each in found] == [
        "time",
        "time",
        "ratio",
        "ratio",
    ]  # the twin's is still
    assert found[0].logs[0] == pytest.approx(log(1e-7))
    assert [each.equal for each in found if each.kind == "ratio"] == [False, True]


def test_parts_of_a_run_hold_1_and_predict_its_other_launches() -> None:
    spread = [0.01 * (place + 1) for place in range(6)]
    pool = [
        Quantity(f"r{k}", "ratio", k > 0, (s, -s, 0.0, 9.0, 9.0 + s, 9.0))
        for k, s in enumerate(spread)
    ]
    assert thirds_by_spread(pool) == {"r0": 0, "r1": 0, "r2": 1, "r3": 1, "r4": 2, "r5": 2}
    holds = checked([pool], "ratio", 3, "hold 1")
    assert holds is not None
    assert holds.third.tolist() == [0, 0, 1, 1, 2] * 2  # without the first, which is not equal
    assert holds.held["t"].tolist() == [True] * 5 + [False] * 5
    predicts = checked([pool], "ratio", 3, "predict the others")
    assert predicts is not None
    assert not predicts.held["t"].any()
    assert checked([pool[:5]], "ratio", 3, "hold 1") is None
