"""Journals that are made up for tests of the report are journals."""

from __future__ import annotations

from pathlib import Path

from helpers.made_runs import families, write_run
from xbench.analysis.ratios import compare_cells
from xbench.analysis.summary import summarise
from xbench.records.read import read_run


def test_a_made_up_journal_is_read_like_a_real_one(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, families(2)))
    cells = summarise(run)
    assert run.complete
    assert len(cells) == 40
    assert {cell.status for cell in cells} == {"ok"}
    assert {each.axis for each in compare_cells(run, cells)} == {"backend", "mode"}
