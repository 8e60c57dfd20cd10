"""TensorFlow: eager, `tf.function` (graph), XLA (compiled); gradients by hand or by GradientTape.

TensorFlow's devices are '/CPU:0' and '/GPU:0'; ours are `cpu` and `cuda:N`. A worker drives one
device, so `open` makes only that one visible: TensorFlow then calls it number 0 whatever N is.

As `open` sets it up, TensorFlow flushes subnormal numbers to zero on the CPU in every mode (2.21).
"""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import TYPE_CHECKING, Any

from xbench.contracts import (
    Factory,
    Gradient,
    Memory,
    Mode,
    Policy,
    Probe,
    Tensors,
    Variant,
)
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
    "linear_layer",
    "mlp_forward",
    "mlp_forward_recorded",
    "mlp_backward",
    "mlp_train",
    "host_to_device",
    "device_to_host",
)
MODES: tuple[Mode, ...] = ("eager", "graph", "compiled")
DTYPES = ("float32", "float64", "float16", "bfloat16")
GRADIENTS: dict[Gradient, str] = {
    "none": "",
    "manual": "",
    "autograd": "",
    "custom": "a custom autograd function is asked of torch only",
}
DISTRIBUTIONS = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly")
"""Names under which the package `tensorflow` is published, the likely ones first."""

NEWEST_PYTHON, SYSTEMS = (3, 13), ("Linux x86_64", "Linux aarch64", "Darwin arm64")
"""What there are wheels for."""

RECORDED = ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS")
"""Recorded where the user gives them (`--env`): they change kernels, or compile graphs unasked."""

SWITCHES = ("TF_FUNCTION_JIT_COMPILE_DEFAULT", "TF_XLA_FLAGS")

FP16_SUMS = "TF_FP16_MATMUL_USE_FP32_COMPUTE"
"""1: a device adds up float16 products in float32."""


