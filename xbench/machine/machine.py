"""This machine: what decides which runs may be compared, its devices, and its free memory."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xbench import files
from xbench.machine import cgroup
from xbench.machine.nvml import cards, visible
from xbench.machine.processor import this_processor


@dataclass(frozen=True, slots=True)
class Machine:
    """What makes two machines comparable; `gpus` are their names in order. `cpu_details` and
    `own_identity` are those of `Processor`."""

    cpu: str
    cores: int
    ram_bytes: int
    gpus: tuple[str, ...]
    cpu_details: str = ""
    own_identity: str = ""

    @property
    def key(self) -> str:
        """A short hash; RAM counts in whole GiB, since kernels reserve different amounts."""
        import hashlib

        size = round(self.ram_bytes / 2**30)
        parts = (self.cpu, self.cpu_details, self.own_identity, self.cores, size, self.gpus)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@cache
def this_machine() -> Machine:
    """The machine and the cores this process may use."""
    found = this_processor()
    return Machine(
        found.name or f"unknown processor ({platform.machine()})",
        _usable_cores(),
        _ram_bytes(),
        _gpu_names(),
        found.details,
        found.own_identity,
    )


def devices() -> tuple[str, ...]:
    """`cpu` and each GPU the operating system shows to frameworks, found without any of them."""
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return ("cpu", "mps:0")
    count = len(this_machine().gpus)
    uuids = [card.uuid for card in cards()] or [""] * count
    seen = visible(count, uuids, os.environ)
    return ("cpu", *(f"cuda:{number}" for number in range(len(seen))))


def available_bytes() -> int:
    """Memory that can be had now: free RAM, or what a container's limit leaves."""
    import psutil

    free = int(psutil.virtual_memory().available)
    left = cgroup.available_bytes()
    return free if left is None else min(free, left)


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _ram_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gpu_names() -> tuple[str, ...]:
    """NVIDIA GPUs by the kernel driver's own files, or as the driver's library tells them (a
    container may lack the files); else AMD's, which frameworks call `cuda` as well."""
    return _nvidia_names() or tuple(card.name for card in cards()) or _amd_names()


def _amd_names() -> tuple[str, ...]:
    """Nodes of the kernel's compute topology that have SIMD units, which processors have not."""
    nodes = sorted(Path("/sys/class/kfd/kfd/topology/nodes").glob("*/properties"))
    texts = [files.read(str(node)) or "" for node in nodes]
    found = [dict(line.split(maxsplit=1) for line in text.splitlines() if line) for text in texts]
    return tuple(
        f"AMD gfx{node.get('gfx_target_version', '')}"
        for node in found
        if node.get("simd_count", "0") != "0"
    )


def _nvidia_names() -> tuple[str, ...]:
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    return tuple(models)
