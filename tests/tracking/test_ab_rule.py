"""The rule of an A/B: what it says, and how often it is wrong, in simulated launches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log

import numpy as np
import pytest
from msgspec.structs import replace

from xbench.analysis.interval import Estimate, over_launches
from xbench.tracking.ab import ATTEMPTS, confirm
from xbench.tracking.thresholds import Threshold
from xbench.tracking.thresholds import judge as kind_of
from xbench.tracking.verdict import Finding, FindingKind, exit_status

LAUNCHES = 7
USUAL = Threshold()


def measured(
    seed: int, cells: Sequence[str], spread: float, effect: float = 0.0
) -> dict[str, Finding]:
    """What one measurement says of cells whose launches' ln ratios spread so much."""
    logs = np.random.default_rng(seed).normal(log(1.0 + effect), spread, (len(cells), LAUNCHES))
    found = {}
    for cell, each in zip(cells, logs.tolist(), strict=True):
        ratio = over_launches(each)
        found[cell] = Finding(
            cell=cell,
            kind=kind_of(ratio, USUAL),
            ratio=ratio.value,
            low=ratio.low,
            high=ratio.high,
            launches=LAUNCHES,
            threshold=USUAL.effect,
        )
    return found


def candidates(found: Iterable[Finding]) -> list[str]:
    """The cells that are to be looked for again."""
    return [each.cell for each in found if each.kind == "regressed" and each.confirmed is None]


def suite(seed: int, count: int, spread: float, effect: float = 0.0) -> tuple[int, int]:
    """How many cells the first measurement takes for slower, and how many are confirmed."""
    findings = list(measured(seed, [str(n) for n in range(count)], spread, effect).values())
    first = len(candidates(findings))
    for attempt in range(1, ATTEMPTS + 1):
        again = measured(seed + 10_000 * attempt, candidates(findings), spread, effect)
        findings = confirm(findings, again, LAUNCHES)
    return first, sum(each.confirmed is True for each in findings)


def test_a_slowdown_of_a_tenth_is_found_and_confirmed() -> None:
    """Launch spread 3 %: more than 99 in 100 each time."""
    first, both = suite(1, 2000, 0.03, 0.10)
    assert first >= 1980
    assert both >= 1960


def test_equal_sides_are_seldom_called_slower_and_hardly_ever_twice() -> None:
    """Launch spread 5 %; the measurements are independent."""
    cells = 50_000
    first, both = suite(2, cells, 0.05)
    assert 0 < first <= 0.005 * cells
    assert both <= 1e-4 * cells


def test_of_a_hundred_suites_of_two_hundred_equal_cells_at_most_one_fails() -> None:
    assert sum(suite(100 + number, 200, 0.05)[1] > 0 for number in range(100)) <= 1


@pytest.mark.parametrize(
    ("value", "low", "high", "kind"),
    [
        (1.10, 1.03, 1.17, "regressed"),
        (1.05, 1.021, 1.08, "regressed"),
        (1.10, 1.02, 1.19, "inconclusive"),
        (1.04, 1.03, 1.05, "inconclusive"),
        (0.90, 0.85, 0.95, "improved"),
        (0.90, 0.81, 0.99, "inconclusive"),
        (1.00, 0.985, 1.015, "same"),
        (1.01, 0.99, 1.03, "inconclusive"),
    ],
)
def test_both_estimate_and_interval_decide(
    value: float, low: float, high: float, kind: FindingKind
) -> None:
    assert kind_of(Estimate(value, low, high, 7), USUAL) == kind
    turned = {"regressed": "improved", "improved": "regressed"}.get(kind, kind)
    assert kind_of(Estimate(1 / value, 1 / high, 1 / low, 7), USUAL) == turned


def test_a_single_launch_decides_nothing() -> None:
    assert kind_of(over_launches([log(2.0)]), USUAL) == "inconclusive"


def test_thresholds_are_the_cells_own() -> None:
    ratio = Estimate(1.10, 1.08, 1.12, 7)
    assert kind_of(ratio, Threshold(effect=0.15)) == "inconclusive"
    assert kind_of(ratio, Threshold(margin=0.09)) == "inconclusive"


def candidate(**changes: object) -> Finding:
    found = Finding(
        cell="a",
        kind="regressed",
        base=1.0,
        head=1.1,
        ratio=1.1,
        low=1.08,
        high=1.12,
        launches=7,
        threshold=0.05,
    )
    return replace(found, **changes)


def test_seen_again_it_is_confirmed_and_fails_the_run() -> None:
    (found,) = confirm([candidate()], {"a": candidate(ratio=1.09)}, 7)
    assert (found.kind, found.confirmed, found.ratio) == ("regressed", True, 1.1)
    assert "1.090×" in found.reason
    assert exit_status([found]) == 1


def test_not_seen_again_it_is_inconclusive() -> None:
    (found,) = confirm([candidate()], {"a": candidate(kind="same", high=1.01)}, 7)
    assert (found.kind, found.confirmed) == ("inconclusive", False)
    assert exit_status([found]) == 0
    assert exit_status([found], strict=True) == 4


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"a": candidate(kind="inconclusive", launches=2)},
        {"a": candidate(launches=2)},
        {"a": candidate(kind="inconclusive", low=0.9, high=1.3)},
        {"a": Finding(cell="a", kind="broken", reason="it died")},
    ],
)
def test_what_could_not_be_confirmed_stays_a_candidate_and_says_why(
    again: dict[str, Finding],
) -> None:
    (found,) = confirm([candidate()], again, 7)
    assert (found.kind, found.confirmed) == ("regressed", None)
    assert found.reason.startswith("a candidate")
    assert exit_status([found]) == 0


def test_only_candidates_are_touched() -> None:
    same = candidate(kind="same", ratio=exp(0.001))
    assert confirm([same], {"a": candidate()}, 7) == [same]
