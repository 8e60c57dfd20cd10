"""Commands on damaged files: a result, or one message with a hint and exit status 2.

How many were tried, read and refused: `python tests/tools/fuzz.py`. XBENCH_FUZZ=50 tries so many
times as many here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fuzz_cases import Case, cases, own_cache
from helpers.fuzz_commands import commands
from helpers.fuzzing import hold

EXAMPLES = {
    "report": 5,
    "report, file": 5,
    "report, claims": 5,
    "compare": 40,
    "compare, thresholds": 40,
    "compare, file": 40,
    "gate": 40,
    "gate, journal": 40,
    "gate, accepted": 40,
    "history": 40,
    "accept": 40,
    "export, pytest-benchmark": 40,
    "export, github-action-benchmark": 40,
    "export, bencher": 40,
    "claims --run": 5,
    "claims, judged": 40,
    "run --resume": 20,
    "run --suite": 20,
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
