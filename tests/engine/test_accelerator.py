"""A device that is not the CPU, end to end: its name, events, ceilings, transfers, and refusals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.places import ROOT, TESTS
from xbench import registry
from xbench.analysis.summary import CellSummary
from xbench.engine.progress import PlainProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection, choose_devices
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.records.schema import CellLine
from xbench.reports.assemble import write_report
from xbench.suites.presets import PRESETS
from xbench.worker import framework_ceilings

BACKENDS = {
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    "npu": "helpers.accelerator:Npu",
    "hasty": "helpers.accelerator:Hasty",
}
Measured = tuple[Run, dict[tuple[str, str, str], CellSummary]]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The planted adapters registered, here and in workers; ceilings kept in a folder of ours."""
    folder = tmp_path_factory.mktemp("devices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "BACKENDS", BACKENDS)
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{ROOT}")
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.syspath_prepend(TESTS)
        yield folder


def measure(folder: Path, devices: tuple[str, ...], axes: dict[str, tuple[str, ...]]) -> Measured:
    """A short run. Returns: it, and its cells by op, backend and device."""
    chosen = choose_devices(devices, ("cpu",))
    suites = ("elementwise", "matmul", "transfers")
    selection = Selection(PRESETS["smoke"], suites, {"device": devices} | axes)
    plan = make_plan(build_rows(selection, chosen, 2), 1, 0.02, 2, 1 << 33)
    made = make_run_folder(folder, f"run-{len(list(folder.iterdir()))}")
    header = make_header(plan, made.name, "smoke", ["xbench", "run"], 5)
    run, summaries = run_plan(plan, Settings(5, made), header, PlainProgress(plan))
    return run, {
        (each.plan.key.op, each.plan.key.backend, each.plan.key.device): each for each in summaries
    }


@pytest.fixture(scope="module")
def measured(planted: Path) -> Measured:
    """A run on `npu:0`, beside NumPy on the CPU."""
    ops = ("elementwise", "matmul", "host_to_device", "device_to_host")
    return measure(planted, ("npu:0", "cpu"), {"op": ops, "backend": ("numpy", "npu")})


def test_its_cells_are_measured_and_right(measured: Measured) -> None:
    _, cells = measured
    on_device = {name[0]: cell for name, cell in cells.items() if name[1:] == ("npu", "npu:0")}
    assert {name: cell.status for name, cell in on_device.items()} == {
        "elementwise": "ok",
        "matmul": "ok",
        "host_to_device": "ok",
        "device_to_host": "ok",
    }
    assert cells["elementwise", "numpy", "cpu"].status == "ok"


def test_a_device_without_its_backend_is_refused_in_words(measured: Measured) -> None:
    _, cells = measured
    refused = cells["elementwise", "numpy", "npu:0"]
    assert (refused.status, refused.reason) == ("unsupported", "numpy runs on cpu, not on npu:0")
    assert "the cpu is the host" in cells["host_to_device", "numpy", "cpu"].reason


def test_its_own_events_are_kept_beside_the_wall(measured: Measured) -> None:
    run, _ = measured
    lines = {line.id: line for group in run.groups for line in group.cells}
    own = [line for name, line in lines.items() if "/npu:0/" in name and line.status == "ok"]
    assert own
    for line in own:
        assert len(line.timed.device_ns) == len(line.timed.wall_ns)
        pairs = zip(line.timed.device_ns, line.timed.wall_ns, strict=True)
        assert all(0 < device <= wall for device, wall in pairs), line.id
    cpu: CellLine = next(line for name, line in lines.items() if "/cpu/" in name)
    assert cpu.timed.device_ns == []


def test_its_ceilings_come_from_its_own_framework(measured: Measured) -> None:
    run, cells = measured
    line = next(line for line in run.ceilings if line.device == "npu:0")
    assert (line.by, line.cache_bytes, line.dtype) == ("npu", 1 << 20, "float32")
    assert line.bandwidth is not None
    assert line.compute is not None
    assert line.array_bytes == framework_ceilings.CACHE_TIMES << 20
    assert cells["matmul", "npu", "npu:0"].compute_fraction is not None


@pytest.fixture
def _no_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what is asked here, and for long where a device does not wait."""
    monkeypatch.setattr("xbench.engine.run_plan.known_ceilings", lambda *given: iter(()))


@pytest.mark.usefixtures("_no_ceilings")
def test_a_fence_that_does_not_wait_is_refused(planted: Path) -> None:
    axes: dict[str, tuple[str, ...]] = {
        "op": ("elementwise",),
        "backend": ("hasty",),
        "width": ("512",),
    }
    _, cells = measure(planted, ("npu:0",), axes)
    refused = cells["elementwise", "hasty", "npu:0"]
    assert refused.status == "invalid"
    assert "the fence returned early" in refused.reason


def test_a_device_that_is_not_there_is_refused_by_name(planted: Path) -> None:
    _, cells = measure(planted, ("npu:7",), {"op": ("matmul",), "backend": ("npu",)})
    refused = cells["matmul", "npu", "npu:7"]
    assert (refused.status, refused.reason) == ("unsupported", "there is no npu:7, only npu:0")


def test_the_report_shows_both_clocks(measured: Measured) -> None:
    run, cells = measured
    cell = cells["matmul", "npu", "npu:0"]
    assert cell.device_s is not None
    assert cell.time_s is not None
    assert 0.0 < cell.device_s <= 1.05 * cell.time_s
    assert cells["matmul", "numpy", "cpu"].device_s is None
    write_report([run.folder], run.folder / "report", None)
    text = (run.folder / "report" / "report.md").read_text()
    assert "by the clock on the wall, and by the events of the device" in text
    assert "float32, npu:0, all cores, through npu" in text
