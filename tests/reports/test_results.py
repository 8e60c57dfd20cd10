"""`xbench.load`: a stored run as an object, and as a table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xbench
from helpers.hostile import HOSTILE, Tags
from helpers.made_runs import VARIANTS, families, plan, write_run
from xbench.errors import RecordError, UsageError
from xbench.reports.assemble import write_report


def test_a_run_loads_with_cells_ratios_and_a_table(tmp_path: Path) -> None:
    cells = families(1, (512, 2048))
    found = xbench.load(write_run(tmp_path / "run", cells))
    assert [cell.id for cell in found.cells] == [cell.id for cell in cells]
    assert found.comparisons
    table = found.to_pandas()
    assert list(table["id"]) == [cell.id for cell in cells]
    assert list(table["time_s"].dropna()) == [c.time_s for c in found.cells if c.time_s is not None]
    assert set(table["backend"]) == {cell.key.backend for cell in cells}


def test_the_reference_is_what_ratios_are_over(tmp_path: Path) -> None:
    found = xbench.load(str(write_run(tmp_path / "run", families(1))), reference="torch")
    over = {each.reference.key.backend for each in found.comparisons if each.axis == "backend"}
    assert over == {"torch"}


def test_a_reference_without_a_number_is_refused_and_none_takes_its_place(tmp_path: Path) -> None:
    cells = [cell for cell in families(1) if cell.key.backend != "torch"]
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
    cells = [cell for cell in families(2) if cell.key.backend != "torch" or cell.key.op == "op0"]
    found = xbench.load(write_run(tmp_path / "run", cells), reference="torch").comparisons
    backends = [each for each in found if each.axis == "backend"]
    assert {each.reference.key.backend for each in backends} == {"torch"}
    assert {each.cell.key.op for each in backends} == {"op0"}


def test_ratios_are_a_table_that_joins_with_the_cells(tmp_path: Path) -> None:
    parts = [
        plan("op 100×w", 512, variant, group=f"op#{part}")
        for part, variant in ((1, VARIANTS[0]), (1, VARIANTS[1]), (2, VARIANTS[2]))
    ]
    found = xbench.load(write_run(tmp_path / "run", parts))
    table = found.to_pandas("comparisons")
    assert list(table["verdict"]) == ["faster", "not paired"]
    assert list(table["ratio"].isna()) == [False, True]
    (ratio,) = (each.ratio for each in found.comparisons)
    assert tuple(table.loc[0, ["ratio_low", "ratio", "ratio_high"]]) == (
        ratio.low,
        ratio.value,
        ratio.high,
    )
    both = table.merge(found.to_pandas(), left_on="cell_id", right_on="id")
    assert list(both["backend"]) == ["torch", "tensorflow"]
    with pytest.raises(UsageError, match="no table is called 'ratios'"):
        found.to_pandas("ratios")  # type: ignore[arg-type]


def test_tables_of_a_run_without_ratios_have_their_columns(tmp_path: Path) -> None:
    cell = plan("op 100×w", 512, VARIANTS[0], status="unsupported", reason="not installed")
    found = xbench.load(write_run(tmp_path / "run", [cell]))
    table = found.to_pandas("comparisons")
    assert len(table) == 0
    assert {"cell_id", "reference_id", "ratio", "verdict"} <= set(table.columns)


def test_a_run_shows_itself_in_one_line(tmp_path: Path) -> None:
    bad = plan("op0 100×w", 99, VARIANTS[0], status="crashed", reason="segmentation fault")
    run = write_run(tmp_path / "run", [*families(1, (512,)), bad], run_id="2026\n\x1b[31m")
    shown = repr(xbench.load(run))
    assert shown.startswith(
        "<xbench run 2026  [31m, preset quick: 6 cells, 5 with a time, 4 ratios"
    )
    assert shown.isprintable()


def test_a_notebook_shows_answers_and_every_cell(tmp_path: Path) -> None:
    bad = plan(HOSTILE, 99, VARIANTS[0], status="crashed", reason=HOSTILE)
    found = xbench.load(write_run(tmp_path / "run", [*families(1, (512, 2048)), bad]))
    shown = found._repr_html_()
    tags = Tags(shown).found
    assert tags == {"p", "b", "br", "ul", "li", "table", "caption", "thead", "tbody"} | {
        "tr",
        "th",
        "td",
    }
    assert shown.count("<tr>") == 1 + len(found.cells)
    assert "crashed: &lt;script&gt;" in shown
    assert "3 launches, fresh processes in each" in shown
    assert re.search(r"\d ms \[[\d.]+, [\d.]+\]</td>", shown)
    assert "fastest" in shown
    assert "more row" not in shown


def test_a_notebook_shows_200_rows_and_says_how_many_there_are(tmp_path: Path) -> None:
    cells = [
        plan("op 100×w", width, VARIANTS[0], status="unsupported", reason="not installed")
        for width in range(1, 212)
    ]
    shown = xbench.load(write_run(tmp_path / "run", cells))._repr_html_()
    assert shown.count("unsupported: not installed") == 200
    assert "11 more rows" in shown


def test_a_run_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = xbench.load(write_run(tmp_path / "run", families(1, (512,))), reference="torch")
    found.report(tmp_path / "out")
    assert capsys.readouterr().out == ""
    assert "against torch" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot read"):
        xbench.load(tmp_path / "nothing")
