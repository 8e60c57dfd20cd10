"""Ceilings and bounds in the report: in the tables, in the CSV file, in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_causes import CEILINGS, planted
from helpers.made_runs import VARIANTS, families, plan, write_run
from helpers.reporting import one_line, report, rows
from xbench.records.schema import CeilingsLine


def test_rates_ceilings_and_bounds_stand_in_the_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = report(planted(tmp_path), capsys)
    memory = one_line(text, "numpy eager manual", "reference")
    assert "21.2 (80 % of memory)" in memory
    assert "bandwidth of memory" in memory
    assert "allocation 38 %" in one_line(text, "torch eager autograd", "allocation")
    compute = one_line(text, "tensorflow eager autograd", "compute")
    assert "90.6 (60 %)" in compute
    ceilings = one_line(text, "26.4 GB/s ± 5 %", "2026-01-02T01:00 (cached)")
    assert "| 151 GFLOP/s |" in ceilings
    assert "2.5 µs ± 20 %" in ceilings
    launch = one_line(text, "torch/cpu/eager/tall", "300 ns", "900 ns")
    assert launch.count("|") == 4
    assert "from 50 % of the ceiling" in text
    assert "alone take 30 %" in text


def test_a_sentence_says_what_page_faults_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = report(planted(tmp_path), capsys)
    said = "torch eager autograd, op at 512 is allocation-bound: 1 520 page faults a call × 2.5 µs"
    assert f"- {said} = 3.8 ms, 38 % of its processor time." in text


def test_the_page_and_the_csv_file_hold_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = planted(tmp_path)
    report(run, capsys)
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    for text in (
        "What bounds the times",
        "26.4 GB/s ± 5 %",
        "allocation 38 %",
        "21.2 (80 % of memory)",
    ):
        assert text in page
    found = {each["backend"]: each for each in rows(run / "report" / "cells.csv")}
    assert {name: each["bound"] for name, each in found.items()} == {
        "numpy": "bandwidth",
        "torch": "allocation",
        "tensorflow": "compute",
    }
    assert float(found["numpy"]["bandwidth_fraction"]) == pytest.approx(0.8, rel=1e-3)
    assert float(found["numpy"]["gbyte_per_s"]) == pytest.approx(21.15, rel=1e-3)
    assert float(found["tensorflow"]["compute_fraction"]) == pytest.approx(0.6, rel=1e-3)
    assert float(found["torch"]["allocation_share"]) == pytest.approx(0.38, rel=1e-3)
    assert float(found["torch"]["launch_share"]) == pytest.approx(2.1e-4, rel=1e-3)


def test_where_there_are_no_ceilings_the_report_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = plan("op 100×w", 512, VARIANTS[1], device="cuda:0")
    cells = [*families(1, (512,)), cell]
    text = report(write_run(tmp_path, cells, ceilings=[CEILINGS]), capsys)
    assert "No ceilings were measured on cuda:0: no bound but launching" in text
    run = write_run(tmp_path / "none", families(1, (512,)))
    text = report(run, capsys)
    assert "No ceilings were measured on cpu" in text
    assert "of ceiling)" not in text


def test_ceilings_that_could_not_be_had_keep_their_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="2026-01-02T01:00:00+00:00",
        reason="the worker ended",
    )
    text = report(write_run(tmp_path, families(1, (512,)), ceilings=[failed]), capsys)
    assert "the worker ended" in one_line(text, "float32, cpu, all cores")
