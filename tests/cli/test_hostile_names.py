"""Names, whatever somebody puts into them: refused in words, or harmless."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.places import HELPERS
from xbench.errors import UsageError
from xbench.ops import OPS, get_op
from xbench.ops.suite import Sweep
from xbench.records.read import read_run
from xbench.registry import add_op
from xbench.text import is_plain

DEADLY = HELPERS / "deadly.py"
BAD = (
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/absolute",
    "a/b",
    "a\\b",
    "-option",
    "new\nline",
    "nul\0",
    "\x1b[2J",
    "\u202egnirts",
    "é",
    "a b",
    "x" * 65,
    "x" * 10_000,
    "b\udcff",
    "a,b",
    "a=b",
    "a*",
)
GOOD = ("matmul", "my_op", "flash-attention.v2", "c++", "x" * 64, "_private", "2d")


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_names_that_would_break_a_file_or_a_line_are_refused(name: str) -> None:
    before = dict(OPS)
    with pytest.raises(UsageError, match="an op cannot be called") as raised:
        add_op(replace(get_op("matmul"), name=name))
    assert len(str(raised.value)) < 400
    assert before == OPS


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_are_not(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize("family", ["two\nlines", "\x1b[31mred", "x" * 201, "a\u2028b"], ids=ascii)
def test_a_curve_whose_name_breaks_a_table_is_refused(family: str) -> None:
    shape: dict[str, int | str] = {"m": 2, "k": 2, "n": 2}
    with pytest.raises(UsageError, match="cannot be part of a cell's name"):
        Sweep("matmul", family, lambda width: shape).spec(2, "float32")


def xbench(
    folder: Path, checkout: dict[str, str], *arguments: str | bytes, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "xbench", *arguments],
        cwd=folder,
        env=checkout | variables,
        capture_output=True,
        check=False,
    )


def test_folders_and_files_may_have_any_name(tmp_path: Path, checkout: dict[str, str]) -> None:
    """Bytes that are no UTF-8, blanks, quotes, line ends and option signs; on an ASCII terminal."""
    name = os.fsdecode(b"-b\xff \"'\n$(x)")
    here = tmp_path / name
    here.mkdir()
    suite = here / f"{name}.py"
    suite.write_bytes(DEADLY.read_bytes())
    tiny = ("--op", "harmless", "--preset", "smoke", "--backend", "numpy")
    done = xbench(
        here,
        checkout,
        "run",
        f"--suite={suite}",
        *tiny,
        f"--out={here / name}",
        PYTHONIOENCODING="ascii",
        PYTHONUTF8="0",
        LC_ALL="C",
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    (run,) = (here / name).iterdir()
    assert read_run(run).complete
    assert (run / "report" / "index.html").is_file()
    assert [each for each in tmp_path.iterdir() if each != here] == []
    again = xbench(here, checkout, "run", "--resume", str(run))
    assert b"is complete" in again.stderr
    assert again.returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--op", "x" * 10_000),
        ("run", "--op", "\x1b[2J\n"),
        ("run", "--suite", "../" * 2000 + "x.py"),
        ("run", "--preset", b"\xff"),
        ("run", "--resume", b"\xff"),
        ("report", "x" * 10_000),
        ("report", b"\xff\xfe"),
        ("gate", "--baseline", b"\xff"),
        ("compare", "../..", "/dev/null"),
        ("accept", "x\ny", "--reason", "z"),
        ("export", "/"),
    ],
    ids=ascii,
)
def test_mistaken_names_are_one_message(
    tmp_path: Path, checkout: dict[str, str], arguments: tuple[str | bytes, ...]
) -> None:
    done = xbench(tmp_path, checkout, *arguments)
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"xbench: ") <= 1
    assert b"\x1b[2J" not in done.stderr
    assert list(tmp_path.iterdir()) == []
