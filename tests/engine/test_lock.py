"""One run at a time on a machine: who waits, who does not, and what is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.places import HELPERS
from xbench.doctor.sharing_findings import other_run
from xbench.machine.lock import MachineLease, lock_holder, one_at_a_time
from xbench.records.read import read_run

DEADLY = str(HELPERS / "deadly.py")
TINY = ("--suite", DEADLY, "--op", "harmless", "--preset", "smoke", "--backend", "numpy")
HOLD = """
import sys
from xbench.doctor.sharing_findings import other_run
from xbench.machine.lock import one_at_a_time
with one_at_a_time(["xbench", "run", "--preset", "full"], True, print):
    print("held", flush=True)
    sys.stdin.read()
"""
ASK = """
from xbench.doctor.sharing_findings import other_run
from xbench.machine.lock import one_at_a_time
with one_at_a_time(["xbench"], True, print) as lease:
    print(lease)
"""
Hold = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lock of this test's machine lies."""
    file = tmp_path / "machine.lock"
    monkeypatch.setenv("XBENCH_LOCK", str(file))
    return file


@pytest.fixture
def hold(place: Path, checkout: dict[str, str]) -> Iterator[Hold]:
    """Starts a process that holds the lock until it is killed."""
    started: list[subprocess.Popen[str]] = []

    def one() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD],
            env=checkout | {"XBENCH_LOCK": str(place)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def quiet(text: str) -> None:
    raise AssertionError(f"nothing was to be said, but: {text}")


def test_a_free_machine_is_had_at_once_and_signed(place: Path) -> None:
    assert lock_holder() is None
    with one_at_a_time(["xbench", "run"], True, quiet) as lease:
        assert lease == MachineLease(unlocked=False, waited=False)
        mine = lock_holder()
        assert mine is not None
        assert (mine.pid, mine.command) == (os.getpid(), "xbench run")
        assert place.stat().st_mode & 0o666 == 0o666
    assert lock_holder() is None


def test_the_second_waits_is_told_for_whom_and_goes_on_when_the_first_dies(hold: Hold) -> None:
    first = hold()
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        first.kill()

    with one_at_a_time(["xbench", "ab"], True, say) as lease:
        assert lease == MachineLease(unlocked=False, waited=True)
        mine = lock_holder()
    assert len(told) == 1
    for part in (f"process {first.pid} of ", ", since 20", "xbench run --preset full", "--no-lock"):
        assert part in told[0]
    assert mine is not None
    assert mine.pid == os.getpid()


def test_what_a_killed_holder_left_is_no_lock(hold: Hold, place: Path) -> None:
    first = hold()
    first.kill()
    first.wait()
    assert json.loads(place.read_text())["pid"] == first.pid
    with one_at_a_time(["xbench"], True, quiet) as lease:
        assert not lease.waited


def test_whoever_the_holder_started_does_not_wait_for_it(
    place: Path, checkout: dict[str, str]
) -> None:
    with one_at_a_time(["pytest"], True, quiet):
        done = subprocess.run(
            [sys.executable, "-c", ASK],
            env=checkout | {"XBENCH_LOCK": str(place)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        with one_at_a_time(["xbench"], True, quiet) as again:
            assert not again.unlocked
    assert done.stdout == "MachineLease(unlocked=False, waited=True)\n"


@pytest.mark.parametrize("said", ["", "{", "[1]", '{"pid": "x"}', "\xff\x00", '{"pid": 1}'])
def test_a_holder_that_says_nonsense_is_waited_for_all_the_same(
    hold: Hold, place: Path, said: str
) -> None:
    first = hold()
    place.write_bytes(said.encode("latin-1"))
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        first.kill()

    with one_at_a_time(["xbench"], True, say):
        pass
    assert "the holder is unknown" in told[0]


def test_another_machines_process_numbers_are_not_ours(hold: Hold, place: Path) -> None:
    """The lock of a container that shares the folder: its process 1 is not the one that started
    us."""
    first = hold()
    place.write_text(
        json.dumps(json.loads(place.read_text()) | {"pid": os.getpid(), "pid_namespace": "x"})
    )
    with one_at_a_time(["xbench"], True, lambda text: first.kill()) as lease:
        assert lease.waited


def test_the_doctor_says_who_measures(hold: Hold) -> None:
    assert other_run(lock_holder()).level == "ok"
    first = hold()
    found = other_run(lock_holder())
    assert (found.level, found.command) == ("warning", f"kill {first.pid}")
    assert "xbench run --preset full" in found.seen


def test_without_the_lock_it_is_said_beside_whom(hold: Hold) -> None:
    first = hold()
    told: list[str] = []
    with one_at_a_time(["xbench"], False, told.append) as lease:
        assert lease.unlocked
    assert f"beside process {first.pid}" in told[0]


@pytest.mark.parametrize("what", ["folder", "link", "pipe", "nowhere"])
def test_where_no_lock_can_be_had_it_is_said_and_marked(place: Path, what: str) -> None:
    victim = place.with_name("victim")
    victim.write_text("mine")
    if what == "folder":
        place.mkdir()
    elif what == "link":
        place.symlink_to(victim)
    elif what == "pipe":
        os.mkfifo(place)
    else:
        os.environ["XBENCH_LOCK"] = str(place / "not" / "there")
    told: list[str] = []
    with one_at_a_time(["xbench"], True, told.append) as lease:
        assert lease.unlocked
    assert told[0].startswith("cannot open the lock file ")
    assert victim.read_text() == "mine"


def test_a_run_beside_another_waits_or_is_marked(
    hold: Hold, tmp_path: Path, checkout: dict[str, str], place: Path
) -> None:
    first = hold()
    command = [sys.executable, "-m", "xbench", "run", *TINY, "--launches", "1"]
    environment = checkout | {"XBENCH_LOCK": str(place)}
    waiting = subprocess.Popen(
        [*command, "--no-report", "--out", "waited"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert f"xbench: waiting for another run on this machine: process {first.pid}" in (
        waiting.stderr.readline()
    )
    assert not (tmp_path / "waited").exists()
    marked = subprocess.run(
        [*command, "--no-lock", "--out", "marked"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert marked.returncode == 0, marked.stderr
    (run,) = (tmp_path / "marked").iterdir()
    assert [line.unlocked for line in read_run(run).groups] == [True]
    note = "1 of 1 groups were measured without the lock of this machine"
    assert note in (run / "report" / "index.html").read_text()
    first.kill()
    waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    (run,) = (tmp_path / "waited").iterdir()
    assert read_run(run).notes == []
