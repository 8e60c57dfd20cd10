"""Cards and their state, asked of NVIDIA's management library through `nvidia-ml-py` (`pynvml`).

Whatever is missing (the package, the driver's library, a card that does not answer a question) is
None or an empty list: no run fails of it. Cards are in the order of their PCI bus, which is also
the order of `cuda:N`, since workers start with CUDA_DEVICE_ORDER=PCI_BUS_ID.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

# The state of a GPU at one moment, as its driver told it.


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """Null is what the driver did not say. `slowed_by` names what holds the clock down, `clock_set`
    says that the user does. `foreign_bytes` is the memory of processes that are not this run's:
    null where the driver lists none of ours either, so that its list cannot be matched (inside a
    container or a virtual machine)."""

    device: str
    sm_mhz: int | None = None
    max_sm_mhz: int | None = None
    memory_mhz: int | None = None
    celsius: int | None = None
    watts: float | None = None
    limit_watts: float | None = None
    slowed_by: list[str] = []
    clock_set: bool = False
    used_bytes: int | None = None
    foreign_bytes: int | None = None


SLOWING = {
    0x0000000000000004: "power cap",
    0x0000000000000008: "hardware slowdown",
    0x0000000000000010: "sync boost",
    0x0000000000000020: "thermal slowdown (software)",
    0x0000000000000040: "thermal slowdown (hardware)",
    0x0000000000000080: "power brake",
    0x0000000000000100: "display clocks",
}
"""The bits of NVML's clocks event reasons that lower a clock. Not among them: 1, idle, and 2, a
clock the user has set."""

SET_BY_USER = 0x0000000000000002


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU: what does not change while a run lasts."""

    name: str
    uuid: str
    bus: str
    memory_bytes: int
    driver: str


@cache
def library() -> Any:
    """The module, initialised; None where it, or the driver's library, is not there."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # no package, no library, no driver, no permission: each its own class
        return None
    return nvml


def cards() -> list[Card]:
    """Every card of the machine."""
    return [card for handle in _handles() if (card := _card(handle)) is not None]


def card_of(device: str, environment: Mapping[str, str] = os.environ) -> Card | None:
    """The card that a worker calls `cuda:N`."""
    handle = _handle_of(device, environment)
    return None if handle is None else _card(handle)


def device_bytes(devices: Iterable[str]) -> dict[str, int]:
    """The memory of those devices that tell."""
    found = ((device, card_of(device)) for device in devices if device != "cpu")
    return {device: card.memory_bytes for device, card in found if card is not None}


def state_of(
    device: str, ours: Collection[int], environment: Mapping[str, str] = os.environ
) -> GpuState | None:
    """Clocks, heat, memory and company of `cuda:N` now; `ours` are the ids of processes that are
    not company."""
    handle = _handle_of(device, environment)
    if handle is None:
        return None
    nvml = library()
    reasons = _asked(nvml.nvmlDeviceGetCurrentClocksEventReasons, handle)
    memory = _asked(nvml.nvmlDeviceGetMemoryInfo, handle)
    milliwatts = _asked(nvml.nvmlDeviceGetPowerUsage, handle)
    limit = _asked(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    return GpuState(
        device=device,
        sm_mhz=_asked(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM),
        max_sm_mhz=_asked(nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM),
        memory_mhz=_asked(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_MEM),
        celsius=_asked(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        watts=None if milliwatts is None else milliwatts / 1000,
        limit_watts=None if limit is None else limit / 1000,
        slowed_by=[word for bit, word in SLOWING.items() if bit & (reasons or 0)],
        clock_set=bool(SET_BY_USER & (reasons or 0)),
        used_bytes=None if memory is None else int(memory.used),
        foreign_bytes=_foreign_bytes(nvml, handle, ours),
    )


def _foreign_bytes(nvml: Any, handle: Any, ours: Collection[int]) -> int | None:
    """What processes hold that are not ours; None if none of ours is listed, since the numbers may
    then be another system's."""
    asked = (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses)
    found = {each.pid: each.usedGpuMemory for ask in asked for each in _asked(ask, handle) or []}
    if not found.keys() & set(ours):
        return None
    return sum(int(held or 0) for pid, held in found.items() if pid not in ours)


def visible(count: int, uuids: list[str], environment: Mapping[str, str]) -> list[int]:
    """Which of `count` cards frameworks see, in their order, by CUDA_VISIBLE_DEVICES: numbers or
    beginnings of UUIDs. As CUDA has it, the first word that names no card ends the list."""
    asked = environment.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return list(range(count))
    chosen: list[int] = []
    for word in (part.strip() for part in asked.split(",")):
        named = [place for place, uuid in enumerate(uuids) if word and uuid.startswith(word)]
        place = int(word) if word.isdecimal() else named[0] if len(named) == 1 else -1
        if not 0 <= place < count or place in chosen:
            break
        chosen.append(place)
    return chosen


def _handles() -> list[Any]:
    nvml = library()
    if nvml is None:
        return []
    count = _asked(nvml.nvmlDeviceGetCount) or 0
    handles = [_asked(nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
    return [handle for handle in handles if handle is not None]


def _handle_of(device: str, environment: Mapping[str, str]) -> Any:
    kind, _, number = device.partition(":")
    handles = _handles() if kind == "cuda" else []
    if not handles:
        return None
    uuids = [_text(_asked(library().nvmlDeviceGetUUID, handle)) for handle in handles]
    seen = visible(len(handles), uuids, environment)
    place = int(number or 0)
    return handles[seen[place]] if place < len(seen) else None


def _card(handle: Any) -> Card | None:
    nvml = library()
    memory = _asked(nvml.nvmlDeviceGetMemoryInfo, handle)
    if memory is None:
        return None
    pci = _asked(nvml.nvmlDeviceGetPciInfo, handle)
    return Card(
        _text(_asked(nvml.nvmlDeviceGetName, handle)),
        _text(_asked(nvml.nvmlDeviceGetUUID, handle)),
        _text(pci.busId if pci is not None else None),
        int(memory.total),
        _text(_asked(nvml.nvmlSystemGetDriverVersion)),
    )


def _asked(ask: Callable[..., Any], *arguments: Any) -> Any:
    """The answer, or None where this card or driver has none."""
    try:
        return ask(*arguments)
    except library().NVMLError:
        return None


def _text(found: Any) -> str:
    return found.decode() if isinstance(found, bytes) else "" if found is None else str(found)
