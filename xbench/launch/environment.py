"""The environment a worker starts with: threads, allocator and hash seed, decided before exec."""

from __future__ import annotations

import os
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES",
    "OMP_WAIT_POLICY", "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "KMP_AFFINITY", "KMP_BLOCKTIME",
    "MKL_NUM_THREADS", "MKL_DYNAMIC", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
"""Removed from the user's environment: the policy decides threads, each library its wait policy."""

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


def worker_environment(
    adapter: dict[str, str], allocator: str, scratch: Path, base: dict[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of a worker.

    `adapter` is the backend's own (`Backend.env`); `scratch` becomes TMPDIR, so that whatever a
    framework caches on disk is private to the run."""
    inherited = dict(os.environ if base is None else base)
    for name in (*THREAD_VARIABLES, *ALLOCATORS["reuse"]):
        inherited.pop(name, None)
    own = {"PYTHONHASHSEED": "0", "TMPDIR": str(scratch)}
    return inherited | own | ALLOCATORS[allocator] | adapter


def chosen_variables(environment: dict[str, str]) -> dict[str, str]:
    """The part of a worker's environment that a record keeps: what xbench set, and OPENBLAS_*,
    KMP_*, OMP_* and MALLOC_* settings it left alone. Never the rest: it may hold secrets (so may
    TF_TOKEN_* and TF_VAR_*, which are Terraform's)."""
    prefixes = (
        "OPENBLAS_", "KMP_", "OMP_", "MKL_", "MALLOC_", "GOMP_", "TORCHINDUCTOR_",
        "TF_NUM_", "TF_ENABLE_", "TF_XLA_", "TF_CPP_", "TF_CUDNN_", "TF_GPU_", "TF_DETERMINISTIC_",
    )  # fmt: skip
    return {name: value for name, value in environment.items() if name.startswith(prefixes)}
