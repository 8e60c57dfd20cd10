"""`xbench doctor`, end to end on this machine: what it prints, its exit status, its workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xbench import files
from xbench.doctor.backend_findings import (
    ask_workers,
    attested,
    failed,
    installed,
    none_works,
    unreadable,
)
from xbench.doctor.examine import examine
from xbench.doctor.finding import Examination, Finding, Level, as_data, as_text, counts, summary
from xbench.machine import cgroup, live_state
from xbench.machine.machine import this_machine
from xbench.registry import load_backend

Doctor = Callable[..., subprocess.CompletedProcess[str]]
WIDTH = 100


@pytest.fixture
def doctor(tmp_path: Path, checkout: dict[str, str]) -> Doctor:
    """Runs `xbench doctor` in an empty folder, with variables added to the environment."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "xbench", "doctor", *arguments],
            cwd=tmp_path,
            env=checkout | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def by_topic(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["topic"]: finding for finding in data["findings"]}


def an(level: Level, topic: str = "thing") -> Finding:
    return Finding(topic, level, f"seen {topic}", f"why {topic}", f"do {topic}:", f"run {topic}")


def facts(**attest: Any) -> dict[str, Any]:
    return {"version": "1.2.3", "threads": 4, "device_name": "cpu"} | attest


def test_it_examines_this_machine_and_changes_nothing(doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("--no-workers")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert this_machine().cpu in lines[0]
    for topic in ("load average", "other processes", "free memory", "clock", "disk", "numpy"):
        assert any(
            line.split("  ", 1)[1].strip().startswith(topic) for line in lines if "  " in line
        )
    assert done.returncode == (3 if any(line.startswith("problem") for line in lines) else 0)
    assert " ok: " in lines[-1]
    assert list(tmp_path.iterdir()) == []


def test_json_holds_every_finding_worst_first(doctor: Doctor) -> None:
    done = doctor("--no-workers", "--json", OPENBLAS_CORETYPE="Prescott", OMP_NUM_THREADS="7")
    data = json.loads(done.stdout)
    assert data["exit_status"] == done.returncode
    order = ["problem", "warning", "note", "ok"]
    levels = [order.index(finding["level"]) for finding in data["findings"]]
    assert levels == sorted(levels)
    assert data["level"] == order[levels[0]]
    found = by_topic(data)
    assert found["OpenBLAS kernel"]["level"] == "warning"
    assert found["OpenBLAS kernel"]["command"] == "unset OPENBLAS_CORETYPE"
    assert found["dropped variables"]["values"]["names"][-1] == "OMP_NUM_THREADS"
    for finding in data["findings"]:
        assert finding["seen"]
        assert finding["why"]
        assert finding["todo"]
    assert not set(found) & set(data["not_visible"])


def test_a_folder_that_cannot_be_written_is_a_problem_and_exit_status_3(
    doctor: Doctor, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = doctor("--no-workers", "--out", "file")
    assert done.returncode == 3
    assert "file, not writable" in done.stdout
    assert "measuring here is meaningless" in done.stdout.splitlines()[-1]


def test_what_a_machine_does_not_show_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: neither /proc nor /sys."""
    monkeypatch.setattr(files, "read", lambda path: None)
    monkeypatch.setattr(live_state, "throttle_counts", dict)
    monkeypatch.setattr(cgroup, "visible", lambda: False)
    found = examine(Path(), workers=False, say=lambda text: None)
    hidden = {"governor", "turbo", "frequency", "throttling", "SMT", "steal time", "CPU quota"}
    assert hidden | {"memory limit", "huge pages"} <= set(found.not_visible)
    topics = {each.topic for each in found.findings}
    assert {"load average", "other processes", "free memory", "swap", "clock", "disk"} <= topics


def test_a_real_worker_says_what_it_is() -> None:
    told: list[str] = []
    cores = this_machine().cores
    (found,) = ask_workers([("numpy", "cpu")], cores, told.append)
    assert told == ["starting a worker: numpy on cpu"]
    assert found.level == "ok"
    assert found.values["attest"]["threads"] == cores
    assert found.values["open_s"] > 0
    for text in (f"{cores} of {cores} threads", "BLAS ", "opens in"):
        assert text in found.seen


def test_a_worker_that_cannot_serve_is_a_finding() -> None:
    (found,) = ask_workers([("numpy", "cuda:0")], 1, lambda text: None)
    assert found.level == "problem"
    assert "numpy runs on the cpu, not on cuda:0" in found.seen
    assert none_works([found]) is not None


@pytest.mark.framework
def test_workers_of_the_frameworks_say_what_they_are(doctor: Doctor) -> None:
    data = json.loads(doctor("--json").stdout)
    there = [name for name in ("torch", "tensorflow") if load_backend(name).probe().installed]
    for name in there:
        found = by_topic(data)[f"{name} on cpu"]
        assert found["level"] == "ok", found
        assert found["values"]["attest"]["precision_bits"] == 24
        assert found["values"]["attest"]["version"] in found["seen"]


def test_what_a_worker_attests_is_judged() -> None:
    blas = {"name": "openblas", "version": "0.3.31", "threads": 4, "kernel": "Zen"}
    good = attested("torch", "cpu", facts(precision_bits=24, blas=blas), 2.5, 4)
    assert good.level == "ok"
    assert good.seen == (
        "1.2.3, 4 of 4 threads, BLAS openblas 0.3.31 Zen, float32 keeps 24 bits, opens in 2.5 s"
    )
    tf32 = attested("torch", "cuda:0", facts(precision_bits=11, device_name="RTX"), 2.5, 4)
    assert tf32.level == "warning"
    assert "RTX" in tf32.seen
    unknown = attested("numpy", "cpu", facts(threads=-1), 2.5, 4)
    assert (unknown.level, unknown.command) == ("warning", "pip install threadpoolctl")


def test_a_failed_worker_matters_most_where_the_oracle_needs_the_package() -> None:
    assert failed("torch", "cpu", "crashed", "SIGSEGV").level == "warning"
    assert failed("numpy", "cpu", "crashed", "SIGSEGV").level == "problem"
    gpu = failed("torch", "cuda:0", "unsupported", "no CUDA")
    assert gpu.command == "xbench run --device cpu"
    assert "no CUDA" in gpu.seen


def test_a_backend_that_is_not_installed_comes_with_its_hint() -> None:
    probe = load_backend("numpy").probe()
    assert installed("numpy", probe).level == "ok"
    assert probe.version in installed("numpy", probe).seen
    gone = type(probe)(False, "", "pip install it", (), (), (), "none")
    assert (installed("torch", gone).level, installed("numpy", gone).level) == ("note", "problem")
    assert installed("torch", gone).command == "pip install it"
    assert unreadable("other", ImportError("no module")).level == "warning"
    assert none_works([installed("torch", gone), installed("numpy", probe)]) is None
    nothing = none_works([installed("torch", gone), unreadable("other", ImportError())])
    assert nothing is not None
    assert nothing.level == "problem"


def test_the_text_is_aligned_worst_first_and_commands_stay_whole() -> None:
    long = Finding("b", "warning", "word " * 40, "why", "do:", "command " * 30 + "end")
    found = Examination("a machine", (an("ok", "fine"), long, an("problem", "bad")), ("turbo",))
    lines = as_text(found, WIDTH).splitlines()
    assert lines[0] == "a machine"
    assert [line.split()[0] for line in lines[2:-4] if line[0] != " "] == [
        "problem",
        "warning",
        "ok",
    ]
    assert lines[2].index("seen bad") == lines[3].index("why bad") == lines[4].index("→ do bad:")
    assert [line.strip() for line in lines if "$" in line] == [
        "$ run bad",
        f"$ {long.command}",
    ]
    assert all(len(line) <= WIDTH for line in lines if "$" not in line)
    assert "why fine" not in as_text(found, WIDTH)
    assert lines[-3] == "not visible on this machine: turbo"
    assert lines[-1].startswith("1 problem, 1 warning, 1 ok: measuring here is meaningless")


def test_a_summary_counts_and_judges() -> None:
    assert summary(Examination("", (), ())).endswith("ready to measure")
    two = Examination("", (an("note"), an("note"), an("ok"), an("ok")), ())
    assert summary(two).startswith("2 notes, 2 ok: ready to measure; keep")
    assert counts(two.findings) == {"problem": 0, "warning": 0, "note": 2, "ok": 2}
    data = as_data(two, 0)
    assert data["level"] == "note"
    assert data["findings"][0]["command"] == "run thing"
