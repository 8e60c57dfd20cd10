"""The tables of all curves and runs joined, and that tables know the numbers they show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

from helpers.made_causes import at_204800
from helpers.made_runs import families, plan, write_run
from helpers.made_sources import NUMPY, TORCH, TORCH_COMPILED, cell, ratio, source
from xbench.reports.curves import name_sources
from xbench.reports.model import Shown, Table
from xbench.reports.sources import load
from xbench.reports.tables.full_tables import whole_tables


def by_kind(tables: list[Table]) -> dict[str, Table]:
    """The tables by their captions."""
    return {table.caption: table for table in tables}


def test_a_kind_has_one_table_with_a_row_for_each_of_its_curves(tmp_path: Path) -> None:
    big = plan("op1 100×w", 99, ("numpy", "eager", "manual"), status="oom", reason="no memory")
    found = by_kind(whole_tables([load(write_run(tmp_path, [*families(2), big]), None)]))
    assert list(found) == [
        "Every cell",
        "Modes and gradients",
        "When leaving eager mode pays",
        "Cells without a number",
    ]
    every = found["Every cell"]
    assert every.columns[:4] == ("operation", "width", "cell", "time of a call [95 %]")
    assert every.heads == 3
    assert len(every.rows) == 41
    assert {row[0] for row in every.rows} == {"op0 100×w", "op1 100×w"}
    assert all(len(row) == len(every.columns) for row in every.rows)
    assert found["Cells without a number"].rows == [
        ("op1 100×w", "99", "numpy eager manual", "oom", "no memory")
    ]


def test_runs_and_settings_are_columns_where_there_are_several() -> None:
    single = [cell(NUMPY)]
    both = [cell(NUMPY), cell(NUMPY, dtype="float64")]
    assert whole_tables([source(single)])[0].columns[0] == "operation"
    assert whole_tables([source(both)])[0].columns[:3] == ("operation", "setting", "width")
    two = [source(both), source(single)]
    name_sources(two)
    every = whole_tables(two)[0]
    assert every.columns[:5] == ("run", "operation", "setting", "width", "cell")
    assert [row[0] for row in every.rows] == ["A", "A", "B"]
    assert every.heads == 5
    assert {3, 5} <= every.right
    assert whole_tables([]) == []


def test_columns_that_are_empty_throughout_are_dropped_and_others_kept() -> None:
    """One of two curves has a bound; both keep the column."""
    cells = [cell(NUMPY, family="a w"), cell(NUMPY, family="b w", bound="compute")]
    (every,) = whole_tables([source(cells)])
    place = every.columns.index("bound")
    assert [row[place] for row in every.rows] == ["–", "compute"]
    assert "outliers" not in every.columns
    assert "bound" not in whole_tables([source(cells[:1])])[0].columns


def test_figures_know_the_number_they_are_sorted_by() -> None:
    torch, fused = cell(TORCH, 4e-3), cell(TORCH_COMPILED, 2e-3)
    mode = [replace(ratio(fused, torch, 0.4, 0.6, 0.5), axis="mode")]
    found = by_kind(whole_tables([source([torch, fused], comparisons=mode)]))
    row = found["Every cell"].rows[1]
    assert [each.key for each in row if isinstance(each, Shown)][:2] == [512, 2e-3]
    (variant,) = found["Modes and gradients"].rows
    assert isinstance(variant[-1], Shown)
    assert variant[-1].key == 0.5
    assert not isinstance(variant[-2], Shown)


def test_what_stands_in_a_column_of_figures_has_a_number_or_is_a_word(tmp_path: Path) -> None:
    for table in whole_tables([load(at_204800(tmp_path), None)]):
        for row in table.rows:
            for place in table.right:
                words = row[place] in ("–", "no number", "none", "never")
                undecided = row[place].startswith("not decided")
                assert isinstance(row[place], Shown) or words or undecided, row[place]


def test_joining_takes_time_in_proportion() -> None:
    """Ten times the curves take ten times as long, within a factor that a quadratic sum exceeds."""

    def seconds(count: int) -> float:
        made = source([cell(NUMPY, family=f"op{n} w") for n in range(count)])
        begun = process_time()
        assert len(whole_tables([made])[0].rows) == count
        return process_time() - begun

    few, many = (min(seconds(count) for _ in range(3)) for count in (300, 3000))
    assert many < 40.0 * few
