"""NumPy: eager, gradients by hand, CPU only.

Ufuncs use one core whatever the thread count; only matrix products go to the BLAS, whose pool is
sized by the environment before NumPy loads. No framework is imported beside it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from xbench.contracts import Factory, Memory, Mode, Policy, Probe, Tensors, Variant
from xbench.errors import CellFailed, Status
from xbench.machine.own_process import blas, resident_memory
from xbench.ops import refusal

if TYPE_CHECKING:
    import numpy as np

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
)
MODES: tuple[Mode, ...] = ("eager",)
DTYPES = ("float32", "float64", "float16")
NO_BFLOAT16 = "NumPy has no bfloat16"
THREADS = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
NOT_THERE = {
    "linear_layer": "NumPy has no layers: `linear` is written by hand",
    "mlp_forward_recorded": "NumPy records no gradients: they are written by hand",
}
NO_AUTOGRAD = "NumPy has no automatic differentiation: gradients are written by hand"


class NumpyBackend:
    """The `numpy` adapter."""

    name = "numpy"
    product_rates: Mapping[str, float] = {"float16": 0.25e9}
    """No BLAS has float16: a plain loop on one core, 0.23 to 0.45 GFLOP/s where float32 reaches
    100."""

    def probe(self) -> Probe:
        installed = importlib.util.find_spec("numpy") is not None
        return Probe(
            installed=installed,
            version=version("numpy") if installed else "",
            hint="pip install numpy",
            modes=MODES,
            dtypes=DTYPES,
            devices=("cpu",),
            default_gradient="manual",
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        if dtype == "bfloat16":
            return NO_BFLOAT16
        return NOT_THERE.get(op) or refusal(
            self.name,
            op,
            dtype,
            variant,
            ops=OPS,
            dtypes=DTYPES,
            modes=MODES,
            gradients={"none": "", "manual": "", "autograd": NO_AUTOGRAD, "custom": NO_AUTOGRAD},
        )

    def env(self, policy: Policy) -> dict[str, str]:
        return dict.fromkeys(THREADS, str(policy.threads))

    def open(self, policy: Policy) -> None:
        if policy.device != "cpu":
            raise CellFailed("unsupported", f"numpy runs on the cpu, not on {policy.device}")
        import numpy as np

        np.seterr(all="ignore")

    @property
    def ops(self) -> Mapping[str, Factory]:
        from xbench.backends.numpy_ops import FACTORIES

        return FACTORIES

    def attest(self) -> dict[str, Any]:
        import numpy as np

        found = blas()
        return {
            "version": np.__version__,
            "device_name": "cpu",
            "threads": found["threads"],
            "ufunc_threads": 1,
            "blas": found,
        }

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.array(host, dtype=dtype, copy=True, order="C")

    def get(self, tensor: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.asarray(tensor)

    def where(self, tensor: np.ndarray[Any, Any]) -> tuple[str, str]:
        return "cpu", str(tensor.dtype)

    def fence(self, tensors: Tensors) -> None:
        """NumPy has finished when a call returns: there is nothing to wait for."""

    def memory(self) -> Memory:
        return resident_memory()

    def classify(self, error: BaseException) -> Status | None:
        return "oom" if isinstance(error, MemoryError) else None

    def close(self) -> None:
        """Nothing is held outside the process."""
