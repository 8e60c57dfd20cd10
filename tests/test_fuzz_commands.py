"""Commands on damaged files: a result, or one message with a hint and exit status 2.

How many were tried, read and refused: `python tests/fuzz.py`. XBENCH_FUZZ=50 tries so many times as
many here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz import hold
from fuzz_cases import Case, cases, own_cache
from fuzz_commands import commands

EXAMPLES = {
    "report": 4,
    "report, file": 4,
    "report, claims": 4,
    "compare": 60,
    "compare, thresholds": 60,
    "compare, file": 60,
    "gate": 60,
    "gate, journal": 60,
    "gate, accepted": 60,
    "history": 60,
    "accept": 60,
    "export, pytest-benchmark": 60,
    "export, github-action-benchmark": 60,
    "export, bencher": 60,
    "claims --run": 3,
    "claims, judged": 60,
    "run --resume": 30,
    "run --suite": 30,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Case]]]:
    """The folder, and the cases by name."""
    folder = tmp_path_factory.mktemp("fuzz")
    with own_cache(folder):
        found = [*cases(folder), *commands(folder)]
        yield folder, {each.name: each for each in found}


@pytest.mark.parametrize("name", EXAMPLES)
def test_commands_end_as_they_should(made: tuple[Path, dict[str, Case]], name: str) -> None:
    folder, known = made
    hold(known[name], folder, EXAMPLES[name])
