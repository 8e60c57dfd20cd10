"""NVIDIA GPUs: is anybody else there, is something holding the clock down."""

from __future__ import annotations

from collections.abc import Iterator

from xbench.doctor.finding import Finding
from xbench.gpu.nvml import Card, library
from xbench.records.gpu_state import GpuState
from xbench.text import show_bytes

CROWDED_SHARE = 0.02
"""Of a card's memory: a driver's own reserve is less, another program's context is not."""

HOT_CELSIUS = 80


def without_library(gpus: tuple[str, ...]) -> Finding | None:
    """GPUs of which clocks, heat and company cannot be read."""
    if not gpus or library() is not None or gpus[0].startswith("AMD"):
        return None
    return Finding(
        "GPU state", "note", f"{', '.join(gpus)}: clocks and other processes cannot be read",
        "a throttled or shared GPU then looks like a slow one",
        "install the driver's library for Python:", "pip install 'xbench[nvidia]'",
    )  # fmt: skip


def state(device: str, card: Card, found: GpuState) -> Iterator[Finding]:
    """Who else holds memory, what lowers the clock, how hot it is."""
    used = found.used_bytes
    if used is not None:
        crowded = used > CROWDED_SHARE * card.memory_bytes
        yield Finding(
            f"{device} memory", "warning" if crowded else "ok",
            f"{show_bytes(used)} of {show_bytes(card.memory_bytes)} in use on {card.name}",
            "another program there takes turns with what is measured, unseen by any clock of ours",
            "see who it is, and end it:" if crowded else "nothing to do",
            "nvidia-smi" if crowded else "",
            {"device": device, "used_bytes": used, "memory_bytes": card.memory_bytes},
        )  # fmt: skip
    clock = f"SM clock {found.sm_mhz} of {found.max_sm_mhz} MHz"
    slowed = ", ".join(found.slowed_by)
    yield Finding(
        f"{device} clock", "warning" if slowed else "note" if found.clock_set else "ok",
        f"{clock}{', held down by ' + slowed if slowed else ', set by the user' * found.clock_set}",
        "what is measured then says more about cooling and power than about the code",
        "let it cool, or raise its limit" if slowed else "nothing to do",
        values={"device": device, "sm_mhz": found.sm_mhz, "max_sm_mhz": found.max_sm_mhz},
    )  # fmt: skip
    if found.celsius is not None:
        hot = found.celsius >= HOT_CELSIUS
        yield Finding(
            f"{device} heat", "warning" if hot else "ok", f"{found.celsius} °C",
            "a hot GPU lowers its clock", "let it cool" if hot else "nothing to do",
            values={"device": device, "celsius": found.celsius},
        )  # fmt: skip
