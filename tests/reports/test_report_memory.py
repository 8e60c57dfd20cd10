"""What memory costs, in the report: allocators, page faults, bytes that fusing saves."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_causes import at_204800, planted, samples, shipped
from helpers.made_runs import VARIANTS, plan, write_run
from helpers.pages import written
from helpers.reporting import report, rows


def test_a_sentence_says_what_the_allocator_as_shipped_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = report(at_204800(tmp_path), capsys)
    (said,) = (line for line in text.splitlines() if "with allocator system" in line)
    assert said.startswith("- torch eager autograd, op at 204800: 2.99")
    assert "× slower [" in said
    assert said.endswith(
        "(as shipped) than with reuse (freed memory kept): 60 000 page faults a call against 12."
    )
    assert text.count("torch eager system against torch eager,") == 0  # no count beside it
    (bound,) = (line for line in text.splitlines() if "is allocation-bound" in line)
    assert bound == (
        "- torch eager autograd system, op at 204800 is allocation-bound: 60 000 page faults a "
        "call (246 MB of fresh memory) × 2.5 µs = 150 ms, 62 % of its processor time."
    )


def test_a_table_holds_faults_bytes_and_ratios_of_both_allocators(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = at_204800(tmp_path)
    text = report(run, capsys)
    _, _, table = text.partition("what memory costs a call")
    found = {row[1]: row[2:] for row in cells_of(table)}
    slower = found["torch eager autograd system"]
    assert slower[:6] == ["900 MB", "60 000", "246 MB", "2.5 µs", "150 ms", "62 %"]
    assert "× slower [" in slower[6]
    assert found["torch eager autograd"][:2] == ["900 MB", "12"]
    assert found["torch eager autograd"][6] == "–"
    assert found["tensorflow compiled autograd"] == ["20 MB", "0", "–", "–", "–", "–", "–"]
    page = written(run / "report")
    for said in ("What memory costs a call", "60 000", "246 MB", "with allocator system"):
        assert said in page
    assert len(list((run / "report").glob("speedup-allocators*.svg"))) == 1


def cells_of(table: str) -> list[list[str]]:
    """The rows of the first table in a text, cell by cell."""
    lines = table.partition("\n\n")[2].split("\n\n", 1)[0].splitlines()
    return [[text.strip() for text in line.strip("|").split("|")] for line in lines[2:]]


def test_rows_of_both_allocators_are_told_apart_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = at_204800(tmp_path)
    text = report(run, capsys)
    for row in (cells_of(part) for part in text.split("**")[2::2]):
        named = [(each[0], each[1]) for each in row if each[0] == "204800"]
        assert len(set(named)) == len(named)
    figure = (run / "report" / "time-op-100xw-float32-cpu-tall.svg").read_text(encoding="utf-8")
    assert "torch eager autograd system" in figure
    found = rows(run / "report" / "cells.csv")
    assert [each["allocator"] for each in found] == ["reuse", "reuse", "system", "reuse"]
    (pair,) = (e for e in rows(run / "report" / "comparisons.csv") if e["axis"] == "allocator")
    assert pair["cell_id"] == f"{pair['reference_id']}/system"
    assert float(pair["ratio"]) == pytest.approx(3.0, rel=0.02)


def test_many_cells_that_lose_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [plan("op 100×w", width, VARIANTS[1]) for width in (512, 2048, 20480)]
    changes = {cell.id: samples(width, 1.0, [0] * 9) for width, cell in enumerate(kept, 1)}
    changes |= {
        shipped(cell).id: samples(2.0 * n + n**2, 1.0, [9] * 9) for n, cell in enumerate(kept, 1)
    }
    cells = [each for cell in kept for each in (cell, shipped(cell))]
    text = report(write_run(tmp_path, cells, changes=changes), capsys)
    bullets = [line for line in text.splitlines() if line.startswith(("- torch", "- With"))]
    said = [line for line in bullets if "ith allocator system " in line]
    assert said[0].startswith("- torch eager autograd, op at 20480: 4.97")
    assert said[1:] == ["- With allocator system 2 other cells took more than 10 % longer, too."]


def test_that_no_allocator_costs_anything_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = plan("op 100×w", 512, VARIANTS[1])
    changes = {each.id: samples(5, 1.0, [0] * 9) for each in (cell, shipped(cell))}
    said = "No cell is known to take more than 10 % longer with allocator system than with reuse."
    both = [cell, shipped(cell)]
    assert said in report(write_run(tmp_path / "3", both, changes=changes), capsys)
    assert said not in report(write_run(tmp_path / "1", both, 1, changes=changes), capsys)


def test_what_fusing_saves_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = report(at_204800(tmp_path), capsys)
    (fused,) = (line for line in text.splitlines() if ": one kernel an operator" in line)
    assert "torch eager autograd must move 900 MB a call" in fused
    assert "(numpy eager manual too, on 1.1 cores)" in fused
    assert "as tensorflow compiled autograd, it takes 20 MB at least" in fused
    assert "factor 7.98 [7.96, 8.00] between numpy eager manual and tensorflow compiled" in fused


def test_what_costs_nothing_is_not_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = report(planted(tmp_path), capsys)
    assert "allocator system" not in text
    assert ": one kernel an operator" not in text
