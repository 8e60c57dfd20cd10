"""The environment: which variables of the user's decide speed, and what xbench does with each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from xbench.doctor.finding import Finding
from xbench.launch.environment import LEFT_ALONE, REMOVED

PRELOADS = ("LD_PRELOAD", "DYLD_INSERT_LIBRARIES")
MALLOCS = ("jemalloc", "tcmalloc", "mimalloc", "hoard", "tbbmalloc", "snmalloc")
SET_BY_US = "PYTHONHASHSEED"
FORCES_KERNELS = "OPENBLAS_CORETYPE"


def removed(environment: Mapping[str, str]) -> Finding:
    """Variables that xbench takes away from its workers."""
    found = {name: environment[name] for name in REMOVED if name in environment}
    return Finding(
        "thread variables",
        "note" if found else "ok",
        f"{_shown(found)}: removed for workers" if found else "none set",
        "the policy sets threads and allocator for all workers alike, so these have no effect",
        "nothing; threads are chosen with:",
        "xbench run --threads N",
        {"variables": found},
    )


def forced_kernels(environment: Mapping[str, str]) -> Finding:
    """`OPENBLAS_CORETYPE`, which forces one kernel on every OpenBLAS."""
    value = environment.get(FORCES_KERNELS)
    return Finding(
        "OpenBLAS kernel",
        "warning" if value else "ok",
        f"{FORCES_KERNELS}={value}: left to workers, and recorded" if value else "not forced",
        "a kernel for another CPU can slow a current NumPy's products several times",
        "let OpenBLAS choose:",
        f"unset {FORCES_KERNELS}",
        {"openblas_coretype": value},
    )


def left_alone(environment: Mapping[str, str]) -> Finding:
    """Other variables that choose kernels or devices: workers see them, records keep them."""
    names = [name for name in LEFT_ALONE if name not in (SET_BY_US, FORCES_KERNELS)]
    found = {name: environment[name] for name in names if name in environment}
    return Finding(
        "kernel variables",
        "note" if found else "ok",
        f"{_shown(found)}: left to workers, and recorded" if found else "none set",
        "they choose kernels, compilers or devices of a backend, so figures hold with them only",
        "unless they are meant:",
        f"unset {' '.join(found)}",
        {"variables": found},
    )


def preloaded(environment: Mapping[str, str]) -> Finding:
    """Libraries the loader puts before all others, allocators above all."""
    paths = [path for name in PRELOADS for path in _paths(environment.get(name, ""))]
    files = [PurePath(path).name for path in paths]
    mallocs = [file for file in files if any(known in file for known in MALLOCS)]
    name = next((each for each in PRELOADS if environment.get(each)), PRELOADS[0])
    shown = ", ".join(mallocs or files)
    return Finding(
        "preloaded libraries",
        "warning" if mallocs else "note" if files else "ok",
        f"{name}: {shown}" + (" replaces malloc" if mallocs else "") if files else "none",
        "workers load them too; another allocator does not follow the policy's MALLOC_ variables",
        "measure without:",
        f"unset {name}",
        {"libraries": files},
    )


def _paths(value: str) -> list[str]:
    return value.replace(":", " ").split()


def _shown(found: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in found.items())
