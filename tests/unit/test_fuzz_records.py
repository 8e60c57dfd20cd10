"""Journals and stored runs, damaged in every way: read as far as they are right, or refused.

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
    "journal, all samples": 100,
    "journal, lean": 100,
    "journal, report": 10,
    "journal, notebook": 40,
    "journal, exports": 100,
    "stored: journal": 100,
    "stored: summary": 100,
    "gate and history": 10,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Case]]]:
    """The folder, and the cases by name."""
    folder = tmp_path_factory.mktemp("fuzz")
    with own_cache(folder):
        found = cases(folder)
        yield folder, {each.name: each for each in found}


@pytest.mark.parametrize("name", EXAMPLES)
def test_damaged_runs_are_read_or_refused(made: tuple[Path, dict[str, Case]], name: str) -> None:
    folder, known = made
    hold(known[name], folder, EXAMPLES[name])
