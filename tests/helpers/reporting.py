"""A report as its tests ask for it, and rows of what it wrote."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from xbench.cli import main
from xbench.reports.assemble import write_report
from xbench.reports.formats.columns import MEASUREMENT_COLUMNS


def report(run: Path, capsys: pytest.CaptureFixture[str], reference: str | None = None) -> str:
    """The printed report of a run, written to `report/` in it."""
    write_report([run], run / "report", reference)
    return capsys.readouterr().out


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one_line(text: str, *words: str) -> str:
    """The only line of a table in which all these words stand."""
    found = [
        line
        for line in text.splitlines()
        if line.startswith("|") and all(word in line for word in words)
    ]
    assert len(found) == 1, found
    return found[0]


def measured(text: str) -> list[dict[str, str]]:
    """The rows of a tidy table."""
    found = csv.DictReader(io.StringIO(text))
    assert found.fieldnames == list(MEASUREMENT_COLUMNS)
    return list(found)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The message of a command that is refused: exit status 2, nothing printed."""
    assert main(["report", *map(str, arguments)]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert "Hint: " in found.err
    return found.err
