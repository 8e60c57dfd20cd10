"""How processes end: none outlives its parent, and nothing of them is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from helpers.misbehaving import call
from helpers.places import TESTS
from xbench.errors import WorkerDied, WorkerTimeout
from xbench.process.child import ChildProcess, Watcher

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
LIMIT_S = 60.0
Start = Callable[[], ChildProcess]
Eventually = Callable[[Callable[[], bool]], bool]
State = Callable[[int], str]


@ON_LINUX
@pytest.mark.parametrize("how", ["closed", "crashed"])
def test_ending_a_worker_ends_what_it_started(
    start: Start, how: str, eventually: Eventually, process_state: State
) -> None:
    worker = start()
    child = call(worker, "child", LIMIT_S)["pid"]
    if how == "closed":
        worker.close()
    else:
        with pytest.raises(WorkerDied):
            call(worker, "abort", LIMIT_S)
    assert eventually(lambda: process_state(child) in ("", "Z"))


@ON_LINUX
def test_starting_and_closing_leaks_nothing(start: Start, process_state: State) -> None:
    start().close()
    before = len(os.listdir("/proc/self/fd"))
    workers = [start() for _ in range(20)]
    for number, worker in enumerate(workers):
        assert call(worker, "echo", LIMIT_S, n=number) == {"n": number}
    for worker in workers:
        worker.close()
        assert process_state(worker.pid) == ""
    assert len(os.listdir("/proc/self/fd")) == before


PARENT = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from helpers.misbehaving import call
from xbench.process.environment import worker_environment
from xbench.process.child import ChildProcess
here = Path(sys.argv[1])
environment = worker_environment({}, "reuse", here) | {"PYTHONPATH": sys.argv[2]}
role, log = "helpers.misbehaving:main", here / "orphan.log"
workers = [ChildProcess(role, {}, environment, log) for _ in range(3)]
for worker in workers:
    call(worker, "echo", 60.0)
print(json.dumps([worker.pid for worker in workers]), flush=True)
{end}
"""


@ON_LINUX
@pytest.mark.parametrize("end", ["killed", "ended"])
def test_no_worker_outlives_its_parent_even_stopped(
    tmp_path: Path, end: str, checkout: dict[str, str], eventually: Eventually, process_state: State
) -> None:
    last = "time.sleep(600)" if end == "killed" else "import os; os._exit(0)"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("{end}", last), str(tmp_path), str(TESTS)],
        stdout=subprocess.PIPE,
        env=checkout,
        text=True,
    )
    assert parent.stdout is not None
    pids: list[int] = json.loads(parent.stdout.readline())
    if end == "killed":
        assert all(eventually(lambda pid=pid: process_state(pid) == "T") for pid in pids)  # type: ignore[misc]
        parent.kill()
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: all(process_state(pid) in ("", "Z") for pid in pids))


@ON_LINUX
def test_what_a_worker_started_does_not_outlive_a_killed_parent(
    tmp_path: Path, checkout: dict[str, str], eventually: Eventually, process_state: State
) -> None:
    """The kernel ends the worker; its compilers are ended by the watcher."""
    last = 'print(call(workers[0], "child", 60.0)["pid"], flush=True); time.sleep(600)'
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("{end}", last), str(tmp_path), str(TESTS)],
        stdout=subprocess.PIPE,
        env=checkout,
        text=True,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    child = int(parent.stdout.readline())
    assert process_state(child) not in ("", "Z")
    parent.kill()
    parent.communicate()
    assert eventually(lambda: process_state(child) in ("", "Z"))


FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.fixture
def frozen_group() -> Iterator[Path]:
    """A control group whose processes, once frozen, not even SIGKILL ends: they wait in the kernel
    and cannot be interrupted, as for a disk that does not answer."""
    folder = FREEZER / f"xbench-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no group can be frozen here: {error.strerror}")
    yield folder
    (folder / "freezer.state").write_text("THAWED")
    deadline = time.monotonic() + LIMIT_S
    while folder.exists() and time.monotonic() < deadline:
        with suppress(OSError):  # busy until its processes have ended
            folder.rmdir()


@ON_LINUX
def test_a_worker_that_cannot_even_be_killed_is_left_behind(
    start: Start, frozen_group: Path, monkeypatch: pytest.MonkeyPatch, process_state: State
) -> None:
    monkeypatch.setattr("xbench.process.child.END_LIMIT_S", 0.5)
    worker = start()
    call(worker, "echo", LIMIT_S)
    (frozen_group / "cgroup.procs").write_text(str(worker.pid))
    (frozen_group / "freezer.state").write_text("FROZEN")
    with pytest.raises(WorkerTimeout, match="has not ended: the kernel holds it"):
        call(worker, "echo", 0.5)
    assert process_state(worker.pid) in ("D", "T")
    with pytest.raises(WorkerDied, match="the worker had ended before 'echo'; killed, process"):
        call(worker, "echo", LIMIT_S)
    (frozen_group / "freezer.state").write_text("THAWED")
    worker._process.wait(LIMIT_S)


@ON_LINUX
def test_a_worker_that_does_not_stand_still_is_ended(
    start: Start, monkeypatch: pytest.MonkeyPatch, process_state: State
) -> None:
    monkeypatch.setattr("xbench.process.child.END_LIMIT_S", 0.2)
    worker = start()
    monkeypatch.setattr(worker, "_signal", lambda number: None)
    assert call(worker, "echo", LIMIT_S, n=1) == {"n": 1}
    assert process_state(worker.pid) == ""
    with pytest.raises(WorkerDied, match="its threads did not stand still within"):
        call(worker, "echo", LIMIT_S)


def test_the_watcher_ends_what_is_listed_when_its_writer_dies() -> None:
    sleeps = [
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
        )
        for _ in range(3)
    ]
    watcher = Watcher()
    try:
        for each in sleeps:
            watcher.add(each.pid)
        os.kill(sleeps[0].pid, signal.SIGSTOP)
        watcher.remove(sleeps[2].pid)
        watcher.close()
        assert [each.wait(LIMIT_S) for each in sleeps[:2]] == [-signal.SIGKILL] * 2
        assert sleeps[2].poll() is None
    finally:
        for each in sleeps:
            each.kill()
            each.wait()


@ON_LINUX
def test_a_call_that_is_interrupted_ends_the_worker_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch, process_state: State
) -> None:
    """Its reply may still come, and would be taken for the next request's."""
    worker = start()

    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xbench.process.channel.Channel.ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call(worker, "echo", LIMIT_S)
    assert process_state(worker.pid) == ""
