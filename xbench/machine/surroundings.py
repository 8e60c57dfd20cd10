"""What a record keeps of the machine and its state, and of what every process of a run inherits.

Inherited beside variables, and what may change speed: shares of the processor, priority, limits,
and the compiler that is found first."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from xbench import files
from xbench.machine import cgroup
from xbench.machine.machine import available_bytes, this_machine

NO_RANDOMISATION = 0x0040000
"""ADDR_NO_RANDOMIZE of personality(2)."""

GET_THP_DISABLE = 42
"""PR_GET_THP_DISABLE of prctl(2)."""

POLICIES = {0: "other", 1: "fifo", 2: "round robin", 3: "batch", 5: "idle", 6: "deadline"}
"""Scheduling policies of Linux by number, sched(7)."""

ASKING_LIMIT_S = 10.0


class Surroundings(TypedDict):
    """As a record keeps it; None where the system does not say."""

    cpu_quota_cores: float | None
    nice: int | None
    scheduling: str | None
    usable_cpus: str | None
    huge_pages_denied: bool | None
    stack_limit_bytes: int
    randomised_layout: bool | None
    compiler: str | None


def surroundings(cxx: str) -> Surroundings:
    """What this process and its children inherit. `cxx` is what the workers' variable CXX holds."""
    linux = sys.platform == "linux"
    return {
        "cpu_quota_cores": cgroup.cpu_cores(),
        "nice": _nice(),
        "scheduling": _scheduling() if linux else None,
        "usable_cpus": ranges(os.sched_getaffinity(0)) if linux else None,
        "huge_pages_denied": _huge_pages_denied() if linux else None,
        "stack_limit_bytes": _stack_limit(),
        "randomised_layout": _layout_is_random() if linux else None,
        "compiler": compiler(cxx),
    }


def _nice() -> int | None:
    try:
        return os.nice(0)
    except OSError:
        return None


def _scheduling() -> str | None:
    try:
        return POLICIES.get(os.sched_getscheduler(0))
    except OSError:  # not every C library has it, nor every sandbox
        return None


def ranges(numbers: Iterable[int]) -> str:
    """`0-3, 8` of 0, 1, 2, 3 and 8."""
    found: list[list[int]] = []
    for each in sorted(numbers):
        if found and each == found[-1][1] + 1:
            found[-1][1] = each
        else:
            found.append([each, each])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def compiler(chosen: str) -> str | None:
    """The C++ compiler that compiled modes call, with its version and where it was found: `chosen`
    (the variable CXX) or the system's usual one. None if there is none."""
    usual = "clang++" if sys.platform == "darwin" else "g++"
    path = shutil.which((chosen.split() or [usual])[0])
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASKING_LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return path
    version = done.stdout.partition("\n")[0].strip()
    if done.returncode:  # macOS has a stub in its place
        return None
    return f"{version} ({path})" if version else path


def _huge_pages_denied() -> bool | None:
    """Whether this process and its children were denied huge pages."""
    try:
        found = ctypes.CDLL(None).prctl(GET_THP_DISABLE, 0, 0, 0, 0)
    except (OSError, AttributeError):
        return None
    return bool(found) if found >= 0 else None


def _stack_limit() -> int:
    """Bytes; -1 for none, which on Linux also changes where libraries lie."""
    import resource

    soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return -1 if soft == resource.RLIM_INFINITY else soft


def _layout_is_random() -> bool | None:
    """Whether the kernel places a new process's stack, heap and libraries at random; None where it
    does not say. It is switched off for the whole system, or for a process and its children."""
    system = files.read("/proc/sys/kernel/randomize_va_space")
    persona = files.read("/proc/self/personality")
    if system is None or persona is None:
        return None
    try:
        return system != "0" and not int(persona, 16) & NO_RANDOMISATION
    except ValueError:
        return None


# The machine and its state, all that a record keeps.


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


class MachineState(Surroundings):
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


def machine_state(cxx: str | None = None) -> MachineState:
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
            "alone": machine.own_identity,
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


def _gpu_driver() -> str | None:
    """The version of NVIDIA's kernel driver, if there is one."""
    first = (files.read("/proc/driver/nvidia/version") or "").partition("\n")[0]
    numbers = [each for each in first.split() if each[:1].isdigit() and "." in each]
    return numbers[0] if numbers else None
