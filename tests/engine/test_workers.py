"""Worker processes: real ones that misbehave in every way, and none that outlives its parent."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.misbehaving import call
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, WorkerDied, WorkerTimeout
from xbench.keys import WorkerKey
from xbench.process.child import ChildProcess
from xbench.process.environment import (
    inherited_names,
    worker_environment,
    worker_variables,
)

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
LIMIT_S = 60.0

Start = Callable[[], ChildProcess]
Eventually = Callable[[Callable[[], bool]], bool]
State = Callable[[int], str]


def test_a_worker_answers_and_is_asked_again(start: Start) -> None:
    worker = start()
    for number in range(3):
        given = {"number": number, "text": "é\n\"'", "list": [1, None, 2.5]}
        assert call(worker, "echo", LIMIT_S, **given) == given


def test_a_reply_longer_than_a_pipe_arrives_whole(start: Start) -> None:
    text = "x" * 50_000
    assert call(start(), "echo", LIMIT_S, text=text, more=[text] * 5)["more"] == [text] * 5


def test_the_environment_is_there_before_the_start(start: Start) -> None:
    found = call(start(), "environment", LIMIT_S)
    assert found["XBENCH_TEST"] == "set at start"
    assert found["PYTHONHASHSEED"] == "0"
    assert found["MALLOC_MMAP_THRESHOLD_"] == str(4 << 30)


def test_the_users_thread_variables_do_not_reach_a_worker(tmp_path: Path) -> None:
    user = {"OMP_NUM_THREADS": "7", "OMP_WAIT_POLICY": "ACTIVE", "MALLOC_TOP_PAD_": "1", "A": "b"}
    user |= {"LANG": "C"}
    found = worker_environment({"OPENBLAS_NUM_THREADS": "1"}, "system", tmp_path, base=user)
    assert "OMP_NUM_THREADS" not in found
    assert "OMP_WAIT_POLICY" not in found
    assert "MALLOC_TOP_PAD_" not in found
    assert found["OPENBLAS_NUM_THREADS"] == "1"
    assert "A" not in found
    assert found["LANG"] == "C"
    assert found["TMPDIR"] == str(tmp_path)


def test_a_record_keeps_no_secrets_of_the_environment(tmp_path: Path) -> None:
    user = {
        "AWS_SECRET": "hidden",
        "TF_TOKEN_x": "hidden",
        "OPENBLAS_CORETYPE": "Haswell",
        "OMP_SECRET": "hidden",
        "HOME": "/home",
    }
    adapter = {"OMP_NUM_THREADS": "2"}
    environment = worker_environment(adapter, "reuse", tmp_path, base=user)
    kept = worker_variables(environment, adapter)
    assert "HOME" in inherited_names(environment, adapter)
    assert kept["OMP_NUM_THREADS"] == "2"
    assert kept["OPENBLAS_CORETYPE"] == "Haswell"
    assert "hidden" not in kept.values()
    assert "HOME" not in kept


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.setprofile(lambda *each: None)", "sys.setprofile watches every call"),
        ("import tracemalloc; tracemalloc.start()", "tracemalloc watches every call"),
    ],
)
def test_a_watched_worker_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    for name in ("scratch", "logs", "modules"):
        (tmp_path / name).mkdir()
    (tmp_path / "modules" / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    key = WorkerKey("numpy", "cpu", "eager", "1", "ieee", "reuse")
    with (
        Workers(Settings(5, tmp_path), 0, 2, lambda facts: None) as workers,
        pytest.raises(CellFailed, match=said),
    ):
        workers.get(key)


def test_threads_are_set_and_attested(tmp_path: Path) -> None:
    for name in ("scratch", "logs"):
        (tmp_path / name).mkdir()
    key = WorkerKey("numpy", "cpu", "eager", "1", "ieee", "reuse")
    with Workers(Settings(5, tmp_path), 0, 2, lambda facts: None) as workers:
        workers.get(key)
        facts = workers.facts[key]
    assert facts.attest["threads"] == 1
    assert facts.environment["OPENBLAS_NUM_THREADS"] == "1"
    assert facts.environment["MALLOC_TRIM_THRESHOLD_"] == str(8 << 30)
    assert facts.fence_ns >= 0
    assert facts.worker.id == "numpy/cpu/eager/t1"


def test_what_one_key_compiles_no_other_finds(tmp_path: Path) -> None:
    for name in ("scratch", "logs"):
        (tmp_path / name).mkdir()
    keys = [WorkerKey("numpy", "cpu", "eager", "1", "ieee", each) for each in ("reuse", "system")]
    with Workers(Settings(5, tmp_path), 0, 2, lambda facts: None) as workers:
        folders = [Path(workers.get(key).environment["TMPDIR"]) for key in keys]
        workers.discard(keys[0])
        again = Path(workers.get(keys[0]).environment["TMPDIR"])
    assert folders[0] != folders[1]
    assert again == folders[0]
    assert all(folder.is_dir() and folder.parent == tmp_path / "scratch" for folder in folders)


def test_what_a_worker_prints_goes_to_its_log(start: Start) -> None:
    worker = start()
    assert call(worker, "noise", LIMIT_S) == {"said": "enough"}
    assert call(worker, "echo", LIMIT_S, still=1) == {"still": 1}
    log = worker.log.read_text()
    assert {"noise on stdout", "noise on stderr", "noise of a child"} <= set(log.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "not json\n",
        "[1, 2]\n",
        '{"v": 99, "n": 1, "ok": {}}\n',
        '{"v": 1, "n": 77, "ok": {}}\n',
        "\n",
        '{"v": 1, "n": 1}\n',
        '{"v": 1, "n": 1, "failed": 3}\n',
        "\x00\x01\n",
    ],
)
def test_garbage_instead_of_a_reply_is_the_end_of_a_worker(
    start: Start, text: str, monkeypatch: pytest.MonkeyPatch, process_state: State
) -> None:
    monkeypatch.setattr("xbench.process.child.CLOSE_LIMIT_S", 0.2)
    worker = start()
    with pytest.raises(WorkerDied) as caught:
        call(worker, "garbage", LIMIT_S, text=text)
    assert caught.value.status == "crashed"
    assert process_state(worker.pid) == ""


@pytest.mark.parametrize(
    ("action", "arguments", "said"),
    [
        ("exit", {"status": 7}, "exit status 7"),
        ("exit", {"status": 0}, "exit status 0"),
        ("abort", {}, "SIGABRT"),
        ("segfault", {}, "SIGSEGV"),
    ],
)
def test_a_crash_says_how_it_ended(
    start: Start, action: str, arguments: dict[str, Any], said: str
) -> None:
    worker = start()
    with pytest.raises(WorkerDied, match=said) as caught:
        call(worker, action, LIMIT_S, **arguments)
    assert caught.value.status == "crashed"
    assert repr(action) in caught.value.message


def test_a_worker_that_hangs_is_killed_in_time(start: Start, process_state: State) -> None:
    worker = start()
    call(worker, "echo", LIMIT_S)
    with pytest.raises(WorkerTimeout, match="no answer to 'deaf'") as caught:
        call(worker, "deaf", 0.5)
    assert caught.value.status == "timeout"
    assert process_state(worker.pid) == ""


def test_an_exception_is_an_answer_and_the_worker_goes_on(start: Start) -> None:
    worker = start()
    with pytest.raises(CellFailed, match="ZeroDivisionError: of a framework") as caught:
        call(worker, "wrong", LIMIT_S)
    assert caught.value.status == "crashed"
    assert call(worker, "echo", LIMIT_S, alive=1) == {"alive": 1}


@ON_LINUX
def test_a_worker_without_memory_says_so_and_goes_on(start: Start) -> None:
    worker = start()
    with pytest.raises(CellFailed) as caught:
        call(worker, "memory", LIMIT_S)
    assert caught.value.status == "oom"
    assert call(worker, "echo", LIMIT_S, alive=1) == {"alive": 1}


@ON_LINUX
def test_an_idle_worker_is_stopped_and_wakes_for_the_next_call(
    start: Start, eventually: Eventually, process_state: State
) -> None:
    worker = start()
    for _ in range(3):
        call(worker, "echo", LIMIT_S)
        assert eventually(lambda: process_state(worker.pid) == "T")


def test_a_worker_killed_from_outside_is_noticed(start: Start) -> None:
    worker = start()
    call(worker, "echo", LIMIT_S)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        call(worker, "echo", LIMIT_S)
    with pytest.raises(WorkerDied, match="had ended before 'echo'"):
        call(worker, "echo", LIMIT_S)
    worker.kill()
    worker.close()
