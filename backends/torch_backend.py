"""PyTorch: eager and compiled, gradients by hand, by autograd and by a custom Function.

One path for every accelerator (cuda, mps, xpu and out-of-tree devices) through `torch.accelerator`.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from xbench.contracts import (
    Factory,
    Memory,
    Mode,
    Policy,
    Probe,
    Stopwatch,
    Tensors,
    Variant,
)
from xbench.machine.install_hint import install_hint
from xbench.machine.own_process import resident_memory
from xbench.ops import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import torch

    from xbench.errors import Status

OPS = (
    "noop",
    "copy",
    "triad",
    "elementwise",
    "elementwise_grad",
    "matmul",
    "linear",
    "linear_layer",
    "mlp_forward",
    "mlp_forward_recorded",
    "mlp_backward",
    "mlp_train",
    "host_to_device",
    "device_to_host",
)
MODES: tuple[Mode, ...] = ("eager", "compiled")
DTYPES = ("float32", "float64", "float16", "bfloat16")
COMPILES_FROM, DIFFERENTIATES_FROM = (2, 11), (2, 13)
"""The first releases known to compile a cell, and to take a derivative inside a full graph."""

NEWEST_PYTHON, SYSTEMS = (3, 14), ("Linux x86_64", "Linux aarch64", "Darwin arm64")
"""What there are wheels for."""

NO_EVENTS = ("cpu", "mps")
NO_MEMORY = ("can't allocate memory", "not enough memory", "std::bad_alloc")
NO_COMPILER = ("InvalidCxxCompiler", "TritonMissing", "Python.h: No such file")


class TorchBackend:
    """The `torch` adapter."""

    name = "torch"

    def __init__(self) -> None:
        self._device = "cpu"

    @cached_property
    def _installed(self) -> str:
        """The installed version, or "" if there is none; reading it takes a millisecond."""
        if importlib.util.find_spec("torch") is None:
            return ""
        try:
            return version("torch")
        except PackageNotFoundError:
            return ""

    def probe(self) -> Probe:
        found = self._installed
        return Probe(
            installed=bool(found),
            version=found,
            hint=install_hint("torch", NEWEST_PYTHON, SYSTEMS),
            modes=MODES,
            dtypes=DTYPES,
            devices=("cpu", "cuda", "mps", "xpu", "*"),
            default_gradient="autograd",
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        found = self._installed
        derives = variant.gradient in {"autograd", "custom"}
        least = DIFFERENTIATES_FROM if derives else COMPILES_FROM
        if variant.mode == "compiled" and found and _release(found) < least:
            what = "a compiled step with derivatives" if derives else "compiled mode"
            wanted = ".".join(map(str, least))
            return f"{what} needs torch {wanted} or newer, and {found} is installed"
        return refusal(
            self.name,
            op,
            dtype,
            variant,
            ops=OPS,
            dtypes=DTYPES,
            modes=MODES,
            gradients={"none": "", "manual": "", "autograd": "", "custom": ""},
        )

    def env(self, policy: Policy) -> dict[str, str]:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        variables = dict.fromkeys(names, str(policy.threads))
        if policy.mode == "compiled":
            # Compile in the worker itself: a pool of helper processes would stay beside the timing.
            variables["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
        return variables

    def open(self, policy: Policy) -> None:
        import torch

        from xbench.backends import torch_host

        torch.set_num_threads(policy.threads)
        if torch.get_num_interop_threads() != 1:  # can be set once only
            torch.set_num_interop_threads(1)
        torch_host.load_vector_math()
        torch.set_flush_denormal(False)
        torch_host.set_precision(policy.math)
        if policy.device != "cpu":
            torch_host.select(policy.device)
        self._device = policy.device
        if policy.mode == "compiled":
            torch_host.allow_compiling()

    @property
    def ops(self) -> Mapping[str, Factory]:
        from xbench.backends.torch_ops import FACTORIES

        return FACTORIES

    def attest(self) -> dict[str, Any]:
        import torch

        from xbench.backends import torch_host

        return {
            "version": torch.__version__,
            "device_name": torch_host.device_name(self._device),
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "fp32_precision": torch_host.precisions(),
            "short_sums": torch_host.short_sums(),
            "precision_bits": torch_host.precision_bits(self._device),
            "flushes_subnormals": torch_host.flushes_subnormals(self._device),
            "blas": torch_host.blas(),
            "mkldnn": torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
            "cuda": torch.version.cuda,
        }

    def made(self) -> Mapping[str, int]:
        """Functions that Inductor compiled and graph breaks, by torch's own counters."""
        from xbench.backends import torch_host

        return torch_host.made()

    def switches(self) -> list[str]:
        """What keeps torch from compiling."""
        from xbench.backends import torch_host

        return torch_host.switches()

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> torch.Tensor:
        import torch

        kind = getattr(torch, dtype) if dtype else None
        return torch.tensor(host, dtype=kind, device=device or self._device)

    def get(self, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """NumPy has no bfloat16: float32 holds each of its values."""
        import torch

        found = tensor.detach().cpu()
        return (found.float() if found.dtype == torch.bfloat16 else found).numpy()

    def where(self, tensor: torch.Tensor) -> tuple[str, str]:
        return str(tensor.device), str(tensor.dtype).removeprefix("torch.")

    def fence(self, tensors: Tensors) -> None:
        """Wait for the device. On the CPU a call has finished when it returns."""
        if self._device != "cpu":
            import torch

            torch.accelerator.synchronize(self._device)

    def stopwatch(self) -> Stopwatch | None:
        """The device's events; None on the CPU, and on mps, whose events may run backwards."""
        if self._device.partition(":")[0] in NO_EVENTS:
            return None
        from xbench.backends.torch_host import event_watch

        return event_watch(self._device)

    def first_entry(self, tensor: torch.Tensor) -> torch.Tensor:
        """Its first entry: a view."""
        return tensor[(0,) * tensor.ndim]

    def cache_bytes(self) -> int | None:
        """The device's second-level cache, where torch tells."""
        if self._device == "cpu":
            return None
        from xbench.backends import torch_host

        return torch_host.cache_bytes(self._device)

    def memory(self) -> Memory:
        if self._device == "cpu":
            return resident_memory()
        import torch

        held = torch.accelerator.memory_allocated(self._device)
        return Memory(held, torch.accelerator.max_memory_allocated(self._device))

    def classify(self, error: BaseException) -> Status | None:
        import torch

        # Errors of a compilation arrive wrapped, the original's name and words in the text.
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, torch.OutOfMemoryError | MemoryError):
            return "oom"
        if isinstance(error, RuntimeError) and any(sign in text for sign in NO_MEMORY):
            return "oom"
        return "unsupported" if any(sign in text for sign in NO_COMPILER) else None

    def close(self) -> None:
        """Nothing is held outside the process."""


def _release(found: str) -> tuple[int, ...]:
    return tuple(int(part) for part in found.split(".", 2)[:2])
