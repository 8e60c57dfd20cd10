"""Findings of a candidate against stored runs, without processes."""

from __future__ import annotations

import json
from math import exp
from pathlib import Path

import pytest

from helpers.made_history import CELLS, Made, run_id, steady, write_run
from xbench.errors import RecordError
from xbench.tracking import baseline, gate
from xbench.tracking.baseline import accept, read_baseline
from xbench.tracking.foreign import read_stored_or_foreign
from xbench.tracking.gate import confirm, find
from xbench.tracking.stored import TIME, Metric, read_stored
from xbench.tracking.thresholds import Thresholds
from xbench.tracking.verdict import Finding

RATE = Metric("rate", "calls/s", lambda cell: 1.0 / cell.time_s if cell.time_s else None, "higher")
SLOW = dict.fromkeys(CELLS, Made()) | {CELLS[0]: Made(1.3e-3)}


def found(folder: Path, run: Path) -> dict[tuple[str, str], Finding]:
    """The findings, by cell and metric."""
    read = read_stored_or_foreign(run)
    findings = find(read, read_baseline(folder, read), Thresholds())
    return {(each.cell, each.metric): each for each in findings}


def test_a_rate_fails_when_it_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (baseline, gate):
        monkeypatch.setattr(module, "METRICS", (TIME, RATE))
    steady(tmp_path, 12)
    findings = found(tmp_path, write_run(tmp_path, 20, SLOW))
    slower = findings[CELLS[0], "rate"]
    assert (slower.kind, slower.better, slower.unit) == ("regressed", "higher", "calls/s")
    assert slower.ratio == pytest.approx(1.0 / 1.3, rel=0.02)
    assert slower.low is not None
    assert slower.high is not None
    assert slower.ratio is not None
    assert slower.low < slower.ratio < slower.high < 1.0
    faster = found(tmp_path, write_run(tmp_path, 21, {CELLS[0]: Made(0.7e-3)}))
    assert faster[CELLS[0], "rate"].kind == "improved"


def test_a_creep_is_held_against_the_anchor_and_says_so(tmp_path: Path) -> None:
    for number in range(26):
        level = 1e-3 * exp(0.01 * max(number - 11, 0) + 0.012 * (-1) ** number)
        write_run(tmp_path, number, {CELLS[0]: Made(level)})
    finding = found(tmp_path, tmp_path / run_id(25))[CELLS[0], "time"]
    assert (finding.kind, finding.rule) == ("regressed", "anchor")
    assert "anchor" in finding.reason
    assert finding.ratio == pytest.approx(exp(0.14), rel=0.03)


def test_a_candidate_counts_only_if_a_fresh_measurement_finds_it(tmp_path: Path) -> None:
    steady(tmp_path / "runs", 12)
    run = read_stored(write_run(tmp_path / "runs", 20, SLOW))
    stored = read_baseline(tmp_path / "runs", run)
    findings = find(run, stored, Thresholds())
    for number, made, expected in (
        (0, Made(1.25e-3), True),
        (1, Made(1e-3), False),
        (2, Made(None, "oom"), None),
    ):
        again = read_stored(write_run(tmp_path / "again", number, {CELLS[0]: made}))
        (slower,) = [
            each
            for each in confirm(findings, again, stored, Thresholds())
            if each.kind == "regressed"
        ]
        assert slower.confirmed is expected
        assert slower.reason


def test_a_cell_of_another_preset_is_not_missed(tmp_path: Path) -> None:
    steady(tmp_path, 12, CELLS[:1], preset="smoke")
    steady(tmp_path, 12, CELLS[1:], first=20)
    findings = found(tmp_path, write_run(tmp_path, 40, {CELLS[1]: Made()}))
    assert {each.cell for each in findings.values() if each.kind == "missing"} == {CELLS[2]}


def test_what_is_new_fixed_or_never_had_a_number_is_said(tmp_path: Path) -> None:
    for number in range(12):
        write_run(
            tmp_path,
            number,
            {CELLS[0]: Made(None, "oom"), CELLS[1]: Made(None, "oom")},
        )
    made = {CELLS[0]: Made(), CELLS[1]: Made(None, "oom"), CELLS[2]: Made()}
    findings = found(tmp_path, write_run(tmp_path, 20, made))
    assert [findings[each, "time"].kind for each in CELLS] == ["fixed", "not measured", "new"]


def test_the_files_of_pytest_benchmark_in_a_folder_are_stored_runs_too(tmp_path: Path) -> None:
    info = {"cpu": {"brand_raw": "Test CPU", "count": 2}, "machine": "x86_64", "system": "Linux"}
    for number in range(13):
        seconds = 2e-3 if number == 12 else 1e-3 * (1.0 + 0.01 * (number % 3))
        document = {
            "datetime": f"2026-01-{number + 1:02}T00:00:00+00:00",
            "machine_info": info,
            "benchmarks": [{"fullname": "test_x.py::test_y", "stats": {"median": seconds}}],
        }
        (tmp_path / f"{number:04}_x.json").write_text(json.dumps(document))
    (finding,) = found(tmp_path, tmp_path / "0012_x.json").values()
    assert finding.kind == "regressed"


def test_an_acceptance_of_a_run_that_is_not_there_is_noted(tmp_path: Path) -> None:
    steady(tmp_path, 3)
    accept(tmp_path, "gone", ["*"], "why")
    stored = read_baseline(tmp_path, read_stored(tmp_path / run_id(2)))
    assert any("gone" in each for each in stored.notes)
    (tmp_path / "accepted.jsonl").write_text("{torn")
    with pytest.raises(RecordError, match="line 1"):
        read_baseline(tmp_path, read_stored(tmp_path / run_id(2)))
