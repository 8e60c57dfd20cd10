"""Frameworks that leave work undone, or hand out what was computed before: none gets a number, in
a run and in the conformance kit; one that keeps its promises at once gets all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers import lazy_adapters
from helpers.places import ROOT, TESTS
from xbench import registry
from xbench.analysis.summary import CellSummary
from xbench.conformance import adapter_checks
from xbench.conformance.subject import Subject, examined
from xbench.contracts import Spec
from xbench.engine.progress import SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.schedule import Schedule
from xbench.engine.settings import Settings, make_header
from xbench.ops import OPS
from xbench.plan.build import build_rows
from xbench.plan.cell import Group
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.suites.presets import PRESETS

CELLS = {"op": ("elementwise", "matmul", "mlp_train"), "width": ("512",)}
SAID = {
    "nofence": ("fence",),
    "lastonly": ("fence",),
    "firstonly": ("fence",),
    "abovesize": ("fence",),
    "lazyput": ("copy inside put",),
    "byidentity": ("every call must compute its own",),
    "byvalue": ("every call must compute its own",),
    "lastone": ("every call must compute its own",),
    "inpairs": ("every call must compute its own",),
    "everysecond": ("every call must compute its own",),
    "heldonly": ("compute every call's",),
}
"""What a reason must hold, so that it says what to do."""


def cells_of(folder: Path, *classes: type, launches: int = 1) -> list[CellSummary]:
    """Measure adapters of `lazy_adapters` beside NumPy, for a moment."""
    names = {each.name: f"helpers.lazy_adapters:{each.__name__}" for each in classes}  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        backends = {"numpy": "xbench.backends.numpy_backend:NumpyBackend"} | names
        patch.setattr(registry, "BACKENDS", backends)
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{ROOT}")
        axes = CELLS | {"backend": tuple(backends), "threads": ("1",)}
        rows = build_rows(Selection(PRESETS["smoke"], (), axes), ("cpu",), 1)
        plan = make_plan(rows, launches, 0.05, 1, 1 << 33)
        made = make_run_folder(folder, "run")
        header = make_header(plan, made.name, "smoke", ["xbench", "run"], 5)
        return run_plan(plan, Settings(5, made), header, SilentProgress())[1]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[CellSummary]:
    """All of them in one run."""
    every = (*lazy_adapters.LAZY, *lazy_adapters.KEEPING, lazy_adapters.Eager)
    return cells_of(tmp_path_factory.mktemp("lazy"), *every)


@pytest.mark.parametrize("name", SAID)
def test_none_of_its_cells_has_a_time_and_each_says_what_to_do(
    measured: list[CellSummary], name: str
) -> None:
    mine = [cell for cell in measured if cell.plan.key.backend == name]
    mine = [cell for cell in mine if not _in_no_doubt(name, cell.plan.key.op)]
    assert mine
    for cell in mine:
        assert (cell.status, cell.time_s) == ("invalid", None), (cell.id, cell.reason)
        assert any(text in cell.reason for text in SAID[name]), cell.reason


def _in_no_doubt(name: str, op: str) -> bool:
    """A training step's state goes from call to call: a fence on the last waits for all, and an
    object that is new in each call is in no list of results kept by identity. A copy, or noting a
    promise, takes about as long as an elementwise call."""
    if name in ("everysecond", "heldonly") and op == "elementwise":
        return True
    return op == "mlp_train" and name not in ("nofence", "byvalue", "lazyput")


@pytest.mark.parametrize("name", ["numpy", "eager"])
def test_honest_ones_get_all_their_times(measured: list[CellSummary], name: str) -> None:
    mine = [cell for cell in measured if cell.plan.key.backend == name]
    assert len(mine) == 3
    for cell in mine:
        assert cell.time_s is not None, (cell.id, cell.reason)


def test_work_is_checked_in_a_later_launch_where_the_first_had_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Schedule.order

    def left_out(schedule: Schedule, groups: Sequence[Group], launch: int) -> list[Group]:
        return order(schedule, groups, launch) if launch else []

    monkeypatch.setattr(Schedule, "order", left_out)
    monkeypatch.setitem(CELLS, "op", ("matmul",))
    cells = cells_of(tmp_path, lazy_adapters.ByIdentity, launches=2)
    assert [cell.status for cell in cells] == ["ok", "invalid"]
    assert SAID["byidentity"][0] in cells[1].reason


def test_what_stores_results_after_many_calls_is_refused_where_bursts_have_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CELLS, "op", ("mlp_forward",))
    monkeypatch.setitem(CELLS, "width", ("65536",))
    honest, learns = cells_of(tmp_path, lazy_adapters.Learns)
    assert (honest.status, learns.status) == ("ok", "invalid"), learns.reason
    assert "every call must compute its own" in learns.reason


TRIES = 5
"""What is timed on a busy machine may once look as it should."""


def refusals(subject: Subject, spec: Spec) -> list[str]:
    return [*adapter_checks.works(subject, spec, "none"), *adapter_checks.owns(subject, "float32")]


@pytest.mark.parametrize("kind", [*lazy_adapters.LAZY, *lazy_adapters.KEEPING])
def test_the_kit_refuses_it(kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TESTS)
    size = 512 if kind is lazy_adapters.EverySecond else 256  # a copy is far less than a call
    spec = OPS["matmul"].spec("float32", m=size, k=size, n=size)
    with examined(
        f"helpers.lazy_adapters:{kind.__name__}", "cpu", "eager", tmp_path / "x"
    ) as subject:
        assert any(refusals(subject, spec) for _ in range(TRIES))


def test_the_kit_accepts_promises_that_are_kept_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(TESTS)
    spec = OPS["matmul"].spec("float32", m=256, k=256, n=256)
    with examined("helpers.lazy_adapters:Eager", "cpu", "eager", tmp_path / "x") as subject:
        assert list(adapter_checks.works(subject, spec, "none")) == []
