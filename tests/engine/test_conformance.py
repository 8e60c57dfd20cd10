"""The conformance kit: honest adapters pass, each planted one fails, with a reason to act on."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.places import ROOT, TESTS
from xbench.conformance import adapter_checks
from xbench.conformance.subject import Subject, examined
from xbench.errors import XbenchError
from xbench.ops import OPS

Check = Callable[[Subject], Iterator[str]]
FENCED = OPS["matmul"].spec("float32", m=512, k=512, n=512)

CHECKS: dict[str, Check] = {
    "owns": lambda subject: adapter_checks.owns(subject, "float32"),
    "attests": adapter_checks.attests,
    "elementwise": lambda subject: adapter_checks.computes(subject, "elementwise", "float32"),
    "elementwise_grad": lambda subject: adapter_checks.computes(
        subject, "elementwise_grad", "float32"
    ),
    "matmul": lambda subject: adapter_checks.computes(subject, "matmul", "float32"),
    "fenced": lambda subject: adapter_checks.fenced(subject, FENCED, "none"),
    "rests": adapter_checks.rests,
    "classifies": adapter_checks.classifies,
}
"""In this order: a worker that dies of one fails those after it."""

PLACED = {"elementwise", "elementwise_grad", "matmul", "fenced"}
"""Checks that put tensors and look where they are."""

PLANTED = [
    ("Honest", set[str](), ""),
    (
        "Borrows",
        {"owns", "classifies", *PLACED - {"fenced"}},
        "get gave what was written to the array later",
    ),
    ("Elsewhere", {"owns", *PLACED}, "where is ('meta',"),
    ("Widens", {"owns", *PLACED}, "float64 on cpu, not float32"),
    ("Retraces", {"matmul"}, "more after the first call (traces())"),
    ("Swaps", {"elementwise_grad"}, "manual: dw"),
    ("Scribbles", {"elementwise"}, "the step wrote to its inputs: z"),
    ("Remembers", {"matmul"}, "stayed the same when an input changed"),
    ("Dies", {"matmul", "fenced", "rests", "classifies"}, "exit status 9"),
    ("CallsEverythingMemory", {"classifies"}, "a ValueError is 'oom', not None"),
    ("KnowsNoMemory", {"classifies"}, "a MemoryError is None, not 'oom'"),
    ("CallsTroubleMemory", {"classifies"}, "a RuntimeError is 'oom', not None"),
    ("LeavesAChild", {"rests"}, "cores while it was asked nothing"),
    ("Microseconds", {"fenced"}, "of the time around them: are they in nanoseconds?"),
    ("SaysNothing", {"attests"}, "attest has version ''"),
]


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TESTS)  # where a user would stand, beside the adapter


def complaints(path: str, folder: Path, device: str = "cpu") -> dict[str, list[str]]:
    """What each check says of an adapter, if anything."""
    found: dict[str, list[str]] = {}
    with examined(path, device, "eager", folder / "x") as subject:
        for name, check in CHECKS.items():
            try:
                found[name] = list(check(subject))
            except XbenchError as error:
                found[name] = [error.message]
    return {name: said for name, said in found.items() if said}


@pytest.mark.parametrize(("name", "failing", "said"), PLANTED)
def test_a_planted_fault_is_named_by_the_check_that_is_for_it(
    tmp_path: Path, name: str, failing: set[str], said: str
) -> None:
    found = complaints(f"helpers.bad_adapters:{name}", tmp_path)
    assert found.keys() == failing
    assert said in "\n".join(line for lines in found.values() for line in lines)


def test_a_thread_that_never_rests_is_named(tmp_path: Path) -> None:
    """Asked alone: what spins takes the interpreter from everything else."""
    with examined("helpers.bad_adapters:Spins", "cpu", "eager", tmp_path / "x") as subject:
        (found,) = adapter_checks.rests(subject)
    assert "cores while it was asked nothing" in found


def test_a_fence_that_does_not_wait_is_named(tmp_path: Path) -> None:
    with examined("helpers.bad_adapters:Unfenced", "npu:0", "eager", tmp_path / "x") as subject:
        found = list(adapter_checks.fenced(subject, FENCED, "none"))
    assert any("the fence returned early" in line for line in found)


def test_a_fence_that_waits_for_one_of_several_results_is_named(tmp_path: Path) -> None:
    spec = OPS["elementwise_grad"].spec("float32", n=16, w=16)
    with examined("helpers.bad_adapters:WaitsForOne", "npu:0", "eager", tmp_path / "x") as subject:
        found = list(adapter_checks.fenced(subject, spec, "manual"))
    assert {line.partition(":")[0] for line in found} >= {"dw"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("helpers.bad_adapters:Honest", ""),
        ("helpers.bad_offers:Nods", "is None, and probe offers"),
        ("helpers.bad_offers:Mumbles", "is 'no', neither None nor a reason"),
        ("helpers.bad_offers:RefusesAll", "supports refuses every op"),
        ("helpers.bad_offers:Nowhere", "probe offers the devices ()"),
        ("helpers.bad_offers:Nowhere", "['float128'] are none"),
        ("helpers.bad_offers:Nameless", "its name is '../nameless'"),
    ],
)
def test_what_an_adapter_says_it_supports_is_checked(name: str, said: str) -> None:
    found = list(adapter_checks.says_what_it_supports(name))
    assert any(said in line for line in found) is bool(said)


def test_an_environment_that_is_no_text_is_named() -> None:
    (found,) = adapter_checks.names_its_environment("helpers.bad_offers:Numbers")
    assert found == "env holds 'OMP_NUM_THREADS': 1, which is no text"
    assert list(adapter_checks.names_its_environment("helpers.bad_adapters:Honest")) == []


def test_a_framework_that_is_imported_to_be_asked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlx.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    (found,) = adapter_checks.quick_to_ask("helpers.bad_offers:Heavy")
    assert found == 'importing the adapter and asking probe imported ["mlx"]'
    assert list(adapter_checks.quick_to_ask("helpers.bad_adapters:Honest")) == []


QUIETLY = ("-p", "no:cacheprovider")


def kit(path: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The kit as a user runs it, beside the adapter."""
    return subprocess.run(
        [sys.executable, "-m", "xbench.conformance", path, "-q", *QUIETLY, *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_the_kit_fails_in_words_and_without_a_traceback() -> None:
    done = kit("helpers.bad_adapters:Swaps", "-k", "right and elementwise_grad and float32")
    assert done.returncode == 1, done.stdout
    assert "elementwise_grad n7-w33 float32 manual: d" in done.stdout
    assert "(xbench.contracts: names of tensors, Step)" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("no_such_module:Class", (), "cannot be loaded (ModuleNotFoundError"),
        ("helpers.bad_adapters:Honest", ("--mode", "graph"), "has modes eager, not 'graph'"),
        ("helpers.twins:Absent", (), "is not installed: pip install absent"),
    ],
)
def test_what_cannot_be_examined_is_said(path: str, options: tuple[str, ...], said: str) -> None:
    done = kit(path, *options)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_the_folders_own_pytest_settings_do_not_count(tmp_path: Path) -> None:
    """Of the package whose adapter it is: names of tests, options that collide, two at once."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npython_files = ["check_*.py"]\naddopts = "-n auto --strict"\n'
    )
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--device', default='none')\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "xbench.conformance",
            "helpers.bad_adapters:Honest",
            "-q",
            "-k",
            "attests",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{ROOT}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["conftest.py", "pyproject.toml"]


def test_an_adapter_that_does_not_open_is_said() -> None:
    done = kit("helpers.bad_adapters:Honest", "--device", "cuda:3", "-k", "attests")
    assert done.returncode == 1
    assert "open in mode eager on cuda:3: numpy runs on the cpu, not on cuda:3" in done.stdout


@pytest.mark.parametrize(
    "path",
    [
        "xbench.backends.numpy_backend:NumpyBackend",
        pytest.param("xbench.backends.torch_backend:TorchBackend", marks=pytest.mark.proof),
        pytest.param(
            "xbench.backends.tensorflow_backend:TensorflowBackend", marks=pytest.mark.proof
        ),
        pytest.param("xbench.backends.jax_backend:JaxBackend", marks=pytest.mark.framework),
    ],
)
def test_the_built_in_adapters_pass(path: str) -> None:
    framework = path.rpartition(".")[2].partition("_backend:")[0]
    if importlib.util.find_spec(framework) is None:
        pytest.skip("not installed")
    done = kit(path)
    assert done.returncode == 0, done.stdout[-3000:]
