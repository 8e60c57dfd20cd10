"""A run that is killed at any moment is taken up again: nothing lost, nothing measured twice."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers.places import ROOT
from xbench.analysis.summary import summarise
from xbench.records.read import read_run

KILLS, LAUNCHES, GROUPS = 10, 7, 4
FEW = 5
SWEEP = ["--preset", "smoke", "--backend", "numpy", "--launches", str(LAUNCHES), "--rounds", "7"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "xbench", "run", "--no-report", *arguments]


def resume(run: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--resume", str(run), *options),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> None:
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def await_growth(process: subprocess.Popen[bytes], journal: Path) -> None:
    """Return when the run has added to its journal, or has ended."""
    size = journal.stat().st_size
    while journal.stat().st_size == size and process.poll() is None:
        time.sleep(0.005)


def journal_of(root: Path) -> Path:
    """The journal of the run that has just begun, once its first line is there."""
    while not (found := list(root.glob("*/run.jsonl"))) or b"\n" not in found[0].read_bytes():
        time.sleep(0.02)
    return found[0]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed once as soon as it had begun, and has measured little or nothing."""
    root = tmp_path_factory.mktemp("killed")
    process = subprocess.Popen(
        command(*SWEEP, "--out", str(root)), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    journal = journal_of(root)
    kill_after(process, 0.5)
    return journal


def test_ten_kills_lose_nothing_and_repeat_nothing(killed: Path) -> None:
    """Every other time it is killed while it starts, else soon after it has added something."""
    chance = random.Random(8)
    for kill in range(KILLS):
        process = subprocess.Popen(
            command("--resume", str(killed)), cwd=ROOT, stderr=subprocess.DEVNULL
        )
        if kill % 2:
            await_growth(process, killed)
        kill_after(process, chance.uniform(0.0, 0.3))
        read_run(killed)  # readable after every one
    held = Counter((line.group, line.launch) for line in read_run(killed).groups)
    done = resume(killed)
    assert done.returncode == 0, done.stderr
    run = read_run(killed)
    times = Counter((line.group, line.launch) for line in run.groups)
    assert set(times.values()) == {1}
    assert held <= times
    assert len(run.ceilings) == 1
    groups = {cell.group for cell in run.header.cells if cell.status is None}
    assert set(times) == {(group, launch) for group in groups for launch in range(LAUNCHES)}
    cells = [cell.id for line in run.groups for cell in line.cells]
    assert Counter(cells) == {cell.id: LAUNCHES for cell in run.header.cells if cell.status is None}


def test_a_complete_run_is_not_taken_up(killed: Path) -> None:
    done = resume(killed)
    assert done.returncode == 2
    assert "is complete" in done.stderr


def test_a_run_that_is_being_measured_is_not_taken_up(killed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run.jsonl"
    copy.write_bytes(killed.read_bytes().splitlines(keepends=True)[0])
    with copy.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = resume(copy)
    assert done.returncode == 2
    assert "another process is measuring" in done.stderr
    assert os.listdir(tmp_path) == ["run.jsonl"]


def test_a_dry_run_of_the_rest_measures_nothing(killed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run.jsonl"
    copy.write_bytes(killed.read_bytes().splitlines(keepends=True)[0])
    done = resume(copy, "--dry-run")
    assert done.returncode == 0
    assert "0 groups measured already" in done.stdout
    assert copy.read_bytes().count(b"\n") == 1


def test_a_torn_last_line_is_cut_and_measured_again(killed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run" / "run.jsonl"
    copy.parent.mkdir()
    lines = killed.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["type"] != "footer"]
    copy.write_bytes(b"".join(kept)[:-100])
    before = [line for line in kept if json.loads(line)["type"] == "group"]
    done = resume(copy)
    assert done.returncode == 0, done.stderr
    run = read_run(copy)
    assert len(run.groups) == len(before)
    assert max(Counter((line.group, line.launch) for line in run.groups).values()) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("plan_hash", "0" * 16, "the plan of"),
        ("environment", {}, "machine_key was None"),
        ("xbench_version", "0.0.0", "xbench was 0.0.0"),
    ],
)
def test_another_plan_or_machine_is_refused(
    killed: Path, tmp_path: Path, field: str, value: object, said: str
) -> None:
    copy = tmp_path / "run.jsonl"
    header = json.loads(killed.read_bytes().splitlines()[0])
    copy.write_text(json.dumps(header | {field: value}) + "\n")
    done = resume(copy)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert copy.read_bytes().count(b"\n") == 1
    assert os.listdir(tmp_path) == ["run.jsonl"]


def test_what_the_budget_left_out_is_measured_on_resuming(tmp_path: Path) -> None:
    short = subprocess.run(
        command(*SWEEP, "--launches", str(FEW), "--budget", "2s", "--out", str(tmp_path)),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert "not reached: " in short.stderr
    journal = journal_of(tmp_path)
    run = read_run(journal)
    assert run.footer is not None
    assert run.footer.outcome == "budget"
    assert run.notes == ["its time was over before all launches were done"]
    missing = [cell for cell in summarise(run) if cell.status == "skipped"]
    assert all(cell.reason.startswith("left out by the budget; ") for cell in missing)
    assert len(run.groups) < GROUPS * FEW
    assert resume(journal).returncode == 0
    whole = read_run(journal)
    assert whole.complete
    assert len(whole.groups) == GROUPS * FEW
    assert {cell.status for cell in summarise(whole)} <= {"ok", "unstable"}


def test_only_what_xbench_run_measured_is_taken_up(killed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run.jsonl"
    header = json.loads(killed.read_bytes().splitlines()[0])
    copy.write_text(json.dumps(header | {"command": ["pytest"]}) + "\n")
    done = resume(copy)
    assert done.returncode == 2
    assert "was not measured by `xbench run`" in done.stderr
