"""The page of what can go wrong: each row is held by tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "failures.md"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """The body rows of its tables."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.startswith("| ")]
    return [line for line in found if not line.startswith(("| ---", "| what happens"))]


def test_there_are_rows() -> None:
    assert len(rows()) >= 25


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2:50])
def test_a_row_names_tests_that_are_there(row: str) -> None:
    _, happens, seen, shown, _ = row.split("|")
    assert happens.strip()
    assert seen.strip()
    named = NAMED.findall(shown)
    assert named
    for file, test in named:
        assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8"), f"{file}::{test}"
