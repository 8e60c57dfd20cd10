"""The report of a run: what it writes, what it says, and that it leaves nothing out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.made_runs import VARIANTS, families, plan, write_run
from helpers.pages import written
from helpers.places import ROOT
from helpers.reporting import one_line, report, rows
from xbench.errors import UsageError
from xbench.records.schema import CellPlan
from xbench.reports.assemble import write_report

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_file_is_written_and_has_something_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report([write_run(tmp_path, families(2, (512, 2048)))], tmp_path / "out", None)
    printed = capsys.readouterr()
    out = tmp_path / "out"
    assert printed.err == f"report: {out / 'index.html'}\n"
    assert printed.out == (out / "report.md").read_text(encoding="utf-8")
    pngs, svgs = sorted(out.glob("*.png")), sorted(out.glob("*.svg"))
    assert [each.stem for each in pngs] == [each.stem for each in svgs]
    kinds = sorted(each.stem.partition("-op")[0] for each in pngs)
    assert kinds == sorted(2 * ["time", "speedup", "speedup-modes", "phases"])
    assert all(each.read_bytes().startswith(PNG) and each.stat().st_size > 5000 for each in pngs)
    assert all(each.read_text(encoding="utf-8").count("<path") > 10 for each in svgs)
    assert len(rows(out / "cells.csv")) == 20
    assert {each["axis"] for each in rows(out / "comparisons.csv")} == {"backend", "mode"}


def test_what_is_planted_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = report(write_run(tmp_path, families(1)), capsys)
    assert text.startswith("# NumPy, PyTorch and TensorFlow on Test CPU, 8 cores, 64 GB, no GPU\n")
    assert "20 of 20 cells verified and timed, none refused" in text
    assert "torch eager against numpy eager, 4 cells: faster in 4" in text
    assert "tensorflow eager against numpy eager, 4 cells: slower in 4" in text
    assert "tensorflow graph against tensorflow eager, 4 cells: faster in 4" in text
    assert "No GPU was used" in text
    assert "reference" in one_line(text, "numpy eager manual", " 512 ")


def test_every_row_of_the_page_is_on_the_terminal_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, families(1))
    text = report(run, capsys)
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    captions = re.findall(r"<caption><span>(.*?)</span>", page)
    assert {"Every cell", "Modes and gradients", "When leaving eager mode pays"} <= set(captions)
    body = page[page.index("Every cell</span>") :].partition("</tbody>")[0]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr")[2:]]
    assert len(found) == 20
    for row in found:
        assert one_line(text, f"| {row[1]:>6} |", f"| {row[2]} ", f" {row[3]} |")


def test_graph_and_another_backend_are_never_one_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, families(1))
    report(run, capsys)
    for each in rows(run / "report" / "comparisons.csv"):
        ours, theirs = each["cell_id"].split("/")[-5:], each["reference_id"].split("/")[-5:]
        differing = {place for place in (0, 2) if ours[place] != theirs[place]}
        assert len(differing) == 1


def test_the_reference_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = report(write_run(tmp_path, families(1)), capsys, "torch")
    assert "numpy eager against torch eager, 4 cells: slower in 4" in text
    assert "against torch" in text


def test_refused_and_doubtful_cells_keep_their_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = families(1, (512, 2048))
    big = plan("op0 100×w", 204800, VARIANTS[0], status="would_oom", reason="168 GB | 9 GB free")
    slow = {
        "overhead": 0.031,
        "warmup_converged": False,
        "check": {"y": "sampled"},
        "unchecked": "its calls take too long",
    }
    run = write_run(tmp_path, [*cells, big], changes={cells[1].id: slow})
    text = report(run, capsys)
    assert "no number" in one_line(text, "204800", "would_oom: 168 GB \\| 9 GB free")
    marked = one_line(text, "harness overhead 3.1 %")
    assert "warm-up did not settle" in marked
    assert "checked by samples" in marked
    assert "1 cell did not get every check for skipped work: its calls take too long" in text
    assert "1 cell refused: 1 would_oom" in text
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("168 GB | 9 GB free") >= 2
    assert rows(run / "report" / "cells.csv")[-1]["status"] == "would_oom"


def test_one_launch_claims_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = report(write_run(tmp_path, families(1), launches=1), capsys)
    assert "One launch gives no interval" in text
    assert "faster" not in text.replace("what is faster", "")
    assert "slower" not in text
    assert "× the time, no interval" in text


def test_an_interrupted_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path, families(1))
    journal = run / "run.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    text = report(run, capsys)
    assert "the last, is torn" in text
    assert "did not end by itself" in text


def test_a_run_without_any_number_is_still_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = plan("op 100×w", 512, VARIANTS[0], status="unsupported", reason="not installed")
    text = report(write_run(tmp_path, [cell]), capsys)
    assert "0 of 1 cell verified and timed" in text
    assert "unsupported: not installed" in text


def test_runs_are_shown_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = write_run(tmp_path / "a", families(1, (512,)))
    second = write_run(tmp_path / "b", families(1, (512,)), run_id="20270101T000000Z-other")
    write_report([first, second], tmp_path / "out", None)
    text = capsys.readouterr().out
    assert text.startswith("# 2 runs side by side\n")
    assert text.count("\n## A: NumPy") == text.count("\n## B: NumPy") == 1
    names = {each.stem for each in (tmp_path / "out").glob("*.png")}
    assert len(names) == 8
    assert {name.partition("-")[0] for name in names} == {"A", "B"}


def test_the_page_fetches_nothing_and_names_its_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, families(2))
    report(run, capsys)
    page = written(run / "report")
    for forbidden in ("<script", "<link", "src=", "@import", "url(http"):
        assert forbidden not in page
    assert page.count("<table") == page.count("<caption>") > 0
    assert page.count('role="img" aria-label=') == page.count("<figure>") == 8
    assert "prefers-color-scheme: dark" in page


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", families(1, (512,)))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the report"):
        write_report([run], tmp_path / "file" / "out", None)


def test_frameworks_and_pyplot_are_not_imported(tmp_path: Path) -> None:
    run = write_run(tmp_path, [*families(1, (512,))])
    code = (
        "import sys; from pathlib import Path; from xbench.reports.assemble import write_report;"
        f"write_report([Path({str(run)!r})], Path({str(tmp_path / 'out')!r}), None);"
        "bad = {'torch', 'tensorflow', 'jax', 'matplotlib.pyplot', 'pandas'} & set(sys.modules);"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_two_settings_of_a_family_are_two_sections(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    single: list[CellPlan] = families(1, (512, 2048))
    double = [
        plan(
            each.family,
            each.width,
            (each.key.backend, each.key.mode, each.key.gradient),
            dtype="float64",
            group=f"{each.group}64",
        )
        for each in single
    ]
    text = report(write_run(tmp_path, [*single, *double]), capsys)
    assert "## op0 100×w (float32, cpu, all cores)" in text
    assert "## op0 100×w (float64, cpu, all cores)" in text
    assert len(list((tmp_path / "report").glob("time-*.png"))) == 2
