"""What of the caller's environment reaches a worker, and what a reader is told of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.places import ROOT
from helpers.stored_runs import name, write_stored
from xbench import cli
from xbench.errors import UsageError
from xbench.process.child import ChildProcess
from xbench.process.environment import (
    DECIDED,
    PADDING,
    inherited_names,
    read_given,
    run_variables,
    worker_environment,
    worker_variables,
)
from xbench.process.variables import (
    PASSED_ON,
    RECORDED,
    SPEED,
    changes_speed,
    is_passed_on,
    left_outside,
)
from xbench.reports.sources import conditions_line

Start = Callable[[], ChildProcess]
KNOWN = sorted({name for names in SPEED.values() for name in names})
REACHES = {name: value for name, value in dict.fromkeys(RECORDED, "0").items() if name in KNOWN}


def test_the_list_is_long_and_each_is_said_once() -> None:
    every = [name for names in SPEED.values() for name in names]
    assert len(set(every)) > 100
    assert {name for name in every if every.count(name) > 1} <= {"OPENBLAS_CORETYPE", "LD_PRELOAD"}


@pytest.mark.parametrize("variable", KNOWN)
def test_what_changes_speed_stays_outside_or_is_recorded(variable: str, tmp_path: Path) -> None:
    """Set in the caller's shell, it has no effect on a worker, or its value is in the record."""
    found = worker_environment({}, "reuse", tmp_path, base={variable: "from the shell"})
    told = run_variables({}, {variable: "from the shell"})
    if is_passed_on(variable):
        assert told["variables"] == {variable: "from the shell"}
        assert worker_variables(found, ())[variable] == "from the shell"
    else:
        assert found.get(variable) != "from the shell"
        assert told["left_outside"] == [variable]


def test_all_at_once_in_a_real_shell(tmp_path: Path, checkout: dict[str, str]) -> None:
    """A real worker of a real run: none of them is there; the report and the doctor name them."""
    shell = {name: "1" for name in KNOWN if not is_passed_on(name) and not _kills(name)}
    (tmp_path / "suite.py").write_text(_SUITE.format(names=sorted(shell)))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "xbench",
            "run",
            "--suite",
            "suite.py",
            "--preset",
            "smoke",
            "--backend",
            "numpy",
            "--rounds",
            "7",
        ],
        cwd=tmp_path,
        env=checkout | shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    (folder,) = (tmp_path / "xbench-results").iterdir()
    report = (folder / "report" / "report.md").read_text()
    assert "set in the shell and not passed on to workers, so without effect: " in report
    header = json.loads((folder / "run.jsonl").read_text().splitlines()[0])
    assert set(header["environment"]["left_outside"]) == set(shell)
    asked = subprocess.run(
        [sys.executable, "-m", "xbench", "doctor", "--no-workers", "--json"],
        cwd=tmp_path,
        env=checkout | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    findings = {each["topic"]: each for each in json.loads(asked.stdout)["findings"]}
    assert "OMP_NUM_THREADS" in findings["dropped variables"]["seen"]


def _kills(variable: str) -> bool:
    """Which the interpreter that is started here would die of, or print a book for."""
    return variable.startswith(("PYTHON", "LD_", "MALLOC_", "GLIBC", "COV", "NPY_"))


_SUITE = '''
"""An op that fails where a variable of the caller's shell has reached the worker."""
import os
from xbench.own_op import array_op, implements, step
from xbench.ops.suite import Suite, Sweep

NAMES = {names}
array_op("seen", ("n",), {{"x": ("n",)}}, {{"y": ("n",)}}, lambda x: (2 * x, abs(x)), terms="n")


@implements("seen", "numpy")
def numpy(backend, spec, variant):
    own = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
           "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_")
    there = [name for name in NAMES if name in os.environ and name not in own]
    assert not there, there
    return step(lambda t: {{"y": 2 * t["x"]}})


SUITE = Suite("seen", "", (Sweep("seen", "seen", lambda w: {{"n": w}}),))
'''


def test_what_a_program_needs_to_run_is_there(tmp_path: Path) -> None:
    user = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "LC_ALL": "C",
        "LD_LIBRARY_PATH": "/opt/cuda/lib",
        "CUDA_VISIBLE_DEVICES": "1",
        "CXX": "clang++",
        "VIRTUAL_ENV": "/venv",
    }
    found = worker_environment({}, "system", tmp_path, base=user)
    assert user.items() <= found.items()
    assert found["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_variable_that_is_given_reaches_workers_and_the_record(tmp_path: Path) -> None:
    given = read_given(["MKL_VERBOSE=1", "MY_DATA=/data=2"])
    assert given == {"MKL_VERBOSE": "1", "MY_DATA": "/data=2"}
    found = worker_environment({}, "reuse", tmp_path, given, base={"MKL_VERBOSE": "0"})
    assert found["MKL_VERBOSE"] == "1"
    assert worker_variables(found, given)["MY_DATA"] == "/data=2"
    told = run_variables(given, {"MKL_VERBOSE": "0", "OMP_NUM_THREADS": "1"})
    assert told == {"variables": given, "paths": {}, "left_outside": ["OMP_NUM_THREADS"]}


def test_of_paths_to_code_a_record_keeps_that_they_differ() -> None:
    one, other = (run_variables({}, {"PYTHONPATH": each})["paths"] for each in ("/a", "/b"))
    assert one.keys() == other.keys() == {"PYTHONPATH"}
    assert one != other
    assert "/a" not in str(one)


@pytest.mark.parametrize(
    "text",
    ["", "NAME", "=1", " A=1", "A B=1", "XBENCH_PADDING=x", "A\0=1", *(f"{n}=1" for n in DECIDED)],
)
def test_what_is_no_variable_or_is_ours_to_decide_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        read_given([text])
    assert error.value.hint


def test_a_mistake_in_env_is_told_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["run"], ["ab", "--base", ".", "--head", "mode=graph"]):
        assert cli.main([*command, "--env", "OMP_NUM_THREADS=4"]) == 2
        assert "use --threads" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_names_of_others_are_kept_and_their_values_are_not(tmp_path: Path) -> None:
    user = {"HOME": "/home/secret", "CXX": "g++", PADDING: "xxx"}
    found = worker_environment({"ADAPTER": "1"}, "system", tmp_path, base=user) | {PADDING: "xxx"}
    kept = worker_variables(found, ["ADAPTER"])
    assert kept == {
        "ADAPTER": "1",
        "CXX": "g++",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "PYTHONHASHSEED": "0",
    }
    names = inherited_names(found, ["ADAPTER"])
    assert names == ["HOME", "TMPDIR"]


