"""What the PyTorch adapter sets and reads of torch itself: device, compiler, precision, BLAS."""

from __future__ import annotations

import os
import re
import sys
from operator import attrgetter
from typing import Any

import torch

from xbench.errors import CellFailed

PRECISIONS = ("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul")
"""Where torch may round float32 to TF32 or bfloat16. `allow_tf32` is never touched: once these are
set, reading it raises."""

SWITCHES = ("TORCHDYNAMO_DISABLE", "TORCH_COMPILE_DISABLE", "TORCHDYNAMO_SUPPRESS_ERRORS")
CONFIGS, FORCED = ("disable", "suppress_errors"), ("force_eager", "eager_on_recompile")
"""What keeps torch from compiling: variables, settings of Dynamo, stances of torch.compiler."""

SHORT_SUMS = (
    "allow_fp16_reduced_precision_reduction",
    "allow_bf16_reduced_precision_reduction",
    "allow_fp16_accumulation",
)
"""Where `torch.backends.cuda.matmul` may add up products of 16 bits in 16 bits; the first two start
as True."""


def set_precision(math: str) -> None:
    """`ieee` or `tf32`, everywhere: cudnn starts with `tf32`. Sums are in float32 at least."""
    for name in PRECISIONS:
        attrgetter(name)(torch.backends).fp32_precision = math
    for name in SHORT_SUMS:
        setattr(torch.backends.cuda.matmul, name, False)


def load_vector_math() -> None:
    """Have the library of vector functions choose its kernels while one thread works. Where the
    first `exp` of a process was a parallel one (64 x 64 on two threads), one thread's half was off
    by up to 2e-4 in 2 of 25 processes (torch 2.13 with MKL), and after this in none."""
    torch.exp(torch.zeros(8))


def precisions() -> dict[str, str]:
    """The setting of each place, read back."""
    return {name: attrgetter(name)(torch.backends).fp32_precision for name in PRECISIONS}


def short_sums() -> list[str]:
    """The settings of `SHORT_SUMS` that are on; none, as `set_precision` left them."""
    return [name for name in SHORT_SUMS if getattr(torch.backends.cuda.matmul, name)]


def precision_bits(device: str) -> int:
    """Significant bits a float32 matmul keeps of its inputs: 24, or 11 under TF32, 8 in bfloat16.

    Row k holds 1 + 2^-k and -1, both exact in float32, and sums them: 2^-k, or 0 where the rounding
    of the input took the last bit."""
    size = 64  # large enough for the tiled kernels that may round
    halves = torch.arange(size, dtype=torch.float64).clamp_(1, 23).neg_().exp2_()
    left = torch.zeros(size, size)
    left[:, 0], left[:, 1] = 1 + halves, -1
    right = torch.zeros(size, size)
    right[:2] = 1
    product = (left.to(device) @ right.to(device)).cpu().double()
    kept = (product == halves[:, None]).all(1)[1:24]
    return 1 + int(kept.long().cumprod(0).sum())


def flushes_subnormals(device: str) -> bool:
    """Whether half of the smallest normal float32 comes out as 0."""
    smallest = torch.full((64,), torch.finfo(torch.float32).tiny, device=device)
    return not bool((smallest * 0.5).any())


def select(name: str) -> None:
    """Make an accelerator current. Raises: CellFailed("unsupported") where it is not there."""
    try:
        wanted = torch.device(name)
    except RuntimeError as error:
        reason = f"torch {torch.__version__} knows no device {name}: is its extension installed?"
        raise CellFailed("unsupported", reason) from error
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None or found.type != wanted.type:
        there = "none" if found is None else found.type
        raise CellFailed(
            "unsupported",
            f"torch {torch.__version__} finds no {wanted.type} device (its accelerator: {there}); "
            f"install the build of torch for {wanted.type}, or choose --device cpu",
        )
    count = torch.accelerator.device_count()
    index = wanted.index or 0
    if index >= count:
        raise CellFailed("unsupported", f"{name}: torch sees {count} {wanted.type} device(s)")
    torch.accelerator.set_device_index(index)


