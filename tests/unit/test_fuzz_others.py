"""Whatever else is read of others, damaged in every way: taken, left out, or refused in words.

How many were tried, read and refused: `python tests/tools/fuzz.py`. XBENCH_FUZZ=50 tries so many
times as many here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fuzz_cases import Case, cases, own_cache
from helpers.fuzzing import hold

EXAMPLES = {
    "gate: accepted": 10,
    "accepted": 200,
    "claims": 200,
    "A/A record": 200,
    "ceilings cache": 200,
    "pytest-benchmark": 200,
    "its report": 40,
    "our export": 100,
    "its report (ours)": 10,
    "github-action": 200,
    "Bencher": 200,
    "thresholds": 200,
    "suite file": 133,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Case]]]:
    """The folder, and the cases by name."""
    folder = tmp_path_factory.mktemp("fuzz")
    with own_cache(folder):
        found = cases(folder)
        yield folder, {each.name: each for each in found}


@pytest.mark.parametrize("name", EXAMPLES)
def test_other_files_are_taken_or_refused(made: tuple[Path, dict[str, Case]], name: str) -> None:
    folder, known = made
    hold(known[name], folder, EXAMPLES[name])