class TensorflowBackend:
    """The `tensorflow` adapter."""

    name = "tensorflow"

    def __init__(self) -> None:
        self._policy = Policy("cpu", "eager", 1, "ieee", "reuse")
        self._device = "/CPU:0"
        self._one: Any = None
        self._compiles: dict[bytes, bool] = {}

    def probe(self) -> Probe:
        found = _version() if importlib.util.find_spec("tensorflow") else ""
        return Probe(
            installed=bool(found),
            version=found,
            hint=install_hint("tensorflow", NEWEST_PYTHON, SYSTEMS),
            modes=MODES,
            dtypes=DTYPES,
            devices=("cpu", "cuda"),
            default_gradient="autograd",
        )

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return refusal(
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
        """Also hides GPUs from CPU cells: the driver then is not even initialised. Keras, which
        TensorFlow imports, would compute with whatever framework the user's settings name."""
        names = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        variables = {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        variables["KERAS_BACKEND"] = "tensorflow"
        variables[FP16_SUMS] = "1"
        hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if policy.device == "cpu" else {}
        return dict.fromkeys(names, str(policy.threads)) | variables | hidden

    def open(self, policy: Policy) -> None:
        """One inter-op thread: the policy counts cores, and every operator that runs beside another
        would add its own to the intra-op pool's."""
        import tensorflow as tf

        self._policy = policy
        tf.config.threading.set_intra_op_parallelism_threads(policy.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_soft_device_placement(False)
        tf.config.experimental.set_synchronous_execution(True)
        tf.config.experimental.enable_tensor_float_32_execution(policy.math == "tf32")
        kind, _, index = policy.device.partition(":")
        if kind not in ("cpu", "cuda"):
            raise CellFailed("unsupported", f"tensorflow drives cpu and cuda, not {policy.device}")
        found, number = tf.config.list_physical_devices("GPU"), int(index or 0)
        if kind == "cuda" and number >= len(found):
            reason = f"tensorflow finds {len(found)} GPUs here, so there is no {policy.device}"
            raise CellFailed("unsupported", reason)
        chosen = [found[number]] if kind == "cuda" else []
        tf.config.set_visible_devices(chosen, "GPU")
        for gpu in chosen:
            tf.config.experimental.set_memory_growth(gpu, True)
        self._device = "/GPU:0" if chosen else "/CPU:0"
        with tf.device(self._device):
            self._one = tf.constant(1.0)

    @property
    def ops(self) -> Mapping[str, Factory]:
        from xbench.backends.tensorflow_ops import FACTORIES

        return FACTORIES

    def attest(self) -> dict[str, Any]:
        import tensorflow as tf

        devices = tf.config.get_visible_devices("GPU")
        details = tf.config.experimental.get_device_details(devices[0]) if devices else {}
        return {
            "version": tf.__version__,
            "device_name": details.get("device_name", self._policy.device),
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
            "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
            "synchronous": tf.config.experimental.get_synchronous_execution(),
            "soft_placement": tf.config.get_soft_device_placement(),
            "precision_bits": product_bits(self, self._policy.mode),
            **{name: os.environ.get(name, "") for name in (*RECORDED, FP16_SUMS)},
        }

    def made(self) -> Mapping[str, int]:
        """Functions that TensorFlow's context holds, and those of them that XLA must compile, or
        may where it looks for clusters by itself."""
        from tensorflow.python.eager import context

        held = context.context()
        names = held.list_function_names()
        seen = self._compiles
        for name in names - seen.keys():
            seen[name] = held.get_function_def(name).attr["_XlaMustCompile"].b
        must = sum(seen[name] for name in names)
        return {"graphs": len(names), "compiled": len(names) if self._clusters() else must}

    @staticmethod
    def _clusters() -> bool:
        """Whether XLA compiles parts of graphs unasked."""
        import tensorflow as tf

        flags = os.environ.get("TF_XLA_FLAGS", "")
        asked = any(f"auto_jit={each}" in flags for each in ("1", "2", "fusible"))
        return asked or bool(tf.config.optimizer.get_jit())

    def switches(self) -> list[str]:
        """What keeps TensorFlow from tracing, or has it compile unasked."""
        import tensorflow as tf

        found = [f"{name}={os.environ[name]}" for name in SWITCHES if os.environ.get(name)]
        eager = tf.config.functions_run_eagerly()
        return [*found, *(["tf.config.run_functions_eagerly(True)"] if eager else [])]

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> Any:
        """`tf.constant` copies; `tf.convert_to_tensor` is free to share the array's memory."""
        import tensorflow as tf

        with tf.device("/CPU:0" if device == "cpu" else self._device):
            return tf.constant(host, dtype)

    def get(self, tensor: Any) -> np.ndarray[Any, Any]:
        """NumPy has no bfloat16 of its own: float32 holds each of its values. `numpy()` copies, but
        `asarray` refuses one that is 0-d."""
        import numpy as np

        if tensor.dtype.name == "bfloat16":
            return np.asarray(tensor.numpy()).astype("float32")
        return np.asarray(tensor)

    def where(self, tensor: Any) -> tuple[str, str]:
        """Whose memory it is: an operator without a GPU kernel moves to the CPU silently, and then
        only `backing_device` says so."""
        import tensorflow as tf

        held = tensor.value() if isinstance(tensor, tf.Variable) else tensor
        kind = tf.DeviceSpec.from_string(held.backing_device).device_type
        return self._policy.device if kind == "GPU" else kind.lower(), tensor.dtype.name

    def fence(self, tensors: Tensors) -> None:
        """On a CPU `open` asked for synchronous execution: an operator, or a graph, has returned
        when it is computed, and there is nothing to wait for. On a device, waits for all that was
        queued. `sync_devices` alone does nothing on pluggable devices, so a new result, queued
        last, is read back (one read before would be answered from a cache)."""
        if self._policy.device == "cpu":
            return
        import tensorflow as tf

        tf.test.experimental.sync_devices()
        tf.add(self._one, self._one).numpy()

    def first_entry(self, tensor: Any) -> Any:
        """Its first entry, by an operator that a device queues like any other; on the CPU the
        tensor itself, which is read without a copy, while an operator's own time varies."""
        return tensor if self._policy.device == "cpu" else tensor[(0,) * len(tensor.shape)]

    def memory(self) -> Memory:
        if self._policy.device == "cpu":
            return resident_memory()
        import tensorflow as tf

        held = tf.config.experimental.get_memory_info("GPU:0")
        return Memory(held["current"], held["peak"])

    def classify(self, error: BaseException) -> Status | None:
        """By the class's name: the error may come from an import that failed halfway."""
        exhausted = type(error).__name__ == "ResourceExhaustedError"
        return "oom" if exhausted or isinstance(error, MemoryError) else None

    def close(self) -> None:
        """Nothing is held outside the process."""


def _version() -> str:
    """The installed version, or "". Asking every distribution what it holds is slow, so last."""
    for name in DISTRIBUTIONS:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    names = packages_distributions().get("tensorflow", [])
    return version(names[0]) if names else ""
