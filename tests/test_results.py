"""`xbench.load`: a stored run as an object, and as a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_reports_data import families, write_run

import xbench
from xbench.errors import RecordError


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


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot read"):
        xbench.load(tmp_path / "nothing")
