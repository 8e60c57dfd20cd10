"""GPUs as NVIDIA's library tells of them, by a scripted library with the real one's names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from xbench.doctor import processor_findings
from xbench.machine import machine, nvml
from xbench.machine.nvml import GpuState
from xbench.plan.plan import make_plan
from xbench.reports.sources import gpu_lines

GIB = 1 << 30
UUIDS = ("GPU-aaaa-1", "GPU-bbbb-2")


class NVMLError(Exception):
    """What the library raises for whatever it will not say."""


@dataclass
class Library:
    """Two cards. `silent` names questions that are not answered."""

    NVMLError = NVMLError
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    silent: set[str] = field(default_factory=set)
    reasons: int = 0
    processes: dict[int, int | None] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("nvml"):
            raise AttributeError(name)

        def ask(*arguments: Any) -> Any:
            if name in self.silent:
                raise NVMLError(name)
            return self._answers(*arguments)[name]

        return ask

    def _answers(self, card: Any = 0, clock: int = 0) -> dict[str, Any]:
        place = card if isinstance(card, int) and card < len(UUIDS) else 0
        return {
            "nvmlInit": None,
            "nvmlDeviceGetCount": len(UUIDS),
            "nvmlDeviceGetHandleByIndex": card,
            "nvmlDeviceGetUUID": UUIDS[place],
            "nvmlDeviceGetName": b"Card" if place else "Card",
            "nvmlSystemGetDriverVersion": "580.1",
            "nvmlDeviceGetPciInfo": SimpleNamespace(busId=f"0000:0{place}:00.0"),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=80 * GIB, used=3 * GIB),
            "nvmlDeviceGetCurrentClocksEventReasons": self.reasons,
            "nvmlDeviceGetPowerUsage": 72_295,
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetClockInfo": {1: 345, 2: 2619}.get(clock),
            "nvmlDeviceGetMaxClockInfo": 1980,
            "nvmlDeviceGetTemperature": 37,
            "nvmlDeviceGetComputeRunningProcesses": [
                SimpleNamespace(pid=pid, usedGpuMemory=held) for pid, held in self.processes.items()
            ],
            "nvmlDeviceGetGraphicsRunningProcesses": [],
        }


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """The scripted library in the real one's place."""
    scripted: Any = Library()
    monkeypatch.setitem(sys.modules, "pynvml", scripted)
    nvml.library.cache_clear()
    yield scripted
    nvml.library.cache_clear()


def test_a_cards_state_is_read_in_its_units(library: Library) -> None:
    found = nvml.state_of("cuda:1", (), {})
    assert found == GpuState(
        device="cuda:1",
        sm_mhz=345,
        max_sm_mhz=1980,
        memory_mhz=2619,
        celsius=37,
        watts=72.295,
        limit_watts=700.0,
        used_bytes=3 * GIB,
    )
    card = nvml.card_of("cuda:1", {})
    assert card == nvml.Card("Card", UUIDS[1], "0000:01:00.0", 80 * GIB, "580.1")
    assert nvml.state_of("cuda:2", (), {}) is None
    assert nvml.state_of("cpu", (), {}) is None


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x1, []),  # idle
        (0x4, ["power cap"]),
        (0x60, ["thermal slowdown (software)", "thermal slowdown (hardware)"]),
        (0x2 | 0x8, ["hardware slowdown"]),
    ],
)
def test_what_lowers_the_clock_is_named(library: Library, bits: int, words: list[str]) -> None:
    library.reasons = bits
    found = nvml.state_of("cuda:0", (), {})
    assert found is not None
    assert found.slowed_by == words
    assert found.clock_set is bool(bits & 0x2)


@pytest.mark.parametrize(
    ("processes", "foreign"),
    [
        ({7: GIB, 9: 2 * GIB}, 2 * GIB),
        ({7: None, 9: None}, 0),
        ({9: 2 * GIB}, None),  # ours is not on the list, so its numbers are not our system's
        ({}, None),
    ],
)
def test_only_processes_that_are_surely_not_ours_are_company(
    library: Library, processes: dict[int, int | None], foreign: int | None
) -> None:
    library.processes = processes
    found = nvml.state_of("cuda:0", {7}, {})
    assert found is not None
    assert found.foreign_bytes == foreign


