"""Exhibits asked of workers, and `xbench claims` on runs that are not its own: NumPy only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers import twins
from helpers.journals import FOOTER, NUMPY, header, write
from helpers.places import ROOT, TESTS
from xbench import cli, registry
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.records.schema import ValuesLine
from xbench.suites.claims.claim import Request
from xbench.suites.claims.show import show_exhibits

CURVE = {
    "op": "mlp_train",
    "dtype": "float32",
    "mode": "eager",
    "gradient": "manual",
    "steps": 2,
    "seed": 5,
    "params": {"n": 4, "d": 1, "h": 8, "o": 1, "optimizer": "adam", "loss": "mse"},
}
NAMES = {
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    "absent": f"{twins.__name__}:Absent",
    "gone": f"{twins.__name__}:Gone",
}


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ValuesLine]:
    """What three backends show, of which one is not installed and one dies."""
    monkeypatch.setattr(registry, "BACKENDS", NAMES)
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{ROOT}")
    requests = (
        Request("quadratic", ("numpy", "absent")),
        Request("loss_curve", ("gone", "numpy"), params=CURVE),
        Request("nowhere", ("numpy",)),
        Request("loss_curve", ("gone", "numpy"), params=CURVE, name="again"),
    )
    settings = Settings(5, tmp_path, ())
    for folder in (settings.scratch, settings.logs):
        folder.mkdir()
    with Workers(settings, 0, 2, lambda facts: None) as workers:
        return list(show_exhibits(workers, requests))


def test_every_request_has_a_line_whatever_happens(lines: list[ValuesLine]) -> None:
    assert [(each.name, each.worker.id, each.status) for each in lines] == [
        ("quadratic", "numpy/cpu/eager/tall", "ok"),
        ("quadratic", "absent/cpu/eager/tall", "unsupported"),
        ("loss_curve", "gone/cpu/eager/tall", "crashed"),
        ("loss_curve", "numpy/cpu/eager/tall", "ok"),
        ("nowhere", "numpy/cpu/eager/tall", "unsupported"),
        ("again", "gone/cpu/eager/tall", "crashed"),
        ("again", "numpy/cpu/eager/tall", "ok"),
    ]
    quadratic, absent, gone, curve, nowhere, _, again = lines
    assert quadratic.values["gradient"] == [8, 12]
    assert len(curve.values["losses"]) == 2
    assert curve.values == again.values
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
