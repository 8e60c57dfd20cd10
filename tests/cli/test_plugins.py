"""Other packages' backends, suites and ops: an example is installed for real, and run."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec
import pytest

from helpers import measuring
from helpers.measuring import BACKENDS, measure
from helpers.places import TESTS
from xbench import registry
from xbench import registry as plugins_module
from xbench.analysis.summary import CellSummary
from xbench.process.child import ROOT
from xbench.registry import plugins

PACKAGE = TESTS / "example_package"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example package, from a copy: building leaves
    files behind."""
    folder = tmp_path_factory.mktemp("site")
    copy = folder / "source"
    subprocess.run(["cp", "-r", str(PACKAGE), str(copy)], check=True)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--target",
            str(folder / "site"),
            str(copy),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def run(site: Path, checkout: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A module's command line with the package on the path."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=site,
        env=checkout | {"PYTHONPATH": f"{site}:{ROOT}"},
    )


def test_it_is_listed(site: Path, checkout: dict[str, str]) -> None:
    done = run(site, checkout, "xbench", "list")
    assert done.returncode == 0, done.stderr
    assert "listback     1.0" in done.stdout
    assert "sums           sums over rows" in done.stdout


def test_its_backend_and_its_op_are_measured_beside_ours(
    site: Path, checkout: dict[str, str], tmp_path: Path
) -> None:
    done = run(
        site,
        checkout,
        "xbench",
        "run",
        "--suite",
        "sums",
        "--backend",
        "numpy",
        "listback",
        "--width",
        "64",
        "--launches",
        "1",
        "--group-budget",
        "0.05",
        "--out",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    (summary,) = tmp_path.glob("*/summary.jsonl")
    cells = [
        msgspec.json.decode(line, type=CellSummary) for line in summary.read_bytes().splitlines()
    ]
    assert {(cell.plan.key.op, cell.plan.key.backend, cell.status) for cell in cells} == {
        (op, backend, "ok")
        for op in ("row_sum", "elementwise")
        for backend in ("numpy", "listback")
    }
    assert "row_sum" in done.stdout


def test_the_conformance_kit_passes_on_it(site: Path, checkout: dict[str, str]) -> None:
    done = run(
        site,
        checkout,
        "xbench.conformance",
        "listback.backend:ListBackend",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "not classified",
    )
    assert done.returncode == 0, done.stdout


def offered(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, group: str = "xbench.backends"
) -> None:
    """One entry point, and no other."""
    point = EntryPoint(name, value, group)
    found = {group: [point]}
    monkeypatch.setattr(plugins_module, "entry_points", lambda group: found.get(group, []))
    plugins.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("mine", "no_such_module_at_all:X", "no_such_module_at_all:X raised ModuleNotFoundError"),
        ("mine", "json:Nothing", "json:Nothing raised AttributeError"),
        ("numpy", "json:JSONDecoder", "another has that name"),
        ("../mine", "json:JSONDecoder", "a name is letters, digits"),
        ("mine", "json:JSONDecoder", "json:JSONDecoder raised AttributeError"),
        (
            "mine",
            "helpers.strangers:Raises",
            "helpers.strangers:Raises raised OSError: licence file not found",
        ),
        ("mine", "helpers.strangers:NoProbe", "its probe() gave None, not a Probe"),
        ("mine", "helpers.strangers:Misnamed", "it calls itself 'numpy'"),
    ],
)
def test_what_cannot_be_had_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    offered(monkeypatch, name, value)
    try:
        assert registry.backend_paths() == registry.BACKENDS
        assert any(f"backend {name!r} is left out: {said}" in line for line in registry.left_out())
    finally:
        plugins.cache_clear()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("helpers.strangers:NO_SUITE", "it is 5, not a Suite"),
        ("helpers.strangers_stray:SUITE", "it implements 'twise', and there is no such op"),
    ],
)
def test_what_is_no_suite_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    offered(monkeypatch, "mine", value, "xbench.suites")
    try:
        assert registry.plugin_suites() == {}
        assert any(f"suite 'mine' is left out: {said}" in line for line in registry.left_out())
        registry.check_implementations()  # it left nothing behind that would be refused
    finally:
        plugins.cache_clear()


@pytest.mark.parametrize(
    ("backend", "status", "said"),
    [
        ("unsure", "unsupported", "unsure: supports() raised KeyError: 'float32'"),
        ("envless", "crashed", "envless: env() gave {'A': 1}, not text by name"),
        (
            "floating",
            "crashed",
            "answered 'load' with an invalid reply: Expected `int`, got `float`",
        ),
    ],
)
def test_an_adapter_that_errs_costs_its_own_cells_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, status: str, said: str
) -> None:
    own = BACKENDS | {backend: f"helpers.strangers:{backend.capitalize()}"}
    monkeypatch.setattr(measuring, "BACKENDS", own)
    _, cells = measure(tmp_path, ("honest",), ("numpy", backend))
    assert cells["honest", "numpy"].status in ("ok", "imprecise")
    assert cells["honest", backend].status == status
    assert said in cells["honest", backend].reason
