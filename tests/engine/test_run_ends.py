"""However a run ends, no process of it stays behind, and what it measured is taken up again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from helpers.places import HELPERS
from xbench.process.child import ROOT
from xbench.records.read import read_run

DEADLY = str(HELPERS / "deadly.py")
LAUNCHES = 5
TINY = (
    "--suite",
    DEADLY,
    "--op",
    "harmless",
    "--preset",
    "smoke",
    "--backend",
    "numpy",
    "--rounds",
    "7",
    "--launches",
    str(LAUNCHES),
)
LIMIT_S = 120.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


def heed_signals() -> None:
    """What `nohup` and shells set to be ignored, children ignore as well."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Started:
    """A run in a process of its own, which its descendants can be told by."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.mark = token_hex(8)
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xbench", "run", "--no-report", *arguments, *self._given()],
            cwd=folder,
            env=environment | {"XBENCH_TEST_MARK": self.mark},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,  # noqa: PLW1509
        )

    def _given(self) -> tuple[str, str]:
        """Workers have the mark, too."""
        return "--env", f"XBENCH_TEST_MARK={self.mark}"

    def await_groups(self, count: int) -> Path:
        """Return the run's folder when it has measured so many groups, or none but has begun."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            for journal in self.folder.glob("xbench-results/*/run.jsonl"):
                lines = journal.read_bytes().split(b"\n")[:-1]
                if lines and sum(b'"type":"group"' in line for line in lines) >= count:
                    return journal.parent
            time.sleep(0.01)
        raise AssertionError(f"the run ended early: {self.process.communicate()[1]}")

    def kill(self) -> None:
        """End it, whatever became of the test."""
        self.process.kill()
        self.process.communicate()

    def ended(self) -> tuple[int, str]:
        """Its exit status and what it said, once it has ended."""
        _, said = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, said

    def left_behind(self) -> list[int]:
        """Processes with the run's mark."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (place / "environ").read_bytes()
                state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if marked and state != "Z":
                found.append(int(place.name))
        return found


Begin = Callable[..., Started]
Eventually = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def begin(tmp_path: Path, checkout: dict[str, str]) -> Iterator[Begin]:
    """Starts runs, of the tiny sweep unless arguments say another."""
    started: list[Started] = []

    def one(*arguments: str) -> Started:
        started.append(Started(tmp_path, checkout, *(arguments or TINY)))
        return started[-1]

    yield one
    for each in started:
        each.kill()


def resume(folder: Path, begin: Begin) -> None:
    """Take a run up; it must end complete, with each launch once."""
    status, said = begin("--resume", str(folder)).ended()
    assert status == 0, said
    run = read_run(folder)
    assert run.complete
    assert sorted(line.launch for line in run.groups) == list(range(LAUNCHES))
    assert not (folder / "scratch").exists()


@pytest.mark.parametrize(
    ("how", "groups"),
    [("SIGINT", 1), ("SIGTERM", 0), ("SIGHUP", 2), ("SIGKILL", 0), ("SIGKILL", 1)],
)
def test_a_signal_leaves_no_process_and_a_run_that_goes_on(
    begin: Begin, eventually: Eventually, how: str, groups: int
) -> None:
    started = begin()
    folder = started.await_groups(groups)
    assert eventually(lambda: len(started.left_behind()) >= 3)  # itself, its watcher, a worker
    started.process.send_signal(signal.Signals[how])
    if how == "SIGTERM":  # as `timeout` does, which tells the process and then its group
        started.process.send_signal(signal.SIGTERM)
    status, said = started.ended()
    assert status == (-signal.SIGKILL if how == "SIGKILL" else 130), said
    assert "Traceback" not in said
    assert eventually(lambda: started.left_behind() == [])
    run = read_run(folder)
    assert len(run.groups) >= groups
    tidied = how != "SIGKILL"
    assert (run.footer is not None and run.footer.outcome == "interrupted") == tidied
    assert (folder / "scratch").exists() != tidied
    resume(folder, begin)


LOST = """
import os, signal, time
from xbench.cli.measuring import end_cleanly_on_signals
end_cleanly_on_signals()
class Old:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(10))
old = Old()
try:
    del old
    time.sleep(60)
