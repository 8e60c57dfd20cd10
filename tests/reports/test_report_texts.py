"""What each text format promises those who process it, whatever a result file says."""

from __future__ import annotations

from html.parser import HTMLParser
from math import isfinite
from pathlib import Path

import msgspec
import pytest

from helpers.format_runs import REASON, hostile_run, printed, small_cells, small_run
from helpers.made_runs import STATS, benchmark_json, carried
from helpers.reporting import measured
from xbench.reports.formats.columns import FOREIGN, METRICS, RATIO
from xbench.reports.formats.csv_files import harmless
from xbench.reports.formats.json_document import DOCUMENT_VERSION, Document
from xbench.reports.sources import load


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run of the golden files."""
    return small_run(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run whose every text is hostile."""
    return hostile_run(tmp_path_factory.mktemp("hostile"))


def test_csv_has_every_figure_of_a_cell_with_its_unit(run: Path) -> None:
    rows = measured(printed(run, "csv"))
    source = load(run, None)
    for cell in source.cells:
        mine = {row["metric"]: row for row in rows if row["id"] == cell.id}
        if cell.time_s is None:
            assert list(mine) == ["time"]
            assert mine["time"]["value"] == ""
            assert mine["time"]["status"] == cell.status
            continue
        for metric in METRICS:
            value = metric.of(cell)
            assert (metric.name in mine) == (value is not None)
            if value is not None:
                assert float(mine[metric.name]["value"]) == pytest.approx(value, rel=1e-11)
                assert mine[metric.name]["unit"] == metric.unit
        rate, time = mine["gflop_per_s"], mine["time"]
        for end, other in (("low", "high"), ("high", "low")):
            assert float(rate[end]) * float(time[other]) == pytest.approx(cell.plan.flop * 1e-9)
    ratios = [row for row in rows if row["metric"] == RATIO.name]
    assert len(ratios) == len(source.comparisons) + len(source.unpaired)
    assert {row["verdict"] for row in ratios if not row["value"]} == {"not paired"}
    assert {row["reference_id"] for row in ratios} <= {row["id"] for row in rows}


def test_csv_of_other_peoples_benchmarks(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text(benchmark_json([{"name": "=x", "group": "g", "stats": STATS}]))
    rows = measured(printed(file, "csv"))
    found = [(row["id"], row["family"], row["metric"], row["unit"], row["value"]) for row in rows]
    values = ("0.0015", "0.0012", "0.0001")
    wanted = zip(FOREIGN, values, strict=True)
    assert found == [("'=x", "g", each.name, each.unit, value) for each, value in wanted]


@pytest.mark.parametrize(
    "text",
    [
        " =1",
        "\u3000=1",
        "\u200b=1",
        "\ufeff@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "﹣1",
        "\N{MINUS SIGN}1",
    ],
)
def test_formulas_in_disguise_are_defused(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a;{text}") == f"a;'{text}"


@pytest.mark.parametrize("text", ["numpy", "a=b", "50 %", "", " ", "'=1", "x;y", "–"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert harmless(text) == text


def test_csv_stays_in_its_rows_and_holds_no_escape_codes(hostile: Path) -> None:
    text = printed(hostile, "csv")
    assert all(each.isprintable() or each == "\n" for each in text)
    for row in measured(text):
        assert None not in row
        assert row["metric"] in {each.name for each in (*METRICS, RATIO)}


def no_constant(found: object) -> None:
    """Every number in decoded JSON is finite."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        for each in found:
            no_constant(each)
    assert not isinstance(found, float) or isfinite(found)


@pytest.mark.parametrize("name", ["run", "hostile"])
def test_json_is_the_document_it_says(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    text = printed(folder, "json")
    no_constant(msgspec.json.decode(text))
    document = msgspec.json.decode(text, type=Document)
    assert document.schema_version == DOCUMENT_VERSION
    (found,) = document.runs
    source = load(folder, None)
    assert found.title == source.title
    assert found.facts == dict(source.facts)
    assert [cell["reason"] for cell in found.cells] == [cell.reason for cell in source.cells]
    assert len(found.comparisons) == len(source.comparisons) + len(source.unpaired)
    assert all(each.isprintable() or each == "\n" for each in text)


def test_json_has_null_where_a_file_holds_no_number(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    rows = [carried(512, p10_s=1.5), carried(10**18, reason="half \ud800")]
    file.write_text(benchmark_json(rows).replace("1.5}", "1e999}").replace("1.5,", "1e999,"))
    (found,) = msgspec.json.decode(printed(file, "json"))["runs"]
    assert [cell["p10_s"] for cell in found["cells"]] == [None, None]
    assert found["cells"][1]["reason"] == "half ?"
    assert found["cells"][1]["plan"]["width"] == 10**18


class Tables(HTMLParser):
    """Checks a fragment's elements while it is read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "caption" or self.tags[-1] == "table"
        assert tag != "th" or dict(attrs)["scope"] in ("col", "row")
        assert {name for name, _ in attrs} <= {"scope", "align"}
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", ["run", "hostile"])
def test_html_is_plain_tables(name: str, request: pytest.FixtureRequest) -> None:
    text = printed(request.getfixturevalue(name), "html")
    found = Tables(text)
    allowed = {"h2", "h3", "p", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert set(found.tags) == allowed
    assert found.tags.count("table") == found.tags.count("caption")
    assert "\n\n" not in text
    assert (REASON in found.texts) == (name == "run")


@pytest.mark.parametrize("form", ["latex", "html"])
def test_every_cell_has_a_row_in_the_tables(run: Path, form: str) -> None:
    text = printed(run, form)
    joint = " & " if form == "latex" else '</th><th scope="row">'
    for cell in small_cells():
        row = f"{cell.width}{joint}{cell.key.backend} {cell.key.mode} {cell.key.gradient}"
        assert text.count(row) == 1
    assert text.count("crashed") == text.count("would") == 3  # counted, in its row, with its reason
    assert text.count("not paired") == 2  # counted, in its row
