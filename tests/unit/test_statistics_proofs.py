"""The statistics do what they promise: simulated runs through the functions that real runs use.

Everything is seeded. Rounds come from `machines.py`; ratios from `paired_log_ratio`, intervals from
`over_launches`, levels and stops from `looks`, words from `verdict`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from math import exp, inf, log, nan
from pathlib import Path

import numpy as np
import pytest

from helpers.journals import NUMPY, TORCH, group, header, taken, write
from helpers.machines import MACHINES, simulate
from xbench.analysis.interval import (
    MARGIN,
    Estimate,
    Rounds,
    over_launches,
    paired_log_ratio,
    verdict,
)
from xbench.analysis.ratios import compare_cells
from xbench.analysis.stopping import LOOK_LEVEL, LOOKS, Figure, level_of, may_stop
from xbench.analysis.summary import summarise
from xbench.records.read import read_run
from xbench.records.schema import MOST_LAUNCHES

GATE = 0.05
TARGET = 0.02
RATIO = 1.1
ANALYSE = """
import sys
from pathlib import Path
from xbench.analysis.ratios import compare_cells
from xbench.records.read import read_run
from xbench.analysis.summary import summarise
run = read_run(Path(sys.argv[1]))
print(summarise(run), compare_cells(run, summarise(run)))
"""


def launches_of(
    machine: str, trials: int, launches: int, rounds: int = 20, **how: float
) -> Iterator[list[float]]:
    """The m_k of each trial."""
    rng = np.random.default_rng([7, launches, rounds])
    many = simulate(MACHINES[machine], rng, trials * launches, rounds, **how)
    logs = [paired_log_ratio(each.upper, each.lower) for each in many]
    return (logs[first : first + launches] for first in range(0, len(logs), launches))


def holds(ratio: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth."""
    assert ratio.low is not None
    assert ratio.high is not None
    return ratio.low <= truth <= ratio.high


@pytest.mark.parametrize(
    ("machine", "launch_sd"),
    [("quiet", 0.0), ("quiet", 0.01), ("drift", 0.0), ("bursts", 0.0), ("spikes", 0.0)],
    ids=["iid", "launches differ", "drift", "bursts", "spikes"],
)
def test_the_same_code_is_seldom_called_different(machine: str, launch_sd: float) -> None:
    found = [over_launches(each) for each in launches_of(machine, 400, 5, launch_sd=launch_sd)]
    assert sum(not holds(each, 1.0) for each in found) <= 30
    assert sum(verdict(each, GATE) in ("slower", "faster") for each in found) <= 2
    assert sum(verdict(each, GATE) == "same" for each in found) >= 300


@pytest.fixture(scope="module")
def watched() -> list[list[float]]:
    """A thousand runs that could go on to the last look; the truth is `RATIO`."""
    return list(launches_of("quiet", 1000, LOOKS[-1], 7, ratio=RATIO, launch_sd=0.012))


@pytest.mark.parametrize("launches", LOOKS)
def test_intervals_hold_the_truth(launches: int, watched: list[list[float]]) -> None:
    level = level_of("fixed", launches)
    assert sum(holds(over_launches(each[:launches], level), RATIO) for each in watched) >= 930


def test_intervals_hold_the_truth_beside_a_load() -> None:
    logs = launches_of("bursts", 1000, 5, 7, ratio=RATIO, burst_s=0.1)
    assert sum(holds(over_launches(each, level_of("fixed", 5)), RATIO) for each in logs) >= 930


def test_intervals_hold_the_truth_wherever_a_run_stops(watched: list[list[float]]) -> None:
    stopped, held = Counter[int](), 0
    for logs in watched:
        end = next(n for n in range(1, 21) if may_stop(n, [Figure("ratio", logs[:n])], TARGET))
        stopped[end] += 1
        held += holds(over_launches(logs[:end], level_of("adaptive", end)), RATIO)
    assert held >= 930
    assert set(stopped) == set(LOOKS)
    assert min(stopped.values()) >= 10, "each look must be put to the proof"


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_intervals_hold_the_truth_wherever_a_deciding_run_stops(apart: float) -> None:
    """Launches that spread by as much as the margin, and a ratio so many spreads from 1: the run
    stops early always, seldom, or never."""
    random, spread = np.random.default_rng(3), log(1.0 + MARGIN)
    runs = spread * (apart + random.standard_normal((1000, MOST_LAUNCHES)))
    held = different = 0
    for logs in runs.tolist():
        end = next(
            (n for n in range(3, MOST_LAUNCHES) if _decided(logs[:n], LOOK_LEVEL)), MOST_LAUNCHES
        )
        shown = over_launches(logs[:end], level_of("deciding", end))
        held += holds(shown, exp(apart * spread))
        different += verdict(shown) in ("faster", "slower")
    assert held >= 938  # of 950 expected, less two standard deviations
    if apart < 1.0:
        assert different <= 50


