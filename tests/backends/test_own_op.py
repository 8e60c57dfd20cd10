"""The example of a user's own op: short, right on every backend, and refused when it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from xbench.analysis.summary import CellSummary
from xbench.process.child import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "layer_norm.py"
LONGEST = 60


def run(
    checkout: dict[str, str], suite: Path, out: Path, *words: str
) -> tuple[int, list[CellSummary], str]:
    """A short run of a suite file. Returns: status, cells, what was said."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "xbench",
            "run",
            "--suite",
            str(suite),
            "--width",
            "64",
            "300",
            "--launches",
            "1",
            "--group-budget",
            "0.05",
            "--no-report",
            "--out",
            str(out),
            *words,
        ],
        capture_output=True,
        text=True,
        check=False,
        env=checkout,
    )
    found = [
        line for file in out.glob("*/summary.jsonl") for line in file.read_bytes().splitlines()
    ]
    cells = [msgspec.json.decode(line, type=CellSummary) for line in found]
    return done.returncode, cells, done.stderr


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < LONGEST


@pytest.mark.parametrize(
    "backends", [("numpy",), pytest.param(("torch", "tensorflow"), marks=pytest.mark.framework)]
)
def test_it_is_right_on_every_backend(
    checkout: dict[str, str], tmp_path: Path, backends: tuple[str, ...]
) -> None:
    status, cells, said = run(checkout, EXAMPLE, tmp_path, "--backend", *backends)
    assert status == 0, said
    timed = {(cell.plan.key.backend, cell.plan.width) for cell in cells if cell.time_s is not None}
    assert timed == {(backend, width) for backend in backends for width in (64, 300)}


def test_a_mistake_in_it_is_refused(checkout: dict[str, str], tmp_path: Path) -> None:
    """An epsilon of 1e-3 where 1e-5 was meant: half a thousandth of each entry."""
    wrong = tmp_path / "wrong.py"
    text = EXAMPLE.read_text()
    head, _, tail = text.partition('@implements("layer_norm", "numpy")')
    numpy, _, rest = tail.partition('@implements("layer_norm", "torch")')
    numpy = numpy.replace("+ EPSILON", "+ 1e-3")
    wrong.write_text(
        f'{head}@implements("layer_norm", "numpy"){numpy}@implements("layer_norm", "torch"){rest}'
    )
    status, cells, _ = run(checkout, wrong, tmp_path / "out", "--backend", "numpy")
    assert status == 5
    assert {cell.status for cell in cells} == {"invalid"}
