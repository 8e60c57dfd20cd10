"""Whatever else is read of others, damaged in every way: taken, left out, or refused in words.

How many were tried, read and refused: `python tests/fuzz.py`. XBENCH_FUZZ=50 tries so many times as
many here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz import hold
from fuzz_cases import Case, cases, own_cache

EXAMPLES = {
    "gate: accepted": 15,
    "accepted": 300,
    "claims": 300,
    "A/A record": 300,
    "ceilings cache": 300,
    "pytest-benchmark": 300,
    "its report": 60,
    "our export": 150,
    "its report (ours)": 15,
    "github-action": 300,
    "Bencher": 300,
    "thresholds": 300,
    "suite file": 200,
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
