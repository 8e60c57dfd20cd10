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
from xbench.cli.report import FORMATS
from xbench.reports.formats.csv_files import FOREIGN, METRICS, PLAN, RATIO, VALUE

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


def documented(heading: str) -> dict[str, tuple[str, str]]:
    """Name, unit and meaning of every row in the tables below a heading of docs/report.md."""
    text = DOCUMENTATION.read_text(encoding="utf-8").partition(f"\n### {heading}\n")[2]
    section = re.split(r"\n##", text)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line[:1] == "|"]
    return {
        name: (unit, means)
        for names, unit, means in ([each.strip() for each in line] for line in lines)
        for name in names.split(", ")
        if means not in ("meaning", "---")
    }


def test_every_column_and_metric_is_documented_and_no_other() -> None:
    data = (*PLAN, *VALUE, *METRICS, RATIO, *FOREIGN)
    wanted = {each.name: (each.unit, each.means) for each in data}
    assert len(wanted) == len(data)
    assert documented("measurements.csv") == wanted


@pytest.mark.parametrize("name", ["cells.csv", "comparisons.csv"])
def test_every_column_of_the_other_tables_is_documented(run: Path, name: str) -> None:
    printed(run, "md")
    header = (run.parent / "out" / name).read_text(encoding="utf-8").splitlines()[0].split(",")
    found = documented(name)
    assert sorted(found) == sorted(header)
    assert all(means for _, means in found.values())
