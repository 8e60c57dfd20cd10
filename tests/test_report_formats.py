"""Every text format of the report, byte for byte, on a small journal.

`python tests/test_report_formats.py` writes tests/golden/ anew: do so where a format is meant to
change, and read the difference.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path

import pytest
from test_reports_data import VARIANTS, plan, write_run
from test_reports_files import HOSTILE

from reports.command import write_report
from reports.formats.columns import FOREIGN, METRICS, PLAN, RATIO, VALUE
from xbench import __version__
from xbench.cli.parser import REPORT_FORMATS
from xbench.records.schema import CeilingsLine, CellPlan, Figure

DOCUMENTATION = Path(__file__).resolve().parent.parent / "docs" / "report.md"
GOLDEN = Path(__file__).resolve().parent / "golden"
FILES = {
    "md": "report.md",
    "csv": "measurements.csv",
    "json": "report.json",
    "latex": "report.tex",
    "html": "report.html",
}
TITLE = "Widths & <sizes>"
FAMILY = "op_a 100×w→1"
REASON = "=SUM(A1) | <b> a_b 50 % & {x} ~ ^ # $y$ \\z"


def small_cells() -> list[CellPlan]:
    """Two widths; one cell crashed with a reason full of signs, one measured in a part of its own,
    one refused."""
    found = [
        plan(FAMILY, width, variant)
        for width in (512, 2048)
        for variant in (*VARIANTS[:2], VARIANTS[4])
    ]
    apart = found.pop()
    found.append(plan(FAMILY, 2048, VARIANTS[4], group=f"{apart.group}#2"))
    found.append(plan(FAMILY, 2048, VARIANTS[2], status="crashed", reason=REASON))
    found.append(plan(FAMILY, 204800, VARIANTS[0], status="would_oom", reason="168 GB, 9 GB free"))
    return found


def small_run(folder: Path) -> Path:
    """The journal of those cells, with ceilings."""
    figure = Figure(1.5e11, 0.01, 5)
    ceilings = CeilingsLine(
        device="cpu", dtype="float32", threads="all", allocator="reuse",
        measured_utc="2026-01-02T03:00:00+00:00", bandwidth=figure, compute=figure,
        fault_ns=Figure(700.0, 0.02, 5), page_bytes=4096,
    )  # fmt: skip
    return write_run(folder / "run", small_cells(), ceilings=[ceilings])


def hostile_run(folder: Path) -> Path:
    """A journal whose every text is hostile."""
    family = f"{HOSTILE} 100×w"
    cells = [plan(family, 512, VARIANTS[0]), plan(family, 512, (HOSTILE, "eager", "autograd"))]
    cells += [plan(family, 8192, (HOSTILE,) * 3, status="crashed", reason=f"[{HOSTILE}")]
    return write_run(folder / "run", cells, run_id=HOSTILE)


def printed(run: Path, form: str) -> str:
    """What the command prints in this format, the version left out."""
    with contextlib.redirect_stdout(io.StringIO()) as found:
        write_report([run], run.parent / "out", None, form=form, title=TITLE)
    return found.getvalue().replace(f'"xbench_version": "{__version__}"', '"xbench_version": "–"')


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run, once."""
    return small_run(tmp_path_factory.mktemp("small"))


def test_there_is_a_golden_file_of_every_format() -> None:
    assert tuple(FILES) == REPORT_FORMATS
    assert {path.name for path in GOLDEN.iterdir()} == set(FILES.values())


@pytest.mark.parametrize("form", FILES)
def test_the_text_is_what_it_was(run: Path, form: str) -> None:
    golden = (GOLDEN / FILES[form]).read_text(encoding="utf-8")
    assert printed(run, form) == golden, "if so meant: python tests/test_report_formats.py"


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


def write_golden() -> None:
    """Write every golden file anew."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = small_run(Path(folder))
        for form, name in FILES.items():
            (GOLDEN / name).write_text(printed(made, form), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
