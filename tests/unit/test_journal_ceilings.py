"""Ceilings in a journal: they come back, explain its cells, and may be absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.journals import FOOTER, NUMPY, WORKER, group, header, taken, write
from xbench.analysis.summary import summarise
from xbench.records.read import read_run
from xbench.records.schema import CeilingsLine, Figure

CEILINGS = CeilingsLine(
    device="cpu",
    dtype="float32",
    threads="all",
    allocator="reuse",
    measured_utc="2026-01-01",
    bandwidth=Figure(2e10, 0.1, 5),
    compute=None,
    fault_ns=Figure(250.0, 0.1, 5),
    reason="é",
)


def test_ceilings_come_back_and_explain_the_cells(tmp_path: Path) -> None:
    lines = (WORKER, group(0, taken(NUMPY, 1000, 1000, 1000)), FOOTER)
    run = read_run(write(tmp_path / "new", header(NUMPY), CEILINGS, *lines))
    assert run.ceilings == [CEILINGS]
    (cell,) = summarise(run)
    assert cell.gbyte_per_s == pytest.approx(0.48)
    assert cell.bandwidth_fraction == pytest.approx(0.024)
    assert cell.cores_busy == pytest.approx(1.0)
    assert cell.bound == "allocation"
    (without,) = summarise(read_run(write(tmp_path / "old", header(NUMPY), *lines)))
    assert without.gbyte_per_s == cell.gbyte_per_s
    assert (without.bandwidth_fraction, without.bound) == (None, "")


def test_a_journal_from_before_there_were_ceilings_is_read(tmp_path: Path) -> None:
    journal = write(tmp_path, header(NUMPY), WORKER, group(0, taken(NUMPY, 9)), FOOTER)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for field in ("dispatch_ns", "operator_ns"):
        del lines[1][field]
    for cell in lines[0]["cells"]:
        del cell["operators"]
    expected = read_run(journal)
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_run(journal) == expected
    assert read_run(journal).ceilings == []
