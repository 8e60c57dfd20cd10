"""Outcomes of races made up from journals, for the tests of what shows a race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.made_runs import plan, write_run
from xbench.racing.outcome import Checked, Contender, Outcome, Size
from xbench.records.read import read_run

Given = tuple[str, str, str]
"""A contender's name, framework and mode."""

TWO: tuple[Given, ...] = (("numpy", "numpy", "eager"), ("torch", "torch", "eager"))


def outcome(
    folder: Path,
    contenders: Sequence[Given] = TWO,
    sizes: Sequence[object] = (64, 512, 2048),
    *,
    refused: Mapping[Any, tuple[str, str]] | None = None,
    changes: Mapping[Any, dict[str, Any]] | None = None,
    launches: int = 5,
    rounds: int = 9,
    checked: Checked = "agree",
    fresh: bool = True,
    unchecked: dict[str, str] | None = None,
) -> Outcome:
    """A race of these over these sizes (None: a fixed tuple); `refused` has status and reason of
    cells without a time, `changes` fields of cell lines, both by name and size."""
    made = [Size(each, _width(each, place), str(each or "")) for place, each in enumerate(sizes)]
    known = [
        Contender(name, _backend(name), mode, framework, (unchecked or {}).get(name, ""))  # type: ignore[arg-type]
        for name, framework, mode in contenders
    ]
    cells, lines = [], {}
    for size in made:
        for each in known:
            status, reason = (refused or {}).get((each.name, size.given), (None, ""))
            cell = plan(
                "race",
                size.width,
                (each.backend, each.mode, "none"),
                group=f"race/{size.width}",
                status=status,
                reason=reason,
            )
            cells.append(cell)
            lines[cell.id] = (changes or {}).get((each.name, size.given), {})
    run = read_run(write_run(folder, cells, launches, rounds, lines))
    return Outcome(run, tuple(known), tuple(made), checked, fresh)


def _width(size: object, place: int) -> int:
    return size if isinstance(size, int) else place + 1


def _backend(name: str) -> str:
    return "".join(each if each.isalnum() or each == "_" else "_" for each in name)
