"""The environment a worker starts with: threads, allocator and hash seed, decided before exec."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from xbench.contracts import Backend, Policy
from xbench.errors import CellFailed

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES",
    "OMP_WAIT_POLICY", "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "KMP_AFFINITY", "KMP_BLOCKTIME",
    "MKL_NUM_THREADS", "MKL_DYNAMIC", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
"""Removed from the user's environment: the policy decides threads, each library its wait policy."""

OTHERS_REMOVED = (
    "MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST", "MALLOC_MMAP_MAX_", "MALLOC_PERTURB_",
    "MALLOC_CHECK_", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR",
)  # fmt: skip
"""Removed too: they would undo the allocator's policy, or hand a run what others compiled."""

LEFT_ALONE = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE",
    "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER", "PYTHONHASHSEED", "GLIBC_TUNABLES", "LD_PRELOAD", "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "NPY_DISABLE_CPU_FEATURES", "MKL_CBWR",
    "NVIDIA_TF32_OVERRIDE",
)  # fmt: skip
"""The user's, kept and recorded: they choose kernels, devices or another allocator."""

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


REMOVED = (*THREAD_VARIABLES, *OTHERS_REMOVED, *ALLOCATORS["reuse"])
"""All that a worker does not inherit."""


def worker_environment(
    adapter: dict[str, str], allocator: str, scratch: Path, base: dict[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of a worker.

    `adapter` is the backend's own (`Backend.env`); `scratch` becomes TMPDIR, so that whatever a
    framework caches on disk is private to the run, and to workers of one key."""
    inherited = dict(os.environ if base is None else base)
    for name in REMOVED:
        inherited.pop(name, None)
    own = {"PYTHONHASHSEED": "0", "TMPDIR": str(scratch)}
    inherited.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # CUDA's own begins with the fastest
    return inherited | own | ALLOCATORS[allocator] | adapter


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


def chosen_variables(environment: dict[str, str], adapter: Iterable[str]) -> dict[str, str]:
    """The part of a worker's environment that a record keeps, by exact names: what xbench and the
    adapter set, and settings left alone that change kernels. The rest may hold secrets."""
    names = {*THREAD_VARIABLES, *ALLOCATORS["reuse"], *LEFT_ALONE, *adapter}
    return {name: environment[name] for name in sorted(names & environment.keys())}
