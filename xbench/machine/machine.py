"""The machine: what decides which runs may be compared, and what may disturb one."""

from __future__ import annotations

import glob
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict, TypeGuard

from xbench import files
from xbench.machine import cgroup
from xbench.machine.nvml import cards, visible
from xbench.machine.processor import this_processor
from xbench.machine.surroundings import Surroundings, surroundings
from xbench.text import show_bytes


@dataclass(frozen=True, slots=True)
class Machine:
    """What makes two machines comparable; `gpus` are their names in order. `cpu_details` and
    `alone` are those of `Processor`."""

    cpu: str
    cores: int
    ram_bytes: int
    gpus: tuple[str, ...]
    cpu_details: str = ""
    alone: str = ""

    @property
    def key(self) -> str:
        """A short hash; RAM counts in whole GiB, since kernels reserve different amounts."""
        import hashlib

        size = round(self.ram_bytes / 2**30)
        parts = (self.cpu, self.cpu_details, self.alone, self.cores, size, self.gpus)
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
        found.alone,
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


class MachineFields(TypedDict):
    """A `Machine` as a record keeps it."""

    cpu: str
    cores: int
    ram_bytes: int
    gpus: tuple[str, ...]
    cpu_details: str
    alone: str


class GitState(TypedDict):
    """What a folder's repository is at."""

    commit: str
    branch: str | None
    dirty: bool


class Environment(Surroundings):
    """Everything about the machine and its state that a record keeps; None where the system does
    not say."""

    machine: MachineFields
    machine_key: str
    os: str
    libc: str
    driver: str | None
    python: str
    governor: str | None
    thp: str | None
    load_average: list[float]
    cgroup_memory_bytes: int | None
    available_bytes: int
    git: GitState | None


