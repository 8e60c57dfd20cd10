"""The examples of races, as a person runs them, but with one launch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xbench.process.child import ROOT

EXAMPLES = ROOT / "docs" / "examples"
QUICK = """
import runpy, sys, xbench
race = xbench.race
xbench.race = lambda *given, **named: race(*given, **named | {"launches": 1, "budget": "200s"})
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """What a command of Python's prints. It writes nothing to the folder it is run in."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []
    return done.stdout


@pytest.mark.framework
@pytest.mark.parametrize(
    ("example", "contenders", "also"),
    [
        ("two_functions", ("numpy", "torch"), "torch against numpy: "),
        ("module_compiled", ("eager", "compiled"), "Results agree with each other."),
        ("data_frames", ("pandas", "numpy"), "Results agree with each other."),
    ],
)
def test_an_example_gives_every_contender_a_time(
    tmp_path: Path, checkout: dict[str, str], example: str, contenders: tuple[str, ...], also: str
) -> None:
    said = run(tmp_path, checkout, "-c", QUICK, str(EXAMPLES / f"{example}.py"))
    assert "took the least time" in said
    assert "has no time" not in said
    assert also in said
    for name in contenders:
        assert name in said


@pytest.mark.framework
def test_one_source_runs_on_every_framework_and_so_does_an_op_of_ones_own(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    said = run(tmp_path, checkout, "-c", QUICK, str(EXAMPLES / "one_source.py"))
    options = ["--launches", "1", "--budget", "200s", "--mode", "eager"]
    op = run(tmp_path, checkout, "-m", "xbench", "race", str(EXAMPLES / "own_op.py"), *options)
    for text, names in ((said, ("torch compiled", "tensorflow compiled")), (op, ("torch",))):
        assert "Results verified against the same source in float64." in text
        assert "has no time" not in text
        for name in ("numpy", *names):
            assert name in text