except KeyboardInterrupt:
    print("ended")
"""


def test_a_signal_that_comes_while_an_object_is_destroyed_is_not_lost() -> None:
    """Python drops what is raised there: the run would go on to its end."""
    done = subprocess.run(
        [sys.executable, "-c", LOST],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_a_folder_that_is_deleted_meanwhile_is_there_again(
    begin: Begin, eventually: Eventually
) -> None:
    started = begin()
    folder = started.await_groups(2)
    while folder.exists() and started.process.poll() is None:  # it makes files meanwhile
        shutil.rmtree(folder, ignore_errors=True)
    status, said = started.ended()
    assert status == 2
    assert f"{folder} was deleted while it was measured; what was measured is in" in said
    assert "Traceback" not in said
    assert eventually(lambda: started.left_behind() == [])
    assert len(read_run(folder).groups) >= 2
    resume(folder, begin)


def test_a_folder_that_is_moved_meanwhile_goes_on_where_it_is(begin: Begin, tmp_path: Path) -> None:
    started = begin()
    folder = started.await_groups(2)
    there = folder.rename(tmp_path / "elsewhere")
    status, said = started.ended()
    assert status == 2
    assert f"{folder} was moved while it was measured" in said
    assert "Traceback" not in said
    assert not folder.exists()
    assert len(read_run(there).groups) >= 2
    resume(there, begin)


SMALL_DISK = """
set -e
mount -t tmpfs -o size=400k none disk
cp "$1" disk/ballast 2>/dev/null || true
status=0; "$2" -m xbench run --no-report --out disk/results $3 || status=$?
cp disk/results/*/run.jsonl torn.jsonl
mount -o remount,size=64m disk
"$2" -m xbench run --no-report --resume disk/results/*/
cp disk/results/*/run.jsonl whole.jsonl
exit $status
"""


def test_a_disk_that_is_really_full(tmp_path: Path, checkout: dict[str, str]) -> None:
    """A file system of 400 kB, most of it taken."""
    allowed = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    if allowed.returncode != 0:
        pytest.skip("no file system may be mounted here")
    (tmp_path / "disk").mkdir()
    (tmp_path / "ballast").write_bytes(bytes(370_000))
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            SMALL_DISK,
            "sh",
            str(tmp_path / "ballast"),
            sys.executable,
            " ".join([*TINY[:-1], "12"]),
        ],
        cwd=tmp_path,
        env=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    torn, whole = read_run(tmp_path / "torn.jsonl"), read_run(tmp_path / "whole.jsonl")
    assert not torn.complete
    assert whole.complete
    assert [line.launch for line in whole.groups] == list(range(12))
    assert whole.groups[: len(torn.groups)] == torn.groups
    assert {cell.status for line in whole.groups for cell in line.cells} == {"ok"}


def test_a_link_in_place_of_the_journal_is_not_written_through(
    begin: Begin, tmp_path: Path
) -> None:
    started = begin()
    folder = started.await_groups(1)
    started.process.send_signal(signal.SIGINT)
    started.ended()
    target = (folder / "run.jsonl").rename(tmp_path / "target")
    before = target.read_bytes()
    os.symlink(target, folder / "run.jsonl")
    status, said = begin("--resume", str(folder)).ended()
    assert status == 2
    assert "a journal is a plain file" in said
    assert target.read_bytes() == before


def test_links_in_place_of_its_folders_lead_nowhere(begin: Begin, tmp_path: Path) -> None:
    """Whoever may write to the results could send scratch files, logs and the report elsewhere."""
    started = begin()
    folder = started.await_groups(1)
    started.process.send_signal(signal.SIGINT)
    started.ended()
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "index.html").write_text("mine")
    for name in ("scratch", "logs", "report"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).symlink_to(victim)
    resume(folder, begin)
    assert not (folder / "logs").is_symlink()
    done = subprocess.run(
        [sys.executable, "-m", "xbench", "report", str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "report is a link to" in done.stderr
    assert [each.name for each in victim.iterdir()] == ["index.html"]
    assert (victim / "index.html").read_text() == "mine"
