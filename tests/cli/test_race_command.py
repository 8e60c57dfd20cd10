"""`xbench race`: lines of Python in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest

from xbench.cli.parser import make_parser
from xbench.errors import UsageError
from xbench.racing.lines import data_used, named_lines, namespace_after


def test_lines_are_raced_over_sizes_and_give_json(tmp_path: Path, checkout: dict[str, str]) -> None:
    setup = "import numpy as np; x = np.random.rand(n)"
    options = ["-s", setup, "--over", "n=10,10**3", "--launches", "1", "--budget", "30s", "--json"]
    lines = ["y = x + x", "x * 3", "2 * x"]
    done = subprocess.run(
        [sys.executable, "-m", "xbench", "race", *options, "--out", "report", *lines],
        cwd=tmp_path,
        env=checkout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)["rows"]
    assert [(row["size"], row["contender"]) for row in found] == [
        (size, line) for size in (10, 1000) for line in lines
    ]
    wrong = [row for row in found if row["contender"] == "x * 3"]
    assert {row["status"] for row in wrong} == {"invalid"}
    assert "differs from y = x + x" in wrong[0]["reason"]
    assert all(row["time_s"] > 0.0 for row in found if row not in wrong)
    assert "x * 3" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["report"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-s", "x = 1 +", "x", "x + x"], "the setup is no Python"),
        (["-s", "x = y", "x", "x + x"], "the setup raised NameError: name 'y' is not defined"),
        (["x +", "1"], "'x [+]' is no Python"),
        (["1 + 1", "1 + 1"], "two contenders are called '1 [+] 1'"),
        (["-n", "a", "-n", "b", "1 + 1"], "2 names are given for 1 lines"),
        (["--over", "64,512", "1 + 1"], "--over is '64,512'"),
        (["--over", "n=64,x", "1 + 1"], "--over is 'n=64,x'"),
        (["--budget", "soon", "1 + 1"], "budget is 'soon'"),
    ],
)
def test_mistakes_are_one_sentence_and_the_next_step(options: list[str], said: str) -> None:
    from xbench.cli import race

    with pytest.raises(UsageError, match=said) as caught:
        race.raced(make_parser().parse_args(["race", *options], Namespace(command_line=["xbench"])))
    assert caught.value.hint


def test_the_data_that_lines_use_are_their_arguments() -> None:
    made = namespace_after("import math\nx, y, z = [1.0], 2, 3\ndef f(a):\n    return a", {"n": 5})
    assert isinstance(made["math"], ModuleType)
    assert data_used(["f(x) + math.pi", "n + y"], made) == {"x": [1.0], "n": 5, "y": 2}


def test_a_line_that_ends_in_an_assignment_gives_what_it_assigned() -> None:
    assert named_lines(["y = x + x", " x * 2 "], ["sum"]) == {
        "sum": "y = x + x\ny",
        "x * 2": "x * 2",
    }
