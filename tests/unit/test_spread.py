"""Low quantiles, outliers and unusual waiting: known values, and where they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_runs import VARIANTS, plan, write_run
from helpers.reporting import one_line, report, rows
from xbench.analysis.spread import Outliers, disturbed_share, outliers, quantile
from xbench.analysis.summary import summarise
from xbench.records.read import read_run
from xbench.records.schema import Samples
from xbench.reports.tables.cells import show_outliers

CELL = plan("op 100×w", 512, VARIANTS[0])
WALLS = [100, 100, 101, 102, 103, 104, 104, 110, 130]  # fences at 108.5 and 113


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.25, 1.75),  # numpy.quantile
        ([1.0, 2.0, 3.0, 4.0], 0.1, 1.3),
        ([7.0], 0.1, 7.0),
        ([1.0, 9.0], 0.0, 1.0),
        ([1.0, 9.0], 1.0, 9.0),
    ],
)
def test_quantiles(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)


def test_quantiles_are_numpys() -> None:
    numpy = pytest.importorskip("numpy")
    values = numpy.random.default_rng(3).lognormal(size=37)
    for share in (0.05, 0.1, 0.25, 0.5, 0.9):
        assert quantile(list(values), share) == pytest.approx(numpy.quantile(values, share))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], Outliers()),
        ([10.0, 11.0, 12.0, 13.0, 14.0, 17.0, 90.0], Outliers(high_severe=1)),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 17.0], Outliers(high_mild=1)),
        ([-9.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], Outliers(low_mild=1)),
        ([-90.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], Outliers(low_severe=1)),
        ([3.0, 3.0, 3.0, 3.0], Outliers()),
        ([3.0], Outliers()),
    ],
)
def test_outliers_by_tukeys_fences(values: list[float], expected: Outliers) -> None:
    assert outliers(values) == expected


def test_what_lies_on_a_fence_is_inside() -> None:
    inside = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]  # quartiles 0.75 and 1.25
    assert outliers(inside) == Outliers()
    assert outliers([-0.001, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.001]).low_mild == 1


@pytest.mark.parametrize("values", [[], [1.0]])
def test_there_is_no_quantile_of_nothing_nor_beyond_all(values: list[float]) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(values, 1.5 if values else 0.5)
    with pytest.raises(ValueError, match="no bursts"):
        disturbed_share([])


def test_a_cell_that_always_waits_is_calm_and_its_bursts_beyond_are_not() -> None:
    assert disturbed_share([0.0] * 9) == 0.0
    assert disturbed_share([0.0] * 9 + [0.02]) == pytest.approx(0.1)
    usual = [1.0, 1.1, 0.9, 1.05, 1.2, 0.8, 1.0, 1.15, 1.1]  # threads of its own pool
    assert disturbed_share(usual) == 0.0
    assert disturbed_share([*usual, 1.9]) == pytest.approx(0.1)


def test_a_summary_pools_quantiles_and_counts_outliers_by_launch(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, [CELL], launches=2))
    run.groups[0].cells[0].timed = Samples(wall_ns=WALLS, wait_ns=[50] * 8 + [130])
    run.groups[1].cells[0].timed = Samples(wall_ns=[10 * wall for wall in WALLS], wait_ns=[500] * 9)
    (cell,) = summarise(run)
    assert cell.p10_s == pytest.approx(quantile([*WALLS, *(10 * w for w in WALLS)], 0.1) * 1e-9)
    assert (cell.outliers_high_severe, cell.outliers_high_mild) == (2, 2)
    assert (cell.outliers_low_severe, cell.outliers_low_mild) == (0, 0)
    assert cell.rounds == 18  # none left out
    assert cell.disturbed == pytest.approx(1 / 18)
    assert show_outliers(cell) == "4 (2 severe)"


def test_a_cell_without_a_number_has_none_of_it(tmp_path: Path) -> None:
    cell = plan("op 100×w", 512, VARIANTS[0], status="unsupported", reason="no")
    (found,) = summarise(read_run(write_run(tmp_path, [cell])))
    assert (found.p10_s, found.outliers_high_mild, found.disturbed) == (None, None, None)
    assert show_outliers(found) == "–"


def test_the_tables_and_the_csv_file_show_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timed = {"timed": Samples(wall_ns=[1000 * wall for wall in WALLS], minor_faults=[0] * 9)}
    run = write_run(tmp_path, [CELL], changes={CELL.id: timed})
    text = report(run, capsys)
    assert "6 (3 severe)" in one_line(text, "numpy eager manual", "100 µs")
    assert "| 10 % quantile |" in text
    (row,) = rows(run / "report" / "cells.csv")
    assert float(row["p10_s"]) == pytest.approx(1e-4)
    assert [row[f"outliers_{name}"] for name in ("low_mild", "high_mild", "high_severe")] == [
        "0",
        "3",
        "3",
    ]
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert "6 (3 severe)" in page
