"""The command line from outside: what is printed, exit statuses, and what is never imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import xbench
from helpers.measuring import DEFECTS
from xbench.cli.parser import COMMANDS
from xbench.extensions import COMMANDS as EXTENSIONS
from xbench.plan.plan import MIN_ROUNDS

Done = subprocess.CompletedProcess[str]
HEADER = '{"type":"header","schema_version":1'


class Shell:
    """Runs `xbench` in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def __call__(self, *arguments: str) -> Done:
        return self.python("-m", "xbench", *arguments)

    def python(self, *arguments: str) -> Done:
        """Run the interpreter, with the checkout's xbench on its path."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path, checkout: dict[str, str]) -> Shell:
    """In an empty folder."""
    return Shell(tmp_path, checkout)


def refused(done: Done, *said: str) -> None:
    """One message, what to do about it, exit status 2, no traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("xbench: ") == 1
    for text in said:
        assert text in done.stderr


def test_help_names_every_command_and_exit_status(shell: Shell) -> None:
    done = shell("--help")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    for text in ("5 nothing was measured", "130 interrupted"):
        assert text in said
    commands = COMMANDS | EXTENSIONS
    assert {"run", "list", "report", "doctor", "claims"} <= commands.keys()
    for name, (about, _) in commands.items():
        assert f" {name} {about} " in said
        assert shell(name, "--help").returncode == 0
    assert f"rounds in each launch, at least {MIN_ROUNDS}" in " ".join(
        shell("run", "-h").stdout.split()
    )


def test_version(shell: Shell) -> None:
    assert shell("--version").stdout.strip() == f"xbench {xbench.__version__}"


def test_a_missing_command_is_a_usage_error(shell: Shell) -> None:
    done = shell()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_list_shows_everything_there_is(shell: Shell) -> None:
    done = shell("list")
    assert done.returncode == 0
    assert done.stderr == ""
    for text in ("numpy", "torch", "tensorflow", "matmul", "mlp_train", "smoke", "quick", "full"):
        assert text in done.stdout
    assert "no automatic differentiation" in done.stdout


