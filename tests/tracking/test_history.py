"""`xbench history`: what stored runs say, in the terminal and as a page in a browser."""

from __future__ import annotations

import random
import shutil
from math import exp, log
from pathlib import Path

import pytest

from helpers.browser import Opened, chromium, needs_chromium
from helpers.made_history import CELLS, SPREAD, Made, run_id, steady, tool, write_run
from xbench.reports.verdict.history_page import render_history
from xbench.reports.verdict.history_table import sparkline, step_rows
from xbench.tracking.baseline import History, accept, read_history
from xbench.tracking.history import Row, curve_name, look_back
from xbench.tracking.thresholds import Thresholds

TORCH = tuple(each.replace("numpy", "torch") for each in CELLS)
STEP_AT, RUNS = 25, 40
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty runs; with another version of NumPy all its cells became a tenth slower."""
    root, chance = tmp_path_factory.mktemp("history"), random.Random(1)
    for number in range(RUNS):
        later = number >= STEP_AT
        cells = {
            cell: Made(1e-3 * exp(chance.gauss(0.1 if later and cell in CELLS else 0.0, SPREAD)))
            for cell in (*TORCH, *CELLS)
        }
        write_run(
            root,
            number,
            cells,
            versions="2.5.0" if later else "2.4.6",
            commit=HOSTILE if number > 35 else "c0ffee",
        )
    accept(root, run_id(38), ["no-such-op"], HOSTILE)
    return root


def looked(folder: Path, *patterns: str) -> tuple[list[Row], History]:
    """Rows of a folder."""
    stored = read_history(folder)
    return look_back(stored, Thresholds(), patterns), stored


def test_a_curve_is_one_row_with_one_step_that_says_what_changed(folder: Path) -> None:
    rows, stored = looked(folder)
    assert [row.name.split("/")[2] for row in rows] == ["numpy", "torch"], "worst first"
    (step,) = rows[0].changes
    assert (step.place, step.cells) == (STEP_AT, len(CELLS))
    assert step.change == pytest.approx(0.1, abs=0.02)
    assert rows[1].changes == []
    ((run, change, _, cells, why),) = step_rows(rows, stored)
    assert (run, cells) == (run_id(STEP_AT), "3 of 3")
    assert change.startswith("+")
    assert "2.4.6" in why
    assert "2.5.0" in why


def test_with_a_pattern_a_row_is_a_cell(folder: Path) -> None:
    rows, _ = looked(folder, "*m512-*numpy*")
    assert [row.name for row in rows] == [CELLS[0]]
    assert len(looked(folder, "matmul")[0]) == len(CELLS + TORCH)


def test_last_is_against_baseline_and_anchor(folder: Path) -> None:
    rows, _ = looked(folder)
    worst = rows[0].worst
    assert worst.baseline is not None
    assert worst.anchor is not None
    assert log(worst.last / worst.anchor) == pytest.approx(0.1, abs=0.04)
    assert worst.judged.kind == "regressed", "nobody accepted it"


def test_the_terminal_shows_it(folder: Path) -> None:
    status, said = tool("history", folder, folder=folder)
    assert status == 0, said
    assert "40 runs of machine here" in said
    assert run_id(STEP_AT) in said
    assert "█" in said


def test_a_sparkline_shows_the_course_and_no_noise() -> None:
    assert sparkline([0.0, 1.0]) == "▁█"
    assert set(sparkline([0.0, 0.001, 0.0])) <= {"▄", "▅"}
    assert len(sparkline([0.0] * 100)) < 50


def test_ids_without_parts_are_rows_of_their_own(folder: Path) -> None:
    _, stored = looked(folder)
    plan = stored.series[CELLS[0]].plan
    assert curve_name(plan) == "matmul w×w×w/float32/numpy/cpu/eager/none/tall"
    assert curve_name(type(plan)(name="tests/test_x.py::test_y")) == "tests/test_x.py::test_y"


def test_few_runs_are_shown_and_not_judged(tmp_path: Path) -> None:
    steady(tmp_path, 3)
    status, said = tool("history", tmp_path, folder=tmp_path)
    assert status == 0, said
    assert "too few runs" in said


def test_only_the_newest_machine_is_shown_and_others_are_named(tmp_path: Path) -> None:
    steady(tmp_path, 4, machine="elsewhere")
    steady(tmp_path, 3, first=10)
    _, said = tool("history", tmp_path, folder=tmp_path)
    assert "3 runs of machine here" in said
    assert "4 runs of other machines" in said


def test_what_cannot_be_shown_is_2(tmp_path: Path) -> None:
    steady(tmp_path / "runs", 3)
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    shutil.copytree(tmp_path / "runs", broken)
    for file in broken.glob("*/summary.jsonl"):
        file.write_text("{")
    for arguments in (("none",), ("empty",), ("broken",), ("runs", "--cell", "nothing")):
        status, said = tool("history", *arguments, folder=tmp_path)
        assert status == 2, said
        assert "Traceback" not in said


def test_the_page_is_whole_without_scripts(folder: Path) -> None:
    rows, stored = looked(folder)
    page = render_history(rows, stored)
    assert run_id(STEP_AT) in page
    assert HOSTILE not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@needs_chromium
def test_the_page_draws_steps_and_versions_and_asks_for_nothing(
    folder: Path, tmp_path: Path
) -> None:
    status, said = tool("history", folder, "--out", tmp_path, folder=folder)
    assert status == 0, said
    with chromium() as browser:
        opened = Opened(browser, tmp_path / "history.html")
        drawn = "document.getElementById('plot')"
        lines = opened.page.evaluate(f"{drawn}.data.map(each => [each.name, each.x.length])")
        texts = opened.page.evaluate(f"{drawn}.layout.annotations.map(each => each.text)")
        opened.page.select_option("#row", index=1)
        after = opened.page.evaluate(f"{drawn}.layout.annotations.map(each => each.text)")
        assert opened.said == []
        assert opened.asked == []
    assert lines == [[f"width {width}", RUNS] for width in (512, 1024, 2048)]
    assert any("step +" in each and "(3 of 3)" in each for each in texts)
    assert any("2.4.6" in each and "2.5.0" in each for each in texts)
    assert any(each.startswith("accepted: ") for each in texts)
    assert not any("step" in each for each in after)
