"""`xbench gate --confirm` on a real run: NumPy on one thread, beside made-up stored runs."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.made_history import tool, write_lines

RUN = (
    "run",
    "--preset",
    "smoke",
    "--backend",
    "numpy",
    "--op",
    "elementwise",
    "matmul",
    "--threads",
    "1",
    "--launches",
    "2",
    "--rounds",
    "7",
    "--no-report",
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of today."""
    folder = tmp_path_factory.mktemp("measured")
    status, said = tool(*RUN, folder=folder)
    assert status == 0, said
    (run,) = (folder / "xbench-results").iterdir()
    return run


def lines(file: Path) -> list[dict[str, Any]]:
    """The documents of a file."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def copy(run: Path, root: Path, number: int, factor: float) -> Path:
    """The run as it would have been so many days earlier, all its times by this factor."""
    head, *rest = lines(run / "run.jsonl")
    folder = root / f"{number:02}-{head['run_id']}"
    folder.mkdir(parents=True)
    began = datetime.fromisoformat(head["started_utc"]) - timedelta(days=number)
    head |= {"run_id": folder.name, "started_utc": began.isoformat()}
    write_lines(folder / "run.jsonl", [head, *rest])
    summary = lines(run / "summary.jsonl")
    for line in summary:
        wobble = 1.0 + 0.01 * (number % 3)
        for name in ("time_s", "low_s", "high_s"):
            line[name] = line[name] and line[name] * factor * wobble
        line["launch_s"] = [each * factor * wobble for each in line["launch_s"]]
    write_lines(folder / "summary.jsonl", summary)
    return folder


def gate(measured: Path, root: Path, stored: float, candidate: float) -> tuple[int, str]:
    """Stored runs and the candidate are the measured run by these factors."""
    for number in range(1, 13):
        copy(measured, root, number, stored)
    run = copy(measured, root, 0, candidate)
    return tool("gate", run, "--baseline", root, "--confirm", "--out", root, folder=root)


def test_a_regression_that_holds_is_1_and_one_that_does_not_is_0(
    measured: Path, tmp_path: Path
) -> None:
    status, said = gate(measured, tmp_path / "holds", stored=0.02, candidate=1.0)
    assert status == 1, said
    assert "it held" in said
    status, said = gate(measured, tmp_path / "fails", stored=50.0, candidate=2000.0)
    assert status == 0, said
    assert "it did not hold" in said
    verdict = json.loads((tmp_path / "fails" / "verdict.json").read_text())
    flagged = [each for each in verdict["findings"] if each["kind"] == "regressed"]
    assert flagged
    assert {each["confirmed"] for each in flagged} == {False}
    (again,) = (tmp_path / "fails").glob("00-*/confirm/*/summary.jsonl")
    assert len(lines(again)) == len(lines(measured / "summary.jsonl"))


def test_only_the_groups_of_what_was_flagged_are_measured_again(
    measured: Path, tmp_path: Path
) -> None:
    for number in range(1, 13):
        copy(measured, tmp_path, number, 1.0)
    run = copy(measured, tmp_path, 0, 1.0)
    summary = lines(run / "summary.jsonl")
    assert len({line["plan"]["group"] for line in summary}) > 1
    summary[0]["time_s"] *= 100.0
    write_lines(run / "summary.jsonl", summary)
    status, said = tool("gate", run, "--baseline", tmp_path, "--confirm", folder=tmp_path)
    assert status in (0, 1), said  # as busy as this machine is by now
    (again,) = run.glob("confirm/*/summary.jsonl")
    assert {line["plan"]["group"] for line in lines(again)} == {summary[0]["plan"]["group"]}


@pytest.mark.parametrize("what", ["python", "commit"])
def test_another_python_or_commit_is_not_measured_again(
    measured: Path, tmp_path: Path, what: str
) -> None:
    for number in range(1, 13):
        copy(measured, tmp_path, number, 0.02)
    run = copy(measured, tmp_path, 0, 1.0)
    head, *rest = lines(run / "run.jsonl")
    if what == "python":
        head["environment"]["python"] = "2.7"
    else:
        head["environment"]["git"] = {"commit": "0" * 40}
        _make_repository(tmp_path)
    write_lines(run / "run.jsonl", [head, *rest])
    status, said = tool("gate", run, "--baseline", tmp_path, "--confirm", folder=tmp_path)
    assert status == 2, said
    assert ("python was '2.7'" if what == "python" else f"at commit {'0' * 40}") in said
    assert not (run / "confirm").exists()


def _make_repository(folder: Path) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
