"""Workers that fail in the middle of timing, for real: each has its status, the others go on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.measuring import Measured, measure
from helpers.places import HELPERS
from xbench.records.read import read_run
from xbench.records.schema import CellLine

FAULTS = str(HELPERS / "faults.py")
BOTH = ("numpy", "second")
MEASURED = {"ok", "imprecise"}
ENDED = {
    "segfaults": ("crashed", "the worker ended during 'burst': SIGSEGV"),
    "aborts": ("crashed", "SIGABRT"),
    "ends": ("crashed", "exit status 0"),
    "complains": ("crashed", r"ArithmeticError: a name: b\?"),
    "hangs_in_c": ("timeout", "no answer to 'burst' within 4 s"),
    "stands_still": ("timeout", "no answer to 'burst' within 4 s"),
    "garbles": ("crashed", "answered 'burst' with an invalid reply"),
    "nests": ("crashed", "answered 'burst' with an invalid reply: nested too deep"),
    "floods": ("crashed", "answered 'burst' with more than 16.8 MB"),
    "speaks_wrong": ("crashed", r"an invalid reply: Expected `int`, got `str` - at `\$\[0\]`"),
    "lies": ("invalid", "a burst took 16 min 40 s by the worker's clock"),
    "never_settles": ("invalid", "in 5 bursts one after another: the machine slept for 3 s"),
}
JUMPED = {
    "suspended": "the machine slept for 3 s",
    "clock_set_back": "the wall clock went back by 60 min 0 s",
}
UNHARMED = ("unharmed", "noisy", *JUMPED)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, /proc and CLOCK_BOOTTIME")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Every fault on NumPy beside an honest twin, in one launch."""
    folder = tmp_path_factory.mktemp("faults")
    return measure(folder, (*ENDED, *UNHARMED), BOTH, suite=FAULTS)


def line_of(measured: Measured, op: str) -> CellLine:
    """The journal's line of an op on NumPy."""
    lines = (line for group in measured[0].groups for line in group.cells)
    return next(line for line in lines if line.id.startswith(f"{op}/") and "/numpy/" in line.id)


@pytest.mark.parametrize("op", ENDED)
def test_its_status_says_how_it_ended(measured: Measured, op: str) -> None:
    cell = measured[1][op, "numpy"]
    status, said = ENDED[op]
    assert cell.status == status, cell.reason
    assert re.search(said, cell.reason), cell.reason
    assert len(cell.reason) < 3000
    assert cell.time_s is None
    assert line_of(measured, op).timed.wall_ns == []


@pytest.mark.parametrize("op", ENDED)
def test_the_twin_beside_it_is_measured(measured: Measured, op: str) -> None:
    assert measured[1][op, "second"].status in MEASURED, measured[1][op, "second"].reason


@pytest.mark.parametrize("op", UNHARMED)
def test_what_only_disturbs_is_measured(measured: Measured, op: str) -> None:
    assert measured[1][op, "numpy"].status in MEASURED, measured[1][op, "numpy"].reason


@pytest.mark.parametrize("op", JUMPED)
def test_a_burst_in_which_a_clock_jumped_is_measured_again_and_noted(
    measured: Measured, op: str
) -> None:
    (group,) = [group for group in measured[0].groups if group.group.startswith(f"{op}/")]
    assert isinstance(group.jumps, list)
    assert len(group.jumps) == 1
    assert JUMPED[op] in group.jumps[0]
    assert any("bursts were measured again" in note for note in measured[0].notes)


def test_the_sweep_ended_by_itself_and_its_journal_is_whole(measured: Measured) -> None:
    run = measured[0]
    assert run.complete
    assert len(run.groups) == len(ENDED) + len(UNHARMED)
    assert len(read_run(run.journal).groups) == len(run.groups)
    log = next(run.folder.glob("logs/numpy*.log")).read_bytes()
    assert b"noise of a child" in log


def xbench(
    folder: Path, checkout: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xbench", "run", "--no-report", *arguments],
        cwd=folder,
        env=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_stops_the_run_and_fails_no_cell(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    (tmp_path / "full").touch()
    two = ("--op", "unharmed", "fills_the_disk", "--backend", "numpy", "--preset", "smoke")
    given = f"XBENCH_TEST_FULL={tmp_path / 'full'}"
    full = xbench(tmp_path, checkout, "--suite", FAULTS, *two, "--rounds", "7", "--env", given)
    assert full.returncode == 2, full.stderr
    assert "xbench: /cache/kernel.so: No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    (folder,) = (tmp_path / "xbench-results").iterdir()
    run = read_run(folder)
    assert {cell.status for group in run.groups for cell in group.cells} <= {"ok"}
    (tmp_path / "full").unlink()
    done = xbench(tmp_path, checkout, "--resume", str(folder))
    assert done.returncode == 0, done.stderr
    whole = read_run(folder)
    assert whole.complete
    assert len(whole.groups) == 2
    assert {cell.status for group in whole.groups for cell in group.cells} == {"ok"}
