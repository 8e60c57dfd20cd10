"""The environment a worker starts with, decided before exec: what it inherits, what xbench and the
adapter set, and what the user asks for by `--env`; and what a record keeps of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

from xbench.contracts import Backend, Policy
from xbench.errors import CellFailed, UsageError
from xbench.process.variables import CODE_PATHS, RECORDED, is_passed_on, left_outside

ALLOCATORS = {
    "reuse": {
        "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
        "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
        "MALLOC_TOP_PAD_": str(256 << 20),
    },
    "system": {},
}
"""`reuse`: glibc keeps freed memory. Its dynamic threshold otherwise lets two identical processes
settle 2x apart for life, one mapping fresh pages at every call and the other reusing them."""

PADDING = "XBENCH_PADDING"
"""Holds nothing but its length, which moves the worker's stack."""

DECIDED: Mapping[str, str] = {
    "OMP_NUM_THREADS": "--threads",
    "OPENBLAS_NUM_THREADS": "--threads",
    "MKL_NUM_THREADS": "--threads",
    "VECLIB_MAXIMUM_THREADS": "--threads",
    "TF_NUM_INTRAOP_THREADS": "--threads",
    "TF_NUM_INTEROP_THREADS": "--threads",
    "NPROC": "--threads",
    **dict.fromkeys(ALLOCATORS["reuse"], "--allocator"),
    "PYTHONHASHSEED": "--seed",
    "TMPDIR": "--out",
    "TORCHINDUCTOR_CACHE_DIR": "",
    "TRITON_CACHE_DIR": "",
    "JAX_COMPILATION_CACHE_DIR": "",
    "JAX_PLATFORMS": "--device",
    "KERAS_BACKEND": "--backend",
    "CUDA_VISIBLE_DEVICES": "--device",
    PADDING: "",
}
"""What `--env` may not set, and the option that decides it instead."""


def worker_environment(
    adapter: Mapping[str, str],
    allocator: str,
    scratch: Path,
    given: Mapping[str, str] | None = None,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment of a worker.

    `adapter` is the backend's own (`Backend.env`); `scratch` becomes TMPDIR, so that whatever a
    framework caches on disk is private to the run, and to workers of one key; `given` are the
    user's `--env`, which go before the adapter's; `base` is what is inherited from (the process's
    own environment)."""
    caller = os.environ if base is None else base
    inherited = {name: value for name, value in caller.items() if is_passed_on(name)}
    inherited.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # CUDA's own begins with the fastest
    own = {"PYTHONHASHSEED": "0", "TMPDIR": str(scratch)}
    return inherited | own | ALLOCATORS[allocator] | dict(adapter) | dict(given or {})


def read_given(texts: Iterable[str]) -> dict[str, str]:
    """The variables of `--env NAME=VALUE`, by name.

    Raises: UsageError for a text that is no variable, and for one that xbench decides."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or "\0" in text or len(name.split()) != 1 or name != name.strip():
            raise UsageError(
                f"--env takes NAME=VALUE, and {text!r} is none", "for instance --env MKL_VERBOSE=1"
            )
        if name in DECIDED:
            option = DECIDED[name]
            raise UsageError(
                f"--env {name}: xbench itself sets {name} for its workers",
                f"use {option}" if option else "each run keeps its own, so that nothing is warm",
            )
        found[name] = value
    return found


class RunVariables(TypedDict):
    """What a run's header says of variables: `variables`, those of all its workers that decide
    speed, with values; `paths`, where code is looked for, hashed; `left_outside`, the names of
    those of the caller that no worker got."""

    variables: dict[str, str]
    paths: dict[str, str]
    left_outside: list[str]


def run_variables(
    given: Mapping[str, str], caller: Mapping[str, str] | None = None
) -> RunVariables:
    """The variables of a run whose workers are given these by the user; `caller` has the others, by
    default this process."""
    found = os.environ if caller is None else caller
    passed = {name: found[name] for name in RECORDED if name in found}
    outside = [name for name in left_outside(found) if name not in given]
    paths = {name: f"set, SHA-256 {_digest(found[name])}" for name in CODE_PATHS if name in found}
    return {"variables": passed | dict(given), "paths": paths, "left_outside": outside}


def _digest(value: str) -> str:
    import hashlib

    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def adapter_variables(backend: Backend, policy: Policy) -> dict[str, str]:
    """What an adapter sets for its worker. Raises: CellFailed where it gives no variables."""
    try:
        found = dict(backend.env(policy))
    except Exception as error:  # an adapter may be anybody's
        reason = f"{backend.name}: env() raised {type(error).__name__}: {error}"
        raise CellFailed("crashed", reason) from None
    if any(type(each) is not str or "\0" in each for pair in found.items() for each in pair):
        raise CellFailed("crashed", f"{backend.name}: env() gave {found!r:.200}, not text by name")
    return found


def worker_variables(environment: Mapping[str, str], chosen: Iterable[str]) -> dict[str, str]:
    """The variables of a worker whose values a record keeps: those that xbench, the adapter or the
    user chose (`chosen` names the latter two), and the inherited ones that decide speed."""
    names = {"PYTHONHASHSEED", *ALLOCATORS["reuse"], *RECORDED, *chosen}
    return {name: environment[name] for name in sorted(names & environment.keys())}


def inherited_names(environment: Mapping[str, str], chosen: Iterable[str]) -> list[str]:
    """The names of a worker's other variables."""
    known = worker_variables(environment, chosen)
    return sorted(name for name in environment if name not in known and name != PADDING)
