"""`xbench.load`: a stored run as an object, and as a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_reports_data import VARIANTS, families, plan, write_run

import xbench
from reports.command import write_report
from xbench.errors import RecordError, UsageError


def test_a_run_loads_with_cells_ratios_and_a_table(tmp_path: Path) -> None:
    cells = families(1, (512, 2048))
    found = xbench.load(write_run(tmp_path / "run", cells))
    assert [cell.id for cell in found.cells] == [cell.id for cell in cells]
    assert found.comparisons
    table = found.to_pandas()
    assert list(table["id"]) == [cell.id for cell in cells]
    assert list(table["time_s"].dropna()) == [c.time_s for c in found.cells if c.time_s is not None]
    assert set(table["backend"]) == {cell.backend for cell in cells}


def test_the_reference_is_what_ratios_are_over(tmp_path: Path) -> None:
    found = xbench.load(str(write_run(tmp_path / "run", families(1))), reference="torch")
    over = {each.reference.backend for each in found.comparisons if each.axis == "backend"}
    assert over == {"torch"}


def test_a_reference_without_a_number_is_refused_and_none_takes_its_place(tmp_path: Path) -> None:
    cells = [cell for cell in families(1) if cell.backend != "torch"]
    refused = plan("op0 100×w", 512, VARIANTS[1], status="unsupported", reason="not installed")
    run = write_run(tmp_path / "run", [*cells, refused])
    with pytest.raises(UsageError, match="no number of torch") as caught:
        xbench.load(run, reference="torch")
    assert "numpy, tensorflow" in caught.value.hint
    with pytest.raises(UsageError, match="no number of torch"):
        write_report([run], tmp_path / "out", "torch")
    assert not (tmp_path / "out").exists()
    empty = write_run(tmp_path / "empty", [refused])
    with pytest.raises(UsageError, match="there is none"):
        xbench.load(empty, reference="torch")


def test_a_workload_without_the_reference_has_no_ratio_over_another(tmp_path: Path) -> None:
    cells = [cell for cell in families(2) if cell.backend != "torch" or cell.op == "op0"]
    found = xbench.load(write_run(tmp_path / "run", cells), reference="torch").comparisons
    backends = [each for each in found if each.axis == "backend"]
    assert {each.reference.backend for each in backends} == {"torch"}
    assert {each.cell.op for each in backends} == {"op0"}


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot read"):
        xbench.load(tmp_path / "nothing")
