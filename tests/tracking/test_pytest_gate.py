"""`pytest --benchmark-only --xbench-gate=FOLDER`: real sessions of one cell of NumPy, judged by
stored runs that are made from the first of them."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from helpers.sessions import ELEMENTWISE, Session
from xbench.analysis.summary import CellSummary
from xbench.records.journal import JOURNAL, SUMMARY

CELL = ELEMENTWISE.format("numpy")
ARGUMENTS = ("--benchmark-only", "--xbench-preset", "smoke", "-k", "elementwise and numpy")


def stored(run: Path, root: Path, times: float, spread: float) -> None:
    """Ten runs like this one, whose times are so many times its own, more or less."""
    chance = random.Random(3)
    for number in range(10):
        folder = root / f"2025010{number}"
        folder.mkdir(parents=True)
        head, _, rest = (run / JOURNAL).read_text().partition("\n")
        header = json.loads(head) | {
            "run_id": folder.name,
            "started_utc": f"2025-01-0{number}T00:00:00+00:00",
        }
        text = json.dumps(header, separators=(",", ":"))
        (folder / JOURNAL).write_text(f"{text}\n{rest}")
        cell = json.loads((run / SUMMARY).read_text())
        cell["time_s"] *= times * chance.lognormvariate(0.0, spread)
        cell["launch_s"] = [cell["time_s"]]
        (folder / SUMMARY).write_text(json.dumps(cell, separators=(",", ":")))


def scaled(file: Path, times: float, name: str) -> None:
    """The saved file with other medians."""
    found = json.loads(file.read_text())
    for row in found["benchmarks"]:
        row["stats"]["median"] *= times
    (file.parent / name).write_text(json.dumps(found))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A folder with stored runs: `fast` and `calm`; and a session's file: `quick` and `slow`."""
    made = Session(tmp_path_factory.mktemp("gate"))
    (made.folder / "none").mkdir()
    done = made.pytest(*ARGUMENTS, "--benchmark-json=out.json", "--xbench-gate=none")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "0 comparable runs, 10 are needed" in done.stdout
    run = made.run().folder
    stored(run, made.folder / "fast", 0.2, 0.01)
    stored(run, made.folder / "calm", 1.0, 0.3)
    scaled(made.folder / "out.json", 0.01, "quick.json")
    scaled(made.folder / "out.json", 100.0, "slow.json")
    shutil.rmtree(made.folder / "xbench-results")
    return made


def test_a_regression_fails_the_session_once_it_is_confirmed(session: Session) -> None:
    done = session.pytest(*ARGUMENTS, "--xbench-gate=fast")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    _, _, section = done.stdout.partition(" xbench gate ")
    assert "1 regressed" in section
    assert CELL in section
    assert "measured again" in section
    assert "it held" in section
    assert "Traceback" not in done.stdout + done.stderr
    again = list((session.folder / "xbench-results").glob(f"*/confirm/*/{SUMMARY}"))
    found = [msgspec.json.decode(each.read_text(), type=CellSummary).id for each in again]
    assert found == [CELL]


def test_what_is_no_slower_passes_beside_compare_fail(session: Session) -> None:
    compared = ("--benchmark-compare=slow.json", "--benchmark-compare-fail=median:50%")
    done = session.pytest(*ARGUMENTS, "--xbench-gate=calm", *compared)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no confirmed regression" in done.stdout
    assert "Comparing against benchmarks from: slow.json" in done.stdout + done.stderr


def test_compare_fail_still_fails(session: Session) -> None:
    compared = ("--benchmark-compare=quick.json", "--benchmark-compare-fail=median:50%")
    done = session.pytest(*ARGUMENTS, "--xbench-gate=calm", *compared)
    assert done.returncode != 0
    assert "Performance has regressed" in done.stdout + done.stderr


def test_learning_passes_with_too_few_runs(session: Session) -> None:
    done = session.pytest(*ARGUMENTS, "--xbench-gate=none", "--xbench-gate-learning")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "learning: 0 comparable runs" in done.stdout


def test_acceptances_that_cannot_be_read_fail_in_words(session: Session) -> None:
    broken = session.folder / "broken"
    shutil.copytree(session.folder / "calm", broken)
    (broken / "accepted.jsonl").write_text("{")
    done = session.pytest(*ARGUMENTS, "--xbench-gate=broken")
    assert done.returncode == 1
    assert "accepted.jsonl, line 1" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_nothing_measured_is_no_success(session: Session) -> None:
    done = session.pytest("--xbench-gate=calm", "--xbench-preset", "smoke", "-k", "numpy")
    assert done.returncode == 1
    assert "nothing was measured" in done.stdout
    assert "1 failed" not in done.stdout


def test_a_folder_that_is_not_there_is_a_usage_error(session: Session) -> None:
    done = session.pytest(*ARGUMENTS, "--xbench-gate=nowhere")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "nowhere is no folder" in done.stderr
    assert "--xbench-gate=FOLDER" in session.pytest("--help").stdout