def _decided(logs: list[float], level: float) -> bool:
    return verdict(over_launches(logs, level)) != "inconclusive"


def test_all_three_looks_together_raise_few_alarms(watched: list[list[float]]) -> None:
    """Looking three times at 5 % each would raise 10 in 100."""
    alarms = sum(
        not all(holds(over_launches(logs[:n], level_of("adaptive", n)), RATIO) for n in LOOKS)
        for logs in watched
    )
    assert alarms <= 65


def test_small_changes_are_seen_and_large_ones_named() -> None:
    small = [over_launches(each) for each in launches_of("quiet", 400, 10, 7, ratio=1.03)]
    assert sum(not holds(each, 1.0) for each in small) >= 380
    large = [over_launches(each) for each in launches_of("quiet", 400, 10, 7, ratio=1.10)]
    assert sum(verdict(each, GATE) == "slower" for each in large) >= 396


@pytest.mark.parametrize("machine", MACHINES)
def test_swapping_the_cells_inverts_the_ratio(machine: str) -> None:
    many = simulate(MACHINES[machine], np.random.default_rng(3), 5, 40, ratio=1.3)
    there = over_launches([paired_log_ratio(each.upper, each.lower) for each in many])
    back = over_launches([paired_log_ratio(each.lower, each.upper) for each in many])
    assert there.low is not None
    assert there.high is not None
    assert there.value * back.value == pytest.approx(1.0, rel=1e-12)
    assert back.high == pytest.approx(1.0 / there.low, rel=1e-12)
    assert back.low == pytest.approx(1.0 / there.high, rel=1e-12)


def test_the_same_journal_is_analysed_to_the_same_bytes(tmp_path: Path) -> None:
    many = simulate(MACHINES["bursts"], np.random.default_rng(11), 5, 20, ratio=1.2)
    sides = [
        [[round(1e10 * each) for each in side.seconds] for side in (launch.upper, launch.lower)]
        for launch in many
    ]
    lines = [group(n, taken(TORCH, *up), taken(NUMPY, *low)) for n, (up, low) in enumerate(sides)]
    file = write(tmp_path, header(NUMPY, TORCH), *lines)
    printed = [
        subprocess.run(
            [sys.executable, "-c", ANALYSE, str(file)],
            check=True,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert b"verdict='slower'" in printed[0]


@pytest.mark.parametrize(
    "logs", [[log(1.5)], [log(1.5)] * 5, [log(1.5) + 1e-16 * k for k in range(5)]]
)
def test_launches_without_spread_are_never_significant(logs: list[float]) -> None:
    for level in (level_of("fixed", len(logs)), level_of("adaptive", len(logs))):
        ratio = over_launches(logs, level)
        assert (ratio.low, ratio.high) == (None, None)
        assert verdict(ratio) == verdict(ratio, GATE) == "inconclusive"


@pytest.mark.parametrize("bad", [nan, inf, -inf, 0.0, -1.0])
def test_times_that_are_none_make_no_ratio(bad: float) -> None:
    with pytest.raises(ValueError, match="no rounds"):
        Rounds([1.0, 1.1, bad, 1.2])
    if bad in (nan, inf, -inf):
        with pytest.raises(ValueError, match="no estimate"):
            over_launches([0.1, bad, 0.2])
    assert verdict(Estimate(2.0, nan, nan, 5)) == "inconclusive"


@pytest.mark.parametrize(("launches", "times"), [(1, (3000, 3100)), (5, (3000, 3000)), (5, (0, 9))])
def test_degenerate_journals_claim_nothing(
    tmp_path: Path, launches: int, times: tuple[int, int]
) -> None:
    lines = [group(n, taken(NUMPY, 1000, 1000), taken(TORCH, *times)) for n in range(launches)]
    run = read_run(write(tmp_path, header(NUMPY, TORCH), *lines))
    cells = summarise(run)
    assert [each.status for each in cells] == ["ok", "invalid" if 0 in times else "ok"]
    found = compare_cells(run, cells)
    assert len(found) == (0 if 0 in times else 1)
    assert all(each.verdict == "inconclusive" for each in found)
