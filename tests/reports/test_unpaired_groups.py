"""Groups measured in parts: no ratio between parts, and the report says where one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_runs import VARIANTS, families, plan, write_run
from helpers.reporting import one_line, report, rows
from xbench.analysis.ratios import compare_cells, unpaired_cells
from xbench.analysis.summary import summarise
from xbench.records.read import read_run
from xbench.records.schema import CellPlan

GROUP = "op/n100-w512/float32/cpu/tall"


def in_parts() -> list[CellPlan]:
    """NumPy and torch eager in one part, TensorFlow eager and graph, torch compiled in another."""
    parts = ("#1", "#1", "#2", "#2", "#2")
    return [
        plan("op 100×w", 512, variant, group=f"{GROUP}{part}")
        for variant, part in zip(VARIANTS, parts, strict=True)
    ]


def test_what_would_be_a_ratio_in_one_group_is_named(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, in_parts()))
    cells = summarise(run)
    missing = unpaired_cells(cells)
    names = [
        (e.axis, e.cell.key.backend, e.cell.key.mode, e.reference.key.backend) for e in missing
    ]
    assert names == [
        ("backend", "tensorflow", "eager", "numpy"),
        ("mode", "torch", "compiled", "torch"),
    ]
    made = compare_cells(run, cells)
    assert all(each.cell.group == each.reference.group for each in made)
    assert not {(e.cell.id, e.reference.id) for e in made} & {
        (e.cell.id, e.reference.id) for e in missing
    }
    whole = [plan("op 100×w", 512, variant) for variant in VARIANTS]
    together = read_run(write_run(tmp_path / "whole", whole))
    assert len(compare_cells(together, summarise(together))) == len(made) + len(missing)


def test_an_undivided_run_lacks_nothing(tmp_path: Path) -> None:
    assert unpaired_cells(summarise(read_run(write_run(tmp_path, families(2))))) == []


def test_the_report_says_not_paired_on_the_rows_and_above(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, in_parts())
    text = report(run, capsys)
    eager = one_line(text, "tensorflow eager", "they did not fit in memory together")
    assert eager.count("not paired") == 2
    assert "not paired with numpy eager manual" in eager
    compiled = one_line(text, "torch compiled", "they did not fit in memory together")
    assert "not paired with torch eager autograd" in compiled
    assert compiled.count("not paired") == 1  # nobody compares it with another backend's eager mode
    assert text.count("they did not fit") == 2
    assert "1 workload did not fit in memory at once and went in parts: 2 ratios" in text
    found = [row for row in rows(run / "report" / "comparisons.csv") if not row["ratio"]]
    assert {row["verdict"] for row in found} == {"not paired"}
    assert len(found) == 2
    assert "not paired with numpy" in (run / "report" / "index.html").read_text(encoding="utf-8")