def allow_compiling() -> None:
    """Let whole training steps be one graph.

    Raises: CellFailed("unsupported") without a C++ compiler, which every kernel needs."""
    import torch._dynamo
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise CellFailed(
            "unsupported",
            f"torch.compile finds no C++ compiler ({error}); install g++, or name one in CXX",
        ) from error
    if hasattr(torch._dynamo.config, "trace_autograd_ops"):  # older releases cannot
        torch._dynamo.config.trace_autograd_ops = True


def made() -> dict[str, int]:
    """Graphs that Inductor compiled in this process, or took from its cache, and graph breaks.

    Importing the compiler takes a second: as long as nobody has, nothing was compiled."""
    if "torch._inductor.config" not in sys.modules:
        return {"compiled": 0, "breaks": 0}
    from torch._dynamo.utils import counters
    from torch._inductor import config

    inductor = counters["inductor"]
    compiled = sum(inductor[f"fxgraph_cache_{each}"] for each in ("miss", "hit", "bypass"))
    if config.force_disable_caches or not config.fx_graph_cache:  # then those do not count
        compiled = counters["stats"]["unique_graphs"]
    return {"compiled": compiled, "breaks": sum(counters["graph_break"].values())}


def switches() -> list[str]:
    """Settings in force that keep torch from compiling."""
    from torch._dynamo import config

    found = [f"{name}={os.environ[name]}" for name in SWITCHES if os.environ.get(name)]
    found += [f"torch._dynamo.config.{name}" for name in CONFIGS if getattr(config, name, False)]
    stance = torch._dynamo.eval_frame._stance.stance
    return [*found, *([f"stance {stance}"] if stance in FORCED else [])]


def device_name(name: str) -> str:
    """The product's name where torch knows it, else the device's."""
    device = torch.device(name)
    if device.type == "cpu":
        return name
    ask = getattr(_module(device), "get_device_name", None)
    return str(ask(device)) if ask else name


def cache_bytes(name: str) -> int | None:
    """The device's second-level cache, where torch tells."""
    device = torch.device(name)
    ask = getattr(_module(device), "get_device_properties", None)
    return getattr(ask(device), "L2_cache_size", None) if ask else None


def _module(device: torch.device) -> object:
    """What torch calls `torch.cuda` for this device; an extension's may be missing."""
    try:
        return torch.get_device_module(device)
    except RuntimeError:
        return None


def blas() -> dict[str, Any]:
    """The BLAS torch was built with: `name`, `version`, `threads` (-1 if unknown), `kernel`."""
    built, pools = torch.__config__.show(), torch.__config__.parallel_info()
    name = re.search(r"BLAS_INFO=(\w+)", built)
    release = re.search(r"Math Kernel Library Version (\S+)", built)
    threads = re.search(r"mkl_get_max_threads\(\) : (\d+)", pools)
    return {
        "name": name[1] if name else "unknown",
        "version": release[1] if release else "",
        "threads": int(threads[1]) if threads else -1,
        "kernel": torch.backends.cpu.get_cpu_capability(),
    }


class EventWatch:
    """Two timed events in the current stream of a device."""

    def __init__(self, device: str) -> None:
        where = torch.device(device)
        self._first = torch.Event(where, enable_timing=True)
        self._last = torch.Event(where, enable_timing=True)

    def start(self) -> None:
        """Queue the first event."""
        self._first.record()

    def stop(self) -> None:
        """Queue the last."""
        self._last.record()

    def elapsed_ns(self) -> int:
        """Time between the two; -1 if the device has not come to the last."""
        if not self._last.query():
            return -1
        return round(self._first.elapsed_time(self._last) * 1e6)


def event_watch(device: str) -> EventWatch | None:
    """A pair of events, or None on a device whose events cannot be timed."""
    try:
        watch = EventWatch(device)
        watch.start()
        watch.stop()
        torch.accelerator.synchronize(device)
    except (RuntimeError, NotImplementedError):
        return None
    return watch if watch.elapsed_ns() >= 0 else None
