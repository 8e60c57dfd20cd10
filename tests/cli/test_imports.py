"""What each command imports, as the interpreter itself reports it: no command loads a framework."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.made_runs import benchmark_json, families, write_run
from xbench import extensions
from xbench.cli.parser import COMMANDS

FRAMEWORKS = {"torch", "tensorflow", "jax"}
LARGE = {"numpy", "pandas", "matplotlib", "scipy", "jinja2", "rich", "psutil"}
OF_OTHERS = FRAMEWORKS | LARGE | {"msgspec"}
THE_COMMAND_LINE = {
    "xbench",
    "xbench.cli",
    "xbench.cli.parser",
    "xbench.errors",
    "xbench.extensions",
    "xbench.version",
}
"""What `xbench --help` imports of ours."""
ROW = {
    "name": "test_x",
    "group": None,
    "stats": {"median": 1e-3, "min": 9e-4, "iqr": 1e-5, "rounds": 5},
}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder with a run and a pytest-benchmark file."""
    write_run(tmp_path / "run", families(1, (512,)))
    (tmp_path / "out.json").write_text(benchmark_json([ROW]))
    return tmp_path


def imported(folder: Path, environment: dict[str, str], *command: str) -> set[str]:
    """Full names of the modules that a command imports in its own process. Those that it asks for
    by `import_module` are missing, but not what these import in turn."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    found = {line.rpartition("|")[2].strip() for line in lines}
    assert {"xbench", "argparse"} & found
    return found


def loaded(folder: Path, environment: dict[str, str], *arguments: str) -> set[str]:
    """Full names of all modules that stand in the process when a command has printed its help."""
    code = (
        "import sys; from xbench.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.startswith("usage: xbench")
    return set(done.stdout.partition("LOADED")[2].split())


def tops(names: set[str]) -> set[str]:
    """The top-level packages."""
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_the_parser_and_nothing_else(
    tmp_path: Path, checkout: dict[str, str], option: str
) -> None:
    found = imported(tmp_path, checkout, "-m", "xbench", option)
    assert not tops(found) & OF_OTHERS
    assert {name for name in found if name.startswith("xbench")} == THE_COMMAND_LINE


@pytest.mark.parametrize("command", COMMANDS | extensions.COMMANDS)
def test_help_of_a_command_imports_its_options_and_nothing_else(
    tmp_path: Path, checkout: dict[str, str], command: str
) -> None:
    found = loaded(tmp_path, checkout, command, "--help")
    assert not tops(found) & OF_OTHERS
    own = (COMMANDS | extensions.COMMANDS)[command][1].partition(":")[0]
    parts = own.split(".")
    with_packages = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    ours = {name for name in found if name.startswith("xbench")}
    assert ours - {"xbench.cli.options", "xbench.defaults"} == THE_COMMAND_LINE | with_packages


def test_list_asks_for_versions_without_importing(tmp_path: Path, checkout: dict[str, str]) -> None:
    found = imported(tmp_path, checkout, "-m", "xbench", "list")
    assert not tops(found) & (FRAMEWORKS | (LARGE - {"psutil"}))


@pytest.mark.parametrize("what", ["run", "run/run.jsonl", "out.json"])
def test_a_report_needs_no_framework(stored: Path, checkout: dict[str, str], what: str) -> None:
    found = imported(stored, checkout, "-m", "xbench", "report", what)
    assert "xbench.reports.sources" in found
    assert not tops(found) & (FRAMEWORKS | {"pandas"})


def test_a_stored_run_is_loaded_without_any(stored: Path, checkout: dict[str, str]) -> None:
    code = "import xbench; print(xbench.load('run'))"
    assert not tops(imported(stored, checkout, "-c", code)) & (FRAMEWORKS | LARGE)
    code = "import xbench; xbench.load('run').to_pandas()"
    assert not tops(imported(stored, checkout, "-c", code)) & FRAMEWORKS


def test_the_process_that_directs_a_run_imports_none(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    """NumPy is in the oracle and in the worker."""
    axes = ["--preset", "smoke", "--backend", "numpy", "--op", "elementwise", "--no-report"]
    found = imported(tmp_path, checkout, "-m", "xbench", "run", *axes)
    assert "xbench.engine.run_plan" in found
    assert not tops(found) & (FRAMEWORKS | {"numpy", "pandas", "matplotlib"})
    assert "xbench.worker.session" not in found
