"""The environment: which of the user's variables change speed, and what xbench does with each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from xbench.doctor.finding import Finding
from xbench.machine.own_process import MALLOCS
from xbench.process.environment import DECIDED
from xbench.process.variables import RECORDED, left_outside

PRELOADS = ("LD_PRELOAD", "DYLD_INSERT_LIBRARIES")
FORCES_KERNELS = "OPENBLAS_CORETYPE"


def dropped(environment: Mapping[str, str]) -> Finding:
    """Variables that change speed and that no worker gets."""
    found = left_outside(environment)
    decided = next((DECIDED[name] for name in found if DECIDED.get(name)), "")
    free = next((name for name in found if name not in DECIDED), "")
    command = (
        f'xbench run --env {free}="${free}"'
        if free
        else f"xbench run {decided} …"
        if decided
        else ""
    )
    return Finding(
        "dropped variables",
        "note" if found else "ok",
        f"{' '.join(found)}: set here, not passed on to workers" if found else "none set",
        "figures that depend on your shell cannot be repeated elsewhere; threads and allocator "
        "have options of their own",
        "nothing; to measure with one of them on purpose (the results then keep its value):",
        command,
        {"names": list(found)},
    )


def forced_kernels(environment: Mapping[str, str]) -> Finding:
    """`OPENBLAS_CORETYPE`, which forces one kernel on every OpenBLAS."""
    value = environment.get(FORCES_KERNELS)
    return Finding(
        "OpenBLAS kernel",
        "warning" if value else "ok",
        f"{FORCES_KERNELS}={value}: passed on to workers, and recorded" if value else "not forced",
        "a kernel for another CPU can make NumPy's products several times slower",
        "let OpenBLAS choose:",
        f"unset {FORCES_KERNELS}",
        {"openblas_coretype": value},
    )


def passed_on(environment: Mapping[str, str]) -> Finding:
    """Other variables that choose compilers or devices: workers get them, records keep them."""
    shown_elsewhere = {*PRELOADS, FORCES_KERNELS}
    found = {
        name: environment[name]
        for name in RECORDED
        if name in environment and name not in shown_elsewhere
    }
    return Finding(
        "device and compiler variables",
        "note" if found else "ok",
        f"{_shown(found)}: passed on to workers, and recorded" if found else "none set",
        "they choose compilers or devices of a backend, so figures hold with them only",
        "if you did not set them on purpose:",
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
        "workers load them too; another allocator ignores --allocator and its MALLOC_ variables",
        "measure without:",
        f"unset {name}",
        {"libraries": files},
    )


def _paths(value: str) -> list[str]:
    return value.replace(":", " ").split()


def _shown(found: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in found.items())