def test_dry_run_prints_every_cell_with_time_and_memory_and_writes_nothing(shell: Shell) -> None:
    done = shell("run", "--dry-run", "--preset", "smoke", "--backend", "numpy")
    assert done.returncode == 0
    head, *cells = done.stdout.split("\n\n")[0].splitlines()
    assert head.split() == ["cell", "one", "call", "memory"]
    assert len(cells) == 4
    assert all("numpy/cpu/eager" in cell and "s" in cell and "B" in cell for cell in cells)
    assert "4 cells in 4 groups, 1 launch, about" in done.stdout
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backend", "nunpy"), "did you mean numpy?"),
        (("--op", "matmull"), "did you mean matmul"),
        (("--suite", "matmull"), "did you mean matmul"),
        (("--suite", "missing.py"), "there is no suite file missing.py"),
        (("--preset", "quik"), "did you mean quick?"),
        (("--mode", "eagre"), "did you mean eager?"),
        (("--device", "cuda0"), "cuda:0"),
        (("--allocator", "resue"), "did you mean reuse?"),
        (("--launches", "3", "--target", "2%"), "--launches fixes what --target decides"),
        (("--rounds", "3"), "rounds is 3"),
        (("--rounds", "0"), f"rounds is 0\nHint: at least {MIN_ROUNDS}"),
        (("--target", "0%"), "'0%' is not a share"),
        (("--target", "few"), "'few' is not a share"),
        (("--budget", "soon"), "'soon' is not a time"),
        (("--budget", "0s"), "'0s' is not a time"),
        (("--resume", "nowhere"), "cannot read nowhere"),
        (("--width", "0"), "width is 0"),
        (("--width", "-1"), "width is -1"),
        (("--width", "abc"), "'abc' is neither"),
        (("--width", "²"), "neither a whole number"),
        (("--threads", "0"), "threads is '0'"),
        (("--launches", "0"), "launches is 0"),
        (("--backend", "numpy", "--width", "77777*"), "nothing matches"),
    ],
)
def test_wrong_selections_are_refused(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    refused(shell("run", *arguments), said)
    assert list(shell.folder.iterdir()) == []


def test_every_refusal_ends_in_a_hint(shell: Shell) -> None:
    for arguments in (("--width", "0"), ("--backend", "nunpy"), ("--launches", "0")):
        refused(shell("run", *arguments), "Hint: ")


def test_an_unwritable_folder_is_refused_before_measuring(shell: Shell) -> None:
    (shell.folder / "file").touch()
    for out in ("file", "file/deeper", "/proc/xbench"):
        done = shell("run", "--preset", "smoke", "--backend", "numpy", "--out", out, "--no-report")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "cannot write results" in done.stderr
        assert "Hint: " in done.stderr


@pytest.mark.parametrize(
    "text", ["", "hello\n", HEADER, HEADER + "}\n", "[1]\n", '{"benchmarks": 3}\n', "\x00\xff"]
)
@pytest.mark.parametrize("name", ["run.jsonl", "out.json"])
def test_damaged_and_foreign_results_are_refused(shell: Shell, text: str, name: str) -> None:
    (shell.folder / name).write_text(text)
    refused(shell("report", name), "Hint: ", name)


def test_a_report_of_nothing_is_refused(shell: Shell) -> None:
    refused(shell("report"), "there are no runs in xbench-results", "Hint: ")
    refused(shell("report", "nowhere"), "nowhere", "Hint: ")


def test_a_run_leaves_a_journal_and_a_summary(shell: Shell) -> None:
    done = shell(
        "run", "--preset", "smoke", "--backend", "numpy", "--op", "elementwise", "--no-report"
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (shell.folder / "xbench-results").iterdir()
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == ["header", "ceilings", "worker", "group", "footer"]
    assert lines[0]["command"][:2] == ["xbench", "run"]
    assert lines[1]["compute"]["best"] > 0
    (summary,) = (folder / "summary.jsonl").read_text().splitlines()
    assert json.loads(summary)["time_s"] > 0
    assert "[1/1]" in done.stderr
    assert done.stderr.count("\x1b") == 0


def test_nothing_measured_is_exit_status_5_and_says_why(shell: Shell) -> None:
    done = shell(
        "run",
        "--backend",
        "numpy",
        "--op",
        "copy",
        "--suite",
        "ceilings",
        "--width",
        "9" * 12,
        "8" * 12,
        "--launches",
        "1",
        "--no-report",
    )
    assert done.returncode == 5, done.stderr
    said = done.stderr.partition("nothing was measured:\n")[2].splitlines()
    assert [line.partition(": needs")[0] for line in said] == ["  1 cell would_oom"] * 2


def test_a_wrong_result_is_exit_status_3(shell: Shell) -> None:
    done = shell(
        "run",
        "--preset",
        "smoke",
        "--suite",
        DEFECTS,
        "--backend",
        "numpy",
        "--no-report",
        "--op",
        "transposed_weight",
        "honest",
    )
    assert done.returncode == 3, done.stderr
    assert "invalid" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--dry-run"]])
def test_what_starts_fast_imports_nothing_large(shell: Shell, arguments: list[str]) -> None:
    """A sweep is planned, and the backends are listed, without one of them being imported."""
    code = (
        "import sys; from xbench.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted(set(sys.modules) & set('numpy torch tensorflow pandas matplotlib "
        "scipy jinja2'.split())))"
    )
    done = shell.python("-c", code, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def test_without_any_framework_rows_say_what_to_install(shell: Shell) -> None:
    code = (
        "import importlib.util, sys; real = importlib.util.find_spec\n"
        "gone = ('torch', 'tensorflow')\n"
        "importlib.util.find_spec = lambda n, p=None: None if n in gone else real(n, p)\n"
        "from xbench.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    listed = shell.python("-c", code, "list")
    assert listed.returncode == 0
    assert "not installed: pip install torch" in listed.stdout
    axes = ["--backend", "t*", "--preset", "smoke", "--no-report"]
    done = shell.python("-c", code, "run", *axes)
    assert done.returncode == 5, done.stderr
    assert "cells unsupported: torch is not installed; pip install" in done.stderr
    (summary,) = (shell.folder / "xbench-results").glob("*/summary.jsonl")
    cells = [json.loads(line) for line in summary.read_text().splitlines()]
    assert {cell["status"] for cell in cells} == {"unsupported"}
    assert all("pip install" in cell["reason"] for cell in cells)
