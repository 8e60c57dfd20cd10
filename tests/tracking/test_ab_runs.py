"""`xbench ab` end to end, with NumPy: revisions, policies, interpreters, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.places import DATA
from xbench.records.read import read_run

SUITE = DATA / "three_suite.py"
SHORT = ["--backend", "numpy", "--threads", "1", "--group-budget", "0.05s"]
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
from xbench.cli import main
sys.exit(main(sys.argv[1:]))
"""


def git(folder: Path, *arguments: str) -> str:
    """Git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits: nothing, a suite, and the suite with a second op that is a tenth slower."""
    top = tmp_path_factory.mktemp("repository")
    git(top, "init", "-q", "-b", "main")
    git(top, "commit", "-q", "--allow-empty", "-m", "empty")
    text = SUITE.read_text()
    for extra in ("0.0", "0.1"):
        (top / "suite.py").write_text(text.replace("EXTRA_SHARE = 0.0", f"EXTRA_SHARE = {extra}"))
        git(top, "add", "-A")
        git(top, "commit", "-q", "-m", f"extra work: {extra}")
        git(top, "tag", "innocent" if extra == "0.0" else "guilty")
    return top


def ab(
    repository: Path, checkout: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository on the suite; its files go to `out` there."""
    return subprocess.run(
        [sys.executable, "-m", "xbench", "ab", *SHORT, "--suite", "suite.py", *arguments],
        cwd=repository,
        env=checkout,
        text=True,
        capture_output=True,
        check=False,
    )


def verdict(out: Path) -> dict[str, Any]:
    """The document, and its findings by op."""
    found: dict[str, Any] = json.loads((out / "verdict.json").read_text())
    found["by_op"] = {each["cell"].partition("/")[0]: each for each in found["findings"]}
    return found


@pytest.mark.proof
def test_a_planted_slowdown_fails_and_is_the_only_one_named(
    repository: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    """With time for some forty rounds a launch, and for a second try where a shared machine left
    the first undecided; that one finds something else is no excuse."""
    for attempt in ("first", "second"):
        out = tmp_path / attempt
        done = ab(
            repository,
            checkout,
            "--base",
            "innocent",
            "--head",
            "guilty",
            "--out",
            str(out),
            "--group-budget",
            "0.5s",
        )
        if done.returncode != 0:
            break
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdict(out)
    assert [each["cell"] for each in found["findings"] if each["kind"] == "regressed"] == [
        "second/m16-k16-n16/float32/numpy/cpu/eager/none/t1"
    ]
    assert found["by_op"]["second"]["confirmed"] is True
    assert found["by_op"]["second"]["ratio"] == pytest.approx(1.1, abs=0.06)
    assert found["base"]["environment"]["commit"] != found["head"]["environment"]["commit"]
    runs = [read_run(out / each) for each in found["head"]["runs"]]
    first, again = (len(run.header.cells) for run in runs[:2])
    assert (first, again < first) == (6, True)  # what was flagged alone, on a busy machine two
    assert {worker.pid for worker in runs[0].workers}.isdisjoint(
        worker.pid for worker in runs[1].workers
    )
    assert git(repository, "worktree", "list").count("\n") == 1
    assert not list(out.glob("*scratch*"))


@pytest.mark.proof
def test_equal_sides_pass_with_the_callers_engine_and_equal_bursts(
    repository: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    """With a second try where a busy machine made one side's calls seem twice as long."""
    for attempt in ("first", "second"):
        out = tmp_path / attempt
        done = ab(repository, checkout, "--out", str(out), "--launches", "4")
        assert done.returncode == 0, done.stdout + done.stderr
        run = read_run(out / verdict(out)["head"]["runs"][0])
        sides = [sorted(group.cells, key=lambda cell: cell.id) for group in run.groups]
        bursts = [[(cell.calls, cell.lead_in) for cell in pair] for pair in sides]
        if all(base == head for base, head in bursts):
            break
    assert all(base == head for base, head in bursts), bursts


def test_a_policy_is_a_side(repository: Path, checkout: dict[str, str], tmp_path: Path) -> None:
    done = ab(
        repository,
        checkout,
        "--head",
        "allocator=system",
        "--op",
        "first",
        "--launches",
        "2",
        "--out",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdict(tmp_path)
    assert found["differences"] == [{"label": "allocator", "base": "reuse", "head": "system"}]
    assert found["by_op"]["first"]["ratio"] is not None
    (run,) = (read_run(tmp_path / each) for each in found["head"]["runs"])
    assert {worker.worker.id for worker in run.workers} == {
        "numpy/cpu/eager/t1/base",
        "numpy/cpu/eager/t1/system/head",
    }


def test_what_base_has_not_yet_is_new_and_what_is_gone_fails(
    repository: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    quick = ["--op", "first", "--launches", "1", "--out", str(tmp_path)]
    done = ab(repository, checkout, "--base", "main~2", *quick)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(tmp_path)["by_op"]["first"]["kind"] == "new"
    done = ab(repository, checkout, "--head", "main~2", *quick)
    assert done.returncode == 2
    assert "head: it has no suite file suite.py" in done.stderr


def test_an_interpreter_without_numpy_is_told_how_to_get_it(
    repository: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    venv.create(tmp_path / "env", symlinks=True)
    done = ab(repository, checkout, "--head", str(tmp_path / "env"), "--out", str(tmp_path))
    assert done.returncode == 2
    assert "has no numpy, which workers import" in done.stderr
    assert f"{tmp_path}/env/bin/python -m pip install numpy" in done.stderr


@pytest.mark.proof
@pytest.mark.framework
def test_two_interpreters_with_other_versions_of_numpy(
    repository: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    venv.create(tmp_path / "env", symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "numpy==2.3.*"]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        pytest.skip("another NumPy cannot be installed here")
    done = ab(
        repository,
        checkout,
        "--base",
        str(python),
        "--op",
        "first",
        "--launches",
        "3",
        "--out",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdict(tmp_path)
    assert min(found["by_op"]["first"][side] for side in ("base", "head")) >= 3e-3
    assert found["base"]["environment"]["numpy"].startswith("2.3.")
    assert not found["head"]["environment"]["numpy"].startswith("2.3.")
    assert "numpy" in {each["label"] for each in found["differences"]}


def test_ctrl_c_leaves_no_worktree_and_no_process(
    repository: Path,
    checkout: dict[str, str],
    tmp_path: Path,
    process_state: Callable[[int], str],
) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            INTERRUPTIBLE,
            "ab",
            *SHORT,
            "--suite",
            "suite.py",
            "--base",
            "innocent",
            "--head",
            "guilty",
            "--out",
            str(tmp_path),
        ],
        cwd=repository,
        env=checkout,
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stderr is not None
    next(line for line in process.stderr if line.startswith("[2/"))
    assert git(repository, "worktree", "list").count("\n") == 3
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert git(repository, "worktree", "list").count("\n") == 1
    (folder,) = tmp_path.iterdir()
    run = read_run(folder)
    assert run.footer is not None
    assert run.footer.outcome == "interrupted"
    if sys.platform == "linux":
        assert all(process_state(worker.pid) in ("", "Z") for worker in run.workers)
