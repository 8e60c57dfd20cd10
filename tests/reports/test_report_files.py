"""Files that are not ours, not whole, or not friendly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.hostile import HOSTILE, Tags
from helpers.made_runs import STATS, VARIANTS, benchmark_json, carried, families, plan, write_run
from helpers.pages import written
from xbench.errors import RecordError
from xbench.reports.assemble import write_report
from xbench.reports.draw.static_figures import free_slug
from xbench.reports.sources import load


def test_hostile_text_stays_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    family = f"{HOSTILE} 100×w"
    cells = [plan(family, width, VARIANTS[0]) for width in (512, 2048)]
    cells += [plan(family, 512, (HOSTILE, "eager", "autograd"))]
    cells += [plan(family, 8192, (HOSTILE, HOSTILE, HOSTILE), status="crashed", reason=HOSTILE)]
    run = write_run(
        tmp_path / "run", cells, run_id=HOSTILE, environment={"machine": {"cpu": HOSTILE}}
    )
    out = tmp_path / "deep" / "out"
    write_report([run], out, None)
    page = written(out)
    assert "script" not in Tags(page).found
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    markdown = (out / "report.md").read_text(encoding="utf-8")
    for forbidden in ("<script", "](http", "\x1b", "`", "http://", "@someone", "#1"):
        assert forbidden not in markdown
    assert capsys.readouterr().out == markdown
    assert {each.name for each in tmp_path.iterdir()} == {"run", "deep"}
    assert all(each.parent == out for each in (tmp_path / "deep").rglob("*.*"))


def test_names_of_figures_are_plain_and_their_own() -> None:
    taken: set[str] = set()
    assert free_slug("time-../../a b×c→d float32", taken) == "time-a-bxc-d-float32"
    assert free_slug("time-a bxc d float32", taken) == "time-a-bxc-d-float32-2"
    assert len(free_slug("x" * 500, taken)) < 100


def test_formulas_in_csv_are_defused(tmp_path: Path) -> None:
    cell = plan("=cmd()", 512, VARIANTS[0], status="crashed", reason="@SUM(1)")
    write_report([write_run(tmp_path, [cell])], tmp_path / "out", None)
    text = (tmp_path / "out" / "cells.csv").read_text(encoding="utf-8")
    assert "'=cmd()" in text
    assert "'@SUM(1)" in text


def test_a_real_pytest_benchmark_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = "import pytest\n@pytest.mark.benchmark(group='sums')\ndef test_sum(benchmark):\n"
    (tmp_path / "test_small.py").write_text(f"{test}    benchmark(sum, range(9))\n")
    file = tmp_path / "saved.json"
    options = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    options += ["--benchmark-json", str(file), "--benchmark-max-time=0.01"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "test_small.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    write_report([file], tmp_path / "out", None)
    text = capsys.readouterr().out
    assert "pytest-benchmark: sums" in (tmp_path / "out" / "index.html").read_text()
    assert "| test_sum | sums" in text
    assert "not measured by xbench" in text
    assert "verified and timed" not in text


def test_our_cells_in_pytest_benchmark_files_go_through_our_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "saved.json"
    file.write_text(benchmark_json([carried(512), carried(2048, launch_s=[1e-3, 1.1e-3])]))
    write_report([file], tmp_path / "out", None)
    text = capsys.readouterr().out
    assert text.count("| numpy eager |") == 2
    assert " 1.00 ms [0.90, 1.10] |" in text
    assert "30 rounds a cell" in text
    assert "so there are no ratios" in text
    assert len(list((tmp_path / "out").glob("time-*.png"))) == 1


BAD = {
    "empty": b"",
    "blank": b" \n ",
    "binary": b"\x89PNG\r\n\xff\xfe\x00",
    "prose": b"hello\nworld\n",
    "list": b"[1, 2]",
    "number": b"3",
    "other JSON": b'{"a": 1}',
    "benchmarks of another kind": b'{"benchmarks": {"a": 1}}',
    "no stats": b'{"benchmarks": [{"name": "x"}]}',
    "rows that are no objects": b'{"benchmarks": [3, null]}',
    "stats without median": b'{"benchmarks": [{"name": "x", "stats": {}}]}',
    "text for a number": json.dumps(
        {"benchmarks": [{"name": "x", "stats": {**STATS, "median": "1"}}]}
    ).encode(),
    "NaN": benchmark_json([{"name": "x", "stats": {**STATS, "median": float("nan")}}]).encode(),
    "infinity": benchmark_json([{"name": "x", "stats": {**STATS, "median": 1.5}}])
    .replace("1.5,", "1e999,")
    .encode(),
    "truncated": benchmark_json([{"name": "x", "stats": STATS}]).encode()[:-30],
    "deep": b'{"benchmarks": ' + b"[" * 100_000,
    "cell without fields": benchmark_json(
        [{"name": "x", "stats": STATS, "extra_info": {"xbench": {"plan": 3}}}]
    ).encode(),
    "cell with a negative time": benchmark_json([carried(512, time_s=-1.0)]).encode(),
    "cell without its time": benchmark_json([carried(512, time_s=None)]).encode(),
    "cell of no width": benchmark_json([carried(0)]).encode(),
    "journal line": b'{"type":"header","schema_version":4}\n{}\n',
    "journal of the past": b'{"type":"header","schema_version":3}\n{}\n',
    "journal of the future": b'{"type":"header","schema_version":99}\n{}\n',
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_what_is_no_result_is_a_record_error_with_a_hint(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "found.json"
    file.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        load(file, None)
    assert str(file) in caught.value.message
    assert caught.value.hint


def test_missing_files_and_folders_are_record_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RecordError, match="cannot read"):
            load(path, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("calls", 0), ("timed", {"wall_ns": [1, 0, -1]}), ("timed", {"wall_ns": []})],
)
def test_impossible_times_have_no_number_in_the_report(
    tmp_path: Path, field: str, value: Any
) -> None:
    run = write_run(tmp_path, families(1, (512,)))
    journal = run / "run.jsonl"
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        for cell in line.get("cells", []) if line["type"] == "group" else []:
            cell[field] = value
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    source = load(run, None)
    assert {cell.status for cell in source.cells} == {"invalid"}
    assert not source.comparisons
