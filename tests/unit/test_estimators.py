"""The script that compares estimators: every candidate is one, and real journals are read."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest

from helpers.candidates import CANDIDATES, Pair
from helpers.estimates import from_journal, row
from helpers.journals import NUMPY, TORCH, group, header, taken, write
from helpers.machines import MACHINES, Launch, simulate


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_finds_the_ratio_and_changes_sign_when_swapped(name: str) -> None:
    rng = np.random.default_rng(1)
    for launch in simulate(MACHINES["quiet"], rng, 5, 40, ratio=1.5, launch_sd=0.0):
        found = CANDIDATES[name](Pair(launch))
        assert found == pytest.approx(log(1.5), abs=0.02)
        swapped = Launch(launch.lower, launch.upper, launch.switches)
        assert CANDIDATES[name](Pair(swapped)) == pytest.approx(-found, abs=1e-12)


def test_a_journal_of_two_cells_is_one_trial_of_all_its_launches(tmp_path: Path) -> None:
    times = [(1000, 1020, 1010, 1000), (1000, 1000, 1000, 1030), (1005, 1000, 1020, 1000)]
    lines = [group(n, taken(TORCH, *up), taken(NUMPY, 990, *up[1:])) for n, up in enumerate(times)]
    lone = [group(3, taken(NUMPY, 1000, 1000))]
    trials = from_journal(write(tmp_path, header(NUMPY, TORCH), *lines, *lone))
    assert [len(trial) for trial in trials] == [3]
    assert trials[0][0].upper.seconds == pytest.approx([1e-7, 1.02e-7, 1.01e-7, 1e-7])
    assert trials[0][0].switches == [1990, 2040, 2020, 2000]
    printed = row("ratio of minima", {"run": trials})
    mean = (log(1000 / 990) * 2 + log(1000 / 990)) / 3
    assert f"{100 * mean:.2f} {100 * mean:.1f} – " in printed