def environment(cxx: str | None = None) -> Environment:
    """The machine and its state now. `cxx`: the workers' variable CXX, where it is not this
    process's own."""
    machine = this_machine()
    return {
        "machine": {
            "cpu": machine.cpu,
            "cores": machine.cores,
            "ram_bytes": machine.ram_bytes,
            "gpus": machine.gpus,
            "cpu_details": machine.cpu_details,
            "alone": machine.alone,
        },
        "machine_key": machine.key,
        "os": platform.platform(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "driver": _gpu_driver(),
        "python": platform.python_version(),
        "governor": files.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "thp": files.read("/sys/kernel/mm/transparent_hugepage/enabled"),
        "load_average": list(os.getloadavg()),
        "cgroup_memory_bytes": cgroup.memory_bytes(),
        "available_bytes": available_bytes(),
        **surroundings(os.environ.get("CXX", "") if cxx is None else cxx),
        "git": git_state(Path.cwd()),
    }


def git_state(folder: Path) -> GitState | None:
    """Commit, branch and whether the tree is dirty; None outside a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    return {
        "commit": commit,
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no")),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


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


def _gpu_driver() -> str | None:
    """The version of NVIDIA's kernel driver, if there is one."""
    first = (files.read("/proc/driver/nvidia/version") or "").partition("\n")[0]
    numbers = [each for each in first.split() if each[:1].isdigit() and "." in each]
    return numbers[0] if numbers else None


# Where and how a run was measured, in words, from records whose every field may be missing.

UNKNOWN = "unknown"
DRAWN = frozenset({"PYTHONHASHSEED", "XBENCH_PADDING"})
"""Variables that are drawn for each worker, so that no two of them are alike by accident."""

POLICY = frozenset({"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"})
"""Variables by which the policy for freed memory is set, which a cell names."""

_LARGEST = 2**63


def machine_line(environment: Mapping[str, object]) -> str:
    """`AMD EPYC, 2 cores, 25.3 GB, no GPU`."""
    machine = environment.get("machine")
    if not isinstance(machine, dict):
        return "unknown machine"
    memory = machine.get("ram_bytes")
    gpus = machine.get("gpus") or []
    parts = [text_of(machine.get("cpu")), f"{text_of(machine.get('cores'))} cores"]
    parts += [show_bytes(memory)] if _is_number(memory) else []
    names = ", ".join(map(text_of, gpus)) if isinstance(gpus, list) else text_of(gpus)
    return ", ".join([*parts, names or "no GPU"])


def environment_facts(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of the machine's state, as far as it is known."""
    system = [environment.get(name) for name in ("os", "libc")]
    facts = [
        ("machine", machine_line(environment)),
        ("system", ", ".join(text_of(each) for each in system if each) or UNKNOWN),
        ("GPU driver", text_of(environment.get("driver"))),
        ("Python", text_of(environment.get("python"))),
        ("frequency governor", text_of(environment.get("governor"))),
        ("transparent huge pages", text_of(environment.get("thp"))),
        ("C++ compiler", text_of(environment.get("compiler"))),
        ("usable CPUs", text_of(environment.get("usable_cpus"))),
        *restrictions(environment),
        ("load average at the start", _load(environment.get("load_average"))),
        ("source", _git_text(environment.get("git"))),
    ]
    known = [(label, value) for label, value in facts if value != UNKNOWN]
    return [*known, *variable_facts(environment)]


def restrictions(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of what the run was held to and most others are not; without what is not
    known."""
    scheduling, denied = environment.get("scheduling"), environment.get("huge_pages_denied")
    facts = [
        ("CPU quota", _quota(environment.get("cpu_quota_cores"))),
        ("priority (nice)", _nice(environment.get("nice"))),
        ("scheduling policy", UNKNOWN if scheduling == "other" else text_of(scheduling)),
        ("huge pages", "denied to this process" if denied is True else UNKNOWN),
        ("stack limit", _stack(environment.get("stack_limit_bytes"))),
        ("address layout", _layout(environment.get("randomised_layout"))),
    ]
    return [(label, value) for label, value in facts if value != UNKNOWN]


def variable_facts(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of each variable that reached the workers and decides speed, or where code is
    looked for."""
    facts: list[tuple[str, str]] = []
    for kind in ("variables", "paths"):
        found = environment.get(kind)
        if isinstance(found, dict):
            facts += [(f"variable {name}", text_of(found[name])) for name in sorted(found)]
    return facts


def worker_facts(workers: Iterable[tuple[Mapping[str, str], str]]) -> dict[str, str]:
    """Label and value of what workers were started with: of each its environment and the library
    that replaces malloc. Left out is what is drawn for each by chance, and by what the
    allocator's policy is set."""
    found: dict[str, set[str]] = {}
    for environment, malloc in workers:
        for name, value in environment.items():
            if name not in DRAWN and name not in POLICY:
                found.setdefault(f"variable {name}", set()).add(value)
        if malloc:
            found.setdefault("malloc", set()).add(malloc)
    return {label: ", ".join(sorted(found[label])) for label in sorted(found)}


def left_outside(environment: Mapping[str, object]) -> list[str]:
    """The variables of the caller that change speed and that no worker got."""
    found = environment.get("left_outside")
    return [text_of(name) for name in found] if isinstance(found, list) else []


def framework_line(attest: Mapping[str, object]) -> str:
    """`2.13.0+cpu, BLAS mkl 2024.2-Product AVX512`: what a worker read back of itself."""
    parts = [text_of(attest.get("version"))]
    blas = attest.get("blas")
    if isinstance(blas, dict):
        named = [blas.get(each) for each in ("name", "version", "kernel")]
        parts += ["BLAS " + " ".join(text_of(each) for each in named if each)]
    if attest.get("cuda"):
        parts += [f"CUDA {text_of(attest['cuda'])}"]
    return ", ".join(parts)


def text_of(found: object) -> str:
    """Any value as text; `unknown` for none."""
    return UNKNOWN if found is None else str(found)


def _is_number(found: object) -> TypeGuard[float]:
    """Whether it can be shown as one: JSON's integers have no end."""
    return isinstance(found, int | float) and abs(found) < _LARGEST


def _load(found: object) -> str:
    if not isinstance(found, list) or not all(map(_is_number, found)):
        return UNKNOWN
    return " ".join(f"{each:.2f}" for each in found) or UNKNOWN


def _quota(found: object) -> str:
    """`1.5 cores`; unknown without a limit."""
    return f"{found:g} cores" if _is_number(found) else UNKNOWN


def _nice(found: object) -> str:
    """Unknown for 0, which is everybody's."""
    return str(found) if isinstance(found, int) and found else UNKNOWN


def _stack(found: object) -> str:
    """Said only where it is unlimited: Linux then lays libraries out in another way."""
    return "unlimited" if found == -1 else UNKNOWN


def _layout(found: object) -> str:
    """Said only where it is not random: equal processes then have equal addresses."""
    return "not randomised" if found is False else UNKNOWN


def _git_text(found: object) -> str:
    if not isinstance(found, dict):
        return UNKNOWN
    state = ", with uncommitted changes" if found.get("dirty") else ""
    return f"{text_of(found.get('commit'))[:12]} ({text_of(found.get('branch'))}){state}"


# What the checks look at, read from the machine; a file that is not there reads as None.

CPUS = "/sys/devices/system/cpu"


def usable_cpus() -> list[int]:
    """Numbers of the CPUs this process may use."""
    linux = sys.platform == "linux"
    return sorted(os.sched_getaffinity(0)) if linux else list(range(os.cpu_count() or 1))


def of_each_cpu(name: str) -> dict[int, str]:
    """The file `name` below each usable CPU's folder in /sys, where it is there."""
    found = {cpu: files.read(f"{CPUS}/cpu{cpu}/{name}") for cpu in usable_cpus()}
    return {cpu: text for cpu, text in found.items() if text}


def number_of_each_cpu(name: str) -> dict[int, int]:
    """The same for files that hold a number."""
    return {cpu: int(text) for cpu, text in of_each_cpu(name).items() if text.isdigit()}


def throttle_counts() -> dict[str, int]:
    """How often each core and package was throttled since boot, by file."""
    paths = glob.glob(f"{CPUS}/cpu*/thermal_throttle/*_throttle_count")
    found = {path: files.read(path) for path in paths}
    return {path: int(text) for path, text in found.items() if text and text.isdigit()}


def on_mains() -> bool | None:
    """Whether a machine with a battery is plugged in; None without a battery or if unknown."""
    import psutil

    sensor = getattr(psutil, "sensors_battery", None)  # not on every system
    battery = sensor() if sensor else None
    return None if battery is None else battery.power_plugged


def swap_bytes() -> tuple[int, int, int]:
    """Swap there is, swap in use, and bytes moved to and from it since boot."""
    import warnings

    import psutil

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the kernel counts no moves
        found = psutil.swap_memory()
    return found.total, found.used, found.sin + found.sout


def process_times() -> dict[tuple[int, float], float]:
    """CPU seconds of every other process that can be seen, by id and start."""
    import psutil

    found: dict[tuple[int, float], float] = {}
    for process in psutil.process_iter(["cpu_times", "create_time"]):
        times = process.info["cpu_times"]
        if times is not None and process.pid != os.getpid():
            found[process.pid, process.info["create_time"] or 0.0] = times.user + times.system
    return found
