"""Exhibits asked of workers, and `xbench claims` on runs that are not its own: NumPy only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import twins
from journals import FOOTER, NUMPY, header, write

from xbench import cli, registry
from xbench.claims.model import Request
from xbench.engine.exhibits import show_exhibits
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.records.schema import ExhibitLine

HERE = Path(__file__).parent
NAMES = {
    "numpy": "backends.numpy_backend:NumpyBackend",
    "absent": f"{twins.__name__}:Absent",
    "gone": f"{twins.__name__}:Gone",
}


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ExhibitLine]:
    """What three backends show, of which one is not installed and one dies."""
    monkeypatch.setattr(registry, "BACKENDS", NAMES)
    monkeypatch.setenv("PYTHONPATH", f"{HERE}{os.pathsep}{HERE.parent}")
    requests = (
        Request("quadratic", ("numpy", "absent", "gone")),
        Request("nowhere", ("numpy",)),
        Request("quadratic", ("gone", "numpy"), name="again"),
    )
    settings = Settings(5, tmp_path, ())
    for folder in (settings.scratch, settings.logs):
        folder.mkdir()
    found: list[ExhibitLine] = []
    with Workers(settings, 0, 2, lambda facts: None) as workers:
        show_exhibits(workers, requests, found.append)
    return found


def test_every_request_has_a_line_whatever_happens(lines: list[ExhibitLine]) -> None:
    assert [(each.exhibit, each.worker, each.status) for each in lines] == [
        ("quadratic", "numpy eager", "ok"),
        ("quadratic", "absent eager", "unsupported"),
        ("quadratic", "gone eager", "crashed"),
        ("nowhere", "numpy eager", "unsupported"),
        ("again", "gone eager", "crashed"),
        ("again", "numpy eager", "ok"),
    ]
    one, absent, gone, nowhere, _, again = lines
    assert one.values == again.values
    assert one.values["gradient"] == [8, 12]
    assert absent.reason == "absent is not installed; pip install absent"
    assert "exit status 9" in gone.reason
    assert nowhere.reason == "numpy has no exhibit 'nowhere'"


def test_a_run_of_something_else_is_not_ruled_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(tmp_path, header(NUMPY), FOOTER)
    assert cli.main(["claims", "--run", str(run)]) == 2
    assert "not of `xbench claims`" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == [run.name]
