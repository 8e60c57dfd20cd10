"""JAX: operators one by one (eager) or the whole step through XLA (compiled).

Dispatch is asynchronous on every device, the CPU too: a call returns long before it is computed.
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Factory, Gradient, Memory, Mode, Policy, Probe, Tensors, Variant
from xbench.errors import CellFailed
from xbench.machine.install_hint import install_hint
from xbench.machine.own_process import resident_memory
from xbench.ops import refusal
from xbench.ops.products import product_bits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from xbench.errors import Status

OPS = (
    "noop",
    "copy",
    "triad",
    "elementwise",
    "elementwise_grad",
    "matmul",
    "linear",
    "mlp_forward",
    "mlp_backward",
    "mlp_train",
    "host_to_device",
    "device_to_host",
)
MODES: tuple[Mode, ...] = ("eager", "compiled")
DTYPES = ("float32", "float64", "float16", "bfloat16")
GRADIENTS: dict[Gradient, str] = {"none": "", "manual": "", "autograd": "", "custom": ""}
NOT_THERE = {
    "linear_layer": "JAX has no layers of its own: `linear` is written by hand",
    "mlp_forward_recorded": "JAX records nothing: a gradient is a function of its own",
}
PRECISION = {"ieee": "highest", "tf32": "tensorfloat32"}
"""Of float32 products; by default JAX takes what is fastest on the device."""

NEWEST_PYTHON, SYSTEMS = (3, 14), ("Linux x86_64", "Linux aarch64", "Darwin arm64")
PLATFORMS = {"cpu": "cpu", "cuda": "cuda,cpu"}
"""What JAX may load. A GPU cell needs the CPU too, for tensors that stay on the host."""

POOL = "tf_XLAEigen"
COMPILED = "/jax/core/compile/backend_compile_duration"
"""The event that JAX tells its listeners when XLA has compiled a function."""


class JaxBackend:
    """The `jax` adapter."""

    name = "jax"

    def __init__(self) -> None:
        self._policy = Policy("cpu", "eager", 1, "ieee", "reuse")
        self._device: Any = None
        self._compilations = 0

    def probe(self) -> Probe:
        found = _version() if importlib.util.find_spec("jax") else ""
        return Probe(
            installed=bool(found),
            version=found,
            hint=_install_hint(),
            modes=MODES,
            dtypes=DTYPES,
            devices=("cpu", "cuda"),
            default_gradient="autograd",
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return NOT_THERE.get(op) or refusal(
            self.name,
            op,
            dtype,
            variant,
            ops=OPS,
            dtypes=DTYPES,
            modes=MODES,
            gradients=GRADIENTS,
        )

    def env(self, policy: Policy) -> dict[str, str]:
        """`NPROC` is what XLA sizes its pool of threads on the CPU by. GPU memory is taken as it is
        needed: else three quarters of it are JAX's from the start, and other cells have none."""
        kind = policy.device.partition(":")[0]
        variables = {"NPROC": str(policy.threads), "JAX_PLATFORMS": PLATFORMS.get(kind, kind)}
        if kind != "cpu":
            variables["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        return variables

    def open(self, policy: Policy) -> None:
        """Float64 is switched on, without which float64 cells would silently be float32. With one
        thread calls are synchronous: else the pool's one works beside the one that calls."""
        import jax

        self._policy = policy
        jax.monitoring.register_event_duration_secs_listener(self._count)
        jax.config.update("jax_cpu_enable_async_dispatch", policy.threads > 1)
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_default_matmul_precision", PRECISION[policy.math])
        kind, _, index = policy.device.partition(":")
        try:
            found = jax.devices(kind)
        except RuntimeError as error:
            reason = f"jax {jax.__version__} finds no {kind} device: {error}"
            raise CellFailed("unsupported", reason) from error
        if int(index or 0) >= len(found):
            reason = f"jax sees {len(found)} {kind} devices, so there is no {policy.device}"
            raise CellFailed("unsupported", reason)
        self._device = found[int(index or 0)]
        jax.config.update("jax_default_device", self._device)

    @property
    def ops(self) -> Mapping[str, Factory]:
        from xbench.backends.jax_ops import FACTORIES

        return FACTORIES

    def attest(self) -> dict[str, Any]:
        """The pool's threads are counted by their name, since XLA does not tell; -1: unknown."""
        import jax
        import jaxlib

        bits = product_bits(self, self._policy.mode)  # first: its product wakes the pool
        return {
            "version": jax.__version__,
            "jaxlib": jaxlib.__version__,
            "device_name": self._device.device_kind,
            "platform": self._device.client.platform_version,
            "threads": _pool_threads() if self._policy.device == "cpu" else -1,
            "x64": jax.config.jax_enable_x64,
            "matmul_precision": jax.config.jax_default_matmul_precision,
            "precision_bits": bits,
        }

    def made(self) -> Mapping[str, int]:
        """Functions that XLA compiled, in mode compiled; in eager mode JAX compiles each operator
        for itself, as it is meant to."""
        import jax

        if self._policy.mode == "eager":
            return {}
        return {"compiled": 0 if jax.config.jax_disable_jit else self._compilations}

    def switches(self) -> list[str]:
        """What keeps JAX from compiling."""
        import jax

        return ["JAX_DISABLE_JIT (jax_disable_jit)"] if jax.config.jax_disable_jit else []

    def _count(self, event: str, *args: Any, **kwargs: Any) -> None:
        self._compilations += event == COMPILED

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> Any:
        """JAX may share a NumPy array's memory, so it is given a copy that nobody else holds."""
        import jax
        import numpy as np

        own = np.array(host, copy=True, order="C")
        if dtype is not None:
            own = own.astype(jax.numpy.dtype(dtype))
        place = jax.devices("cpu")[0] if device == "cpu" else self._device
        return jax.device_put(own, place)

    def get(self, tensor: Any) -> np.ndarray[Any, Any]:
        import numpy as np

        values = np.asarray(tensor)
        return values.astype("float32") if values.dtype.name == "bfloat16" else values

    def where(self, tensor: Any) -> tuple[str, str]:
        """JAX calls every GPU's platform `gpu`; the policy knows its kind."""
        (device,) = tensor.devices()
        if device.platform == "cpu":
            return "cpu", str(tensor.dtype)
        kind = self._policy.device.partition(":")[0]
        return f"{kind}:{device.local_hardware_id or 0}", str(tensor.dtype)

    def fence(self, tensors: Tensors) -> None:
        """Wait for these tensors; without any, there is nothing that was asked of it."""
        import jax

        jax.block_until_ready(list(tensors.values()))

    def memory(self) -> Memory:
        if self._policy.device == "cpu":
            return resident_memory()
        held = self._device.memory_stats()
        return Memory(held["bytes_in_use"], held["peak_bytes_in_use"])

    def classify(self, error: BaseException) -> Status | None:
        text = f"{type(error).__name__}: {error}"
        oom = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text
        return "oom" if oom or "Out of memory" in text else None

    def close(self) -> None:
        """Nothing is held outside the process."""


def _install_hint() -> str:
    hint = install_hint("jax", NEWEST_PYTHON, SYSTEMS)
    return f"{hint} (with a GPU: pip install 'jax[cuda13]')" if hint.startswith("pip") else hint


def _version() -> str:
    try:
        return version("jax")
    except PackageNotFoundError:
        return ""


def _pool_threads() -> int:
    """Threads that Linux knows by the name XLA gives those of its CPU pool."""
    try:
        names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]
    except OSError:
        return -1
    return sum(name.startswith(POOL) for name in names) or -1
