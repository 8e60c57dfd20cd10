"""Every text format of the report, byte for byte, on a small journal.

`python tests/tools/make_golden.py` writes tests/golden/ anew: do so where a format is meant to
change, and read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.format_runs import FILES, printed, small_run
from helpers.places import GOLDEN, ROOT
from xbench.analysis.summary import CellSummary
from xbench.cli.report import FORMATS
from xbench.reports.formats.columns import (
    CELL_COLUMNS,
    FOREIGN,
    INTERVAL,
    METRICS,
    NOTES,
    PAIR,
    PAIR_COLUMNS,
    PLAN,
    RATIO,
    VALUE,
    WORK,
    Column,
    Metric,
)
from xbench.reports.formats.json_document import Ratio

DOCUMENTATION = ROOT / "docs" / "report.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run, once."""
    return small_run(tmp_path_factory.mktemp("small"))


def test_there_is_a_golden_file_of_every_format() -> None:
    assert tuple(FILES) == FORMATS
    assert {path.name for path in GOLDEN.iterdir()} == set(FILES.values())


@pytest.mark.parametrize("form", FILES)
def test_the_text_is_what_it_was(run: Path, form: str) -> None:
    golden = (GOLDEN / FILES[form]).read_text(encoding="utf-8")
    assert printed(run, form) == golden, "if so meant: python tests/tools/make_golden.py"


def test_what_is_printed_as_csv_and_markdown_is_in_the_folder(run: Path) -> None:
    for form, name in (("md", "report.md"), ("csv", "measurements.csv")):
        assert printed(run, form) == (run.parent / "out" / name).read_text(encoding="utf-8")


Rows = list[tuple[str, ...]]


def documented(heading: str) -> list[Rows]:
    """The tables below a heading of docs/report.md, without their heads."""
    text = DOCUMENTATION.read_text(encoding="utf-8").partition(f"\n### {heading}\n")[2]
    tables = re.findall(r"(?:^\|.*\|\n)+", re.split(r"\n##", text)[0], flags=re.MULTILINE)
    rows = [[line.strip("|").split("|") for line in table.splitlines()[2:]] for table in tables]
    return [[tuple(each.strip() for each in line) for line in table] for table in rows]


def listed(*columns: Column | Metric) -> Rows:
    """The rows of the one list, which the documentation repeats."""
    return [tuple(map(str, each[: 4 if isinstance(each, Metric) else 3])) for each in columns]


def test_the_documentation_repeats_the_list_of_columns_and_metrics() -> None:
    metrics = listed(*METRICS, RATIO, *FOREIGN)
    assert documented("measurements.csv") == [listed(*PLAN, *VALUE), metrics]
    assert documented("cells.csv") == [listed(*WORK, *INTERVAL, *NOTES)]
    assert documented("comparisons.csv") == [listed(PLAN[0], *PAIR)]


def test_the_files_have_the_columns_of_the_list(run: Path) -> None:
    printed(run, "md")
    for name, columns in (("cells.csv", CELL_COLUMNS), ("comparisons.csv", ("run", *PAIR_COLUMNS))):
        text = (run.parent / "out" / name).read_text(encoding="utf-8")
        assert text.splitlines()[0].split(",") == list(columns)


def test_no_name_stands_twice_in_the_list() -> None:
    names = [each.name for each in (*PLAN, *VALUE, *METRICS, RATIO, *FOREIGN)]
    assert len(set(names)) == len(names)
    assert len(set(CELL_COLUMNS)) == len(CELL_COLUMNS)


def test_json_calls_figures_as_the_list_does() -> None:
    """What a summary holds beside them is no figure: it is not in the tables either."""
    own = {"plan", "launch_s", "environment_hash", "unchecked"}
    ours = {each.name for each in (*PLAN, *WORK)} - {"status", "reason"}
    made = {"launches", "min_gbyte_per_s"}
    assert set(CellSummary.__struct_fields__) - own == set(CELL_COLUMNS) - ours - made
    of_cell = {"family", "width"}
    assert set(Ratio.__struct_fields__) == {"group", *PAIR_COLUMNS} - of_cell
