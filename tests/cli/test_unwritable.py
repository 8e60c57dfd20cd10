"""Where nothing can be written, or no more: one message, what to do about it, no traceback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.made_runs import families, write_run
from helpers.places import HELPERS
from xbench.records.read import read_run

DEADLY = str(HELPERS / "deadly.py")
TINY = ("--suite", DEADLY, "--op", "harmless", "--preset", "smoke", "--backend", "numpy")
FULL_BYTES = 12_000
"""More than the inputs of a tiny product and a launch's line, less than a journal of many."""


def xbench(
    folder: Path, environment: dict[str, str], *arguments: str, full: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command; `full`: no file may grow beyond `FULL_BYTES`."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES))

    return subprocess.run(
        [sys.executable, "-m", "xbench", *arguments],
        cwd=folder,
        env=environment,
        preexec_fn=limit if full else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder in which nothing can be made, not even by root where there is /proc."""
    if os.geteuid() == 0:
        if not Path("/proc/self").exists():
            pytest.skip("root may write everywhere")
        return Path("/proc")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    return folder


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """Exit status 2, one message with a hint, no traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("xbench: ") == 1
    for text in (*said, "Hint: "):
        assert text in done.stderr


def test_a_run_in_a_folder_that_cannot_be_written(closed: Path, checkout: dict[str, str]) -> None:
    done = xbench(closed, checkout, "run", "--preset", "smoke", "--backend", "numpy")
    refused(done, "cannot write results to xbench-results", "--out")
    assert done.stdout == ""


def test_a_run_from_such_a_folder_goes_where_it_is_told(
    closed: Path, tmp_path: Path, checkout: dict[str, str]
) -> None:
    done = xbench(closed, checkout, "run", *TINY, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "out").iterdir()
    assert (folder / "report" / "index.html").exists()


def test_a_report_that_cannot_be_written(
    closed: Path, tmp_path: Path, checkout: dict[str, str]
) -> None:
    run = write_run(tmp_path / "run", families(1, (512,)))
    done = xbench(closed, checkout, "report", str(run), "--out", "report")
    refused(done, "cannot write the report to report", "--out")
    assert done.stdout == ""
    (tmp_path / "file").touch()
    done = xbench(tmp_path, checkout, "report", "run", "--out", "file")
    refused(done, "cannot write the report to file", "--out")


def test_a_cache_that_cannot_be_written_costs_nothing(
    closed: Path, tmp_path: Path, checkout: dict[str, str]
) -> None:
    environment = checkout | {"XDG_CACHE_HOME": str(closed)}
    done = xbench(tmp_path, environment, "run", *TINY, "--no-report")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (folder,) = (tmp_path / "xbench-results").iterdir()
    (ceilings,) = read_run(folder).ceilings
    assert not ceilings.cached


def test_a_disk_that_fills_leaves_a_run_that_goes_on_later(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    many = ("--launches", "9", "--rounds", "7", "--no-report")
    done = xbench(tmp_path, checkout, "run", *TINY, *many, full=True)
    (folder,) = (tmp_path / "xbench-results").iterdir()
    refused(done, f"cannot write {folder / 'run.jsonl'}", f"xbench run --resume {folder}")
    run = read_run(folder)
    assert run.groups
    assert not run.complete
    assert not (folder / "scratch").exists()
    before = (folder / "run.jsonl").read_bytes()
    whole = before[: before.rindex(b"\n") + 1]
    done = xbench(tmp_path, checkout, "run", "--resume", str(folder), "--no-report")
    assert done.returncode == 0, done.stderr
    assert (folder / "run.jsonl").read_bytes().startswith(whole)
    assert read_run(folder).complete
    assert len(read_run(folder).groups) == 9