def test_families_are_known_by_their_names() -> None:
    assert changes_speed("TORCHINDUCTOR_SOMETHING_NEW")
    assert not changes_speed("EDITOR")
    assert left_outside(["EDITOR", "MKL_SOMETHING_NEW", "OPENBLAS_CORETYPE"]) == [
        "MKL_SOMETHING_NEW"
    ]
    assert "PYTHONPATH" in PASSED_ON


def environment(**changes: Any) -> dict[str, Any]:
    """Of a stored run."""
    return {"cpu_quota_cores": 2.0, "governor": "performance", "nice": 0} | changes


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"variables": {"TF_ENABLE_ONEDNN_OPTS": "0"}}, "variable TF_ENABLE_ONEDNN_OPTS"),
        ({"cpu_quota_cores": 0.5}, "CPU quota"),
        ({"compiler": "g++ 12 (/opt/bin/g++)"}, "C++ compiler"),
        ({"usable_cpus": "1"}, "usable CPUs"),
        ({"scheduling": "idle"}, "scheduling policy"),
        ({"huge_pages_denied": True}, "huge pages"),
        ({"stack_limit_bytes": -1}, "stack limit"),
        ({"paths": {"LD_LIBRARY_PATH": "set, SHA-256 1234abcd"}}, "variable LD_LIBRARY_PATH"),
        ({"governor": "powersave"}, "frequency governor"),
        ({"nice": 10}, "priority (nice)"),
        ({"randomised_layout": False}, "address layout"),
    ],
)
def test_a_recorded_difference_is_named_by_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], label: str
) -> None:
    times = {name(0): [1e-3, 1.01e-3, 1e-3]}
    base = write_stored(tmp_path / "base", times, **environment())
    head = write_stored(tmp_path / "head", times, **environment(**change))
    cli.main(["compare", str(base), str(head)])
    assert label in capsys.readouterr().out


def test_the_report_says_what_a_run_was_held_to() -> None:
    calm = environment(compiler="g++ 12 (/usr/bin/g++)", scheduling="other", nice=0)
    assert conditions_line(calm | {"cpu_quota_cores": None, "variables": {}}) == []
    held = environment(cpu_quota_cores=0.5, nice=10, scheduling="idle", variables={"CC": "clang"})
    (line,) = conditions_line(held)
    for each in ("CPU quota 0.5 cores", "priority (nice) 10", "scheduling policy idle", "CC=clang"):
        assert each in line
    forced = conditions_line({"variables": {"OPENBLAS_CORETYPE": "Haswell"}})
    assert "forces one kernel on every OpenBLAS" in forced[-1]
    assert conditions_line({"variables": "no table", "cpu_quota_cores": "none"}) == []


def test_the_page_names_every_variable() -> None:
    page = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
    for variable in (*KNOWN, *PASSED_ON, *DECIDED):
        assert f"`{variable}`" in page
