"""Rounds before which the machine itself was slow, as the report counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.journals import NUMPY, group, header, taken
from xbench.records.read import Run
from xbench.reports.sources import canary_lines


def run_of(*launches: list[int]) -> Run:
    """A run with these canaries, launch by launch."""
    groups = [group(n, taken(NUMPY, 1000)) for n in range(len(launches))]
    for line, canary_ns in zip(groups, launches, strict=True):
        line.canary_ns = canary_ns
    return Run(Path("run.jsonl"), header(NUMPY), groups=groups)


@pytest.mark.parametrize("launches", [[], [[]], [[400, 410, 440, 390]]])
def test_nothing_is_said_where_the_machine_was_never_slow(launches: list[list[int]]) -> None:
    assert canary_lines(run_of(*launches)) == []


@pytest.mark.parametrize(
    ("launches", "said"),
    [
        ([[400, 400, 400, 441]], "before 1 of 4 rounds"),
        ([[400, 400, 400], [600, 600, 600]], "before 3 of 6 rounds"),
        ([[600] * 5, [400, 400, 500], []], "before 6 of 8 rounds"),
    ],
)
def test_slow_rounds_are_counted_against_the_best_launch(
    launches: list[list[int]], said: str
) -> None:
    (line,) = canary_lines(run_of(*launches))
    assert "more than 10 % slower" in line
    assert said in line
