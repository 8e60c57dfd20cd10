"""`xbench export` for github-action-benchmark and Bencher, and whatever goes wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.made_keys import rekeyed
from helpers.made_runs import families, plan, write_run
from helpers.places import DATA
from xbench.analysis.summary import CellSummary, summarise
from xbench.cli import main
from xbench.records.journal import JOURNAL
from xbench.records.read import read_run
from xbench.records.schema import Samples

FORMATS = ("pytest-benchmark", "github-action-benchmark", "bencher")
RULES = DATA / "read_github_action.mjs"
ODD = "sœr/'\"<b>\\n[x]/\u202e/%s"


def export(folder: Path, form: str) -> Any:
    """What is written to a file."""
    file = folder.parent / f"{form}.json"
    assert main(["export", str(folder), "--format", form, "--output", str(file)]) == 0
    return json.loads(file.read_text(encoding="ascii"))


def summaries(folder: Path) -> list[CellSummary]:
    """The cells that have a number."""
    return [cell for cell in summarise(read_run(folder)) if cell.time_s is not None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six cells with a number, one of an odd id, and one without."""
    one = ("numpy", "eager", "manual")
    odd, refused = plan("a w", 2, one, op=ODD), plan("b w", 2, one, status="oom", reason="big")
    return write_run(tmp_path / "run", [*families(1, (512,)), odd, refused])


def test_github_rows_are_the_cells_in_nanoseconds(folder: Path) -> None:
    rows = export(folder, "github-action-benchmark")
    cells = summaries(folder)
    assert [row["name"] for row in rows] == [cell.id for cell in cells]
    assert {row["unit"] for row in rows} == {"ns"}
    for row, cell in zip(rows, cells, strict=True):
        assert cell.time_s is not None
        assert row["value"] == pytest.approx(cell.time_s * 1e9)
        assert row["range"].startswith("± ")
        assert row["extra"].startswith("launches: 3\nrounds: 27\n")


@pytest.mark.skipif(shutil.which("node") is None, reason="the rules are run by node")
def test_github_rows_follow_the_actions_own_rules(folder: Path) -> None:
    rows = export(folder, "github-action-benchmark")
    file = folder.parent / "github-action-benchmark.json"
    done = subprocess.run(
        ["node", str(RULES), str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == rows


@pytest.mark.skipif(shutil.which("node") is None, reason="the rules are run by node")
@pytest.mark.parametrize(
    "text", ["[]", "{}", '[{"name":"a","value":"1","unit":"ns"}]', '[{"name":"a","value":1}]']
)
def test_the_actions_rules_refuse_what_breaks_them(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text)
    done = subprocess.run(
        ["node", str(RULES), str(tmp_path / "bad.json")],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0


def test_one_launch_has_no_range_and_no_ends(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", families(1, (512,)), launches=1)
    assert all("range" not in row for row in export(folder, "github-action-benchmark"))
    for measures in export(folder, "bencher").values():
        assert measures["latency"].keys() == {"value"}


def test_bencher_metrics_follow_the_published_schema(folder: Path) -> None:
    """https://bencher.dev/bmf.json: an object of objects of objects of numbers, value required."""
    found = export(folder, "bencher")
    cells = {cell.id: cell for cell in summaries(folder)}
    assert found.keys() == cells.keys()
    for name, measures in found.items():
        assert 0 < len(name) <= 1024
        assert measures.keys() == {"latency"}
        metric, cell = measures["latency"], cells[name]
        assert metric.keys() == {"value", "lower_value", "upper_value"}
        assert all(type(each) is float for each in metric.values())
        assert metric["lower_value"] < metric["value"] < metric["upper_value"]
        assert cell.time_s is not None
        assert metric["value"] == pytest.approx(cell.time_s * 1e9)


def test_bencher_takes_no_longer_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = plan("a w", 2, ("numpy", "eager", "manual"))
    long = rekeyed(long, op="x" * (1026 - len(long.id)))  # which was of one letter
    folder = write_run(tmp_path / "run", [long])
    assert main(["export", str(folder), "--format", "bencher"]) == 2
    assert "1025 characters" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_measured_is_five_and_writes_nothing(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = plan("b w", 2, ("numpy", "eager", "manual"), status="oom", reason="big")
    folder, out = write_run(tmp_path / "run", [refused]), tmp_path / "out"
    assert main(["export", str(folder), "--format", form, "--output", str(out)]) == 5
    assert "nothing to export" in capsys.readouterr().err
    assert not out.exists()


def test_the_newest_run_goes_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = folder.parent
    folder.rename(results / "20260102")
    write_run(results / "20260101", families(1, (2048,)))
    assert main(["export", "--format", "bencher", "--results", str(results)]) == 0
    said = capsys.readouterr()
    assert f"{ODD}/n100-w2/float32/numpy/cpu/eager/manual/tall" in json.loads(said.out)
    assert "left out, without a number: 1 of 7 cells" in said.err


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("damage", ["", "{", '{"type":"header"}', "[1]", "\xff"])
def test_what_is_no_run_is_two(
    damage: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / JOURNAL).write_text(damage, encoding="latin-1")
    assert main(["export", str(tmp_path), "--format", form]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Hint: " in said.err


def test_a_torn_end_is_said_and_a_cell_planned_twice_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-9])
    assert main(["export", str(folder), "--format", "bencher"]) == 0
    assert "is torn and was left out" in capsys.readouterr().err
    twice = write_run(tmp_path / "twice", [*families(1, (512,)), *families(1, (512,))])
    assert main(["export", str(twice), "--format", "bencher"]) == 2
    assert "is planned twice" in capsys.readouterr().err


def test_times_that_cannot_be_are_no_figures(tmp_path: Path) -> None:
    cells = families(1, (512,))
    zero = {cells[0].id: {"timed": Samples(wall_ns=[0] * 9)}}
    folder = write_run(tmp_path / "run", cells, changes=zero)
    for form in FORMATS[1:]:
        assert len(export(folder, form)) == 4


def test_a_file_that_cannot_be_written_is_two(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(folder / "nowhere" / "out.json")
    assert main(["export", str(folder), "--format", "bencher", "--output", out]) == 2
    assert "cannot write" in capsys.readouterr().err