def test_what_a_card_does_not_say_is_missing_and_no_error(library: Library) -> None:
    library.silent = {
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetPowerUsage",
        "nvmlDeviceGetTemperature",
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetPciInfo",
    }
    found = nvml.state_of("cuda:0", {7}, {})
    assert found is not None
    assert (found.watts, found.celsius, found.slowed_by, found.foreign_bytes) == (
        None,
        None,
        [],
        None,
    )
    assert found.used_bytes == 3 * GIB
    library.silent |= {"nvmlDeviceGetMemoryInfo"}
    assert nvml.card_of("cuda:0", {}) is None


def test_without_the_drivers_library_there_are_no_cards(library: Library) -> None:
    library.silent = {"nvmlInit"}
    assert nvml.cards() == []
    assert nvml.state_of("cuda:0", (), {}) is None
    assert nvml.device_bytes(["cpu", "cuda:0"]) == {}


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (None, [0, 1]),
        ("1", [1]),
        ("1,0", [1, 0]),
        ("", []),
        ("-1", []),
        ("1,-1,0", [1]),
        ("0,0", [0]),
        ("7,0", []),
        ("GPU-bbbb", [1]),
        ("GPU-", []),  # names two
    ],
)
def test_frameworks_see_the_cards_that_are_made_visible(asked: str | None, seen: list[int]) -> None:
    environment = {} if asked is None else {"CUDA_VISIBLE_DEVICES": asked}
    assert nvml.visible(2, list(UUIDS), environment) == seen


def test_devices_are_those_that_are_visible(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine.Machine("cpu", 2, GIB, ("Card", "Card"))
    monkeypatch.setattr(machine, "this_machine", lambda: here)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine.devices() == ("cpu", "cuda:0", "cuda:1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert machine.devices() == ("cpu", "cuda:0")
    card = nvml.card_of("cuda:0")
    assert card is not None
    assert card.uuid == UUIDS[1]


def test_a_run_says_what_held_the_gpu_back() -> None:
    calm = GpuState(device="cuda:0")
    slow = GpuState(device="cuda:0", slowed_by=["power cap"])
    shared = GpuState(device="cuda:0", foreign_bytes=3 * GIB)
    assert gpu_lines([[], [calm, calm]]) == []
    assert gpu_lines([[], [calm, slow], [slow, slow], [calm, shared]]) == [
        "cuda:0 lowered its clock in 2 of 3 groups (power cap)",
        "other processes held up to 3.22 GB of cuda:0 meanwhile",
    ]


def test_the_doctor_tells_a_crowded_or_slowed_card(library: Library) -> None:
    library.reasons = 0x40
    card, found = nvml.card_of("cuda:0", {}), nvml.state_of("cuda:0", (), {})
    assert card is not None
    assert found is not None
    memory, clock, heat = processor_findings.state("cuda:0", card, found)
    assert (memory.level, clock.level, heat.level) == ("warning", "warning", "ok")
    assert "held down by thermal slowdown (hardware)" in clock.seen
    assert processor_findings.without_library(("Card",)) is None
    library.silent = {"nvmlInit"}
    nvml.library.cache_clear()
    lacking = processor_findings.without_library(("Card",))
    assert lacking is not None
    assert "xbench[nvidia]" in lacking.command


def test_the_scripted_librarys_names_are_the_real_ones() -> None:
    if importlib.util.find_spec("pynvml") is None:
        pytest.skip("nvidia-ml-py is not installed")
    real = importlib.import_module("pynvml")
    assert [name for name in Library()._answers() if not hasattr(real, name)] == []
    for name in ("NVML_CLOCK_SM", "NVML_CLOCK_MEM", "NVML_TEMPERATURE_GPU"):
        assert getattr(real, name) == getattr(Library, name)
    for bit in nvml.SLOWING:
        assert any(getattr(real, name) == bit for name in dir(real) if "EventReason" in name), bit


def test_what_a_device_cannot_hold_is_refused_with_both_figures() -> None:
    from xbench.plan.build import build_rows
    from xbench.plan.select import Selection
    from xbench.suites.presets import PRESETS

    axes: dict[str, tuple[str, ...]] = {
        "device": ("cuda:0",),
        "backend": ("torch",),
        "op": ("elementwise",),
        "width": ("20480",),
    }
    rows = build_rows(Selection(PRESETS["quick"], (), axes), ("cuda:0",), 2)
    small = make_plan(rows, 1, 1.0, 2, 1 << 35, device_bytes={"cuda:0": 20_000_000})
    (row,) = small.rows
    assert row.status == "would_oom"
    assert "17 MB can be used on cuda:0" in row.reason
    assert make_plan(rows, 1, 1.0, 2, 1 << 35).rows[0].status is None
