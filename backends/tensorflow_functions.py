"""What TensorFlow does with a user's own function: its namespace, and its compilers.

TensorFlow does not follow the Python array API standard. `Namespace` gives those of the standard's
names that TensorFlow has under these or other names, and says of any other that it is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from xbench.contracts import Mode

Traces = Callable[[], int]

RENAMED = {
    "abs": "math.abs",
    "acos": "math.acos",
    "acosh": "math.acosh",
    "add": "math.add",
    "asin": "math.asin",
    "asinh": "math.asinh",
    "atan": "math.atan",
    "atan2": "math.atan2",
    "atanh": "math.atanh",
    "broadcast_to": "broadcast_to",
    "ceil": "math.ceil",
    "conj": "math.conj",
    "cos": "math.cos",
    "cosh": "math.cosh",
    "divide": "math.divide",
    "equal": "math.equal",
    "exp": "math.exp",
    "expm1": "math.expm1",
    "eye": "eye",
    "floor": "math.floor",
    "floor_divide": "math.floordiv",
    "greater": "math.greater",
    "greater_equal": "math.greater_equal",
    "imag": "math.imag",
    "isfinite": "math.is_finite",
    "isinf": "math.is_inf",
    "isnan": "math.is_nan",
    "less": "math.less",
    "less_equal": "math.less_equal",
    "log": "math.log",
    "log1p": "math.log1p",
    "logical_and": "math.logical_and",
    "logical_not": "math.logical_not",
    "logical_or": "math.logical_or",
    "logical_xor": "math.logical_xor",
    "matmul": "linalg.matmul",
    "maximum": "math.maximum",
    "minimum": "math.minimum",
    "multiply": "math.multiply",
    "negative": "math.negative",
    "not_equal": "math.not_equal",
    "ones_like": "ones_like",
    "pow": "math.pow",
    "real": "math.real",
    "remainder": "math.floormod",
    "reshape": "reshape",
    "round": "math.round",
    "sign": "math.sign",
    "sin": "math.sin",
    "sinh": "math.sinh",
    "sqrt": "math.sqrt",
    "square": "math.square",
    "stack": "stack",
    "subtract": "math.subtract",
    "tan": "math.tan",
    "tanh": "math.tanh",
    "tensordot": "tensordot",
    "where": "where",
    "zeros_like": "zeros_like",
}
"""Names of the standard, and TensorFlow's for the same with the same arguments by position."""

REDUCTIONS = {
    "all": "math.reduce_all",
    "any": "math.reduce_any",
    "max": "math.reduce_max",
    "mean": "math.reduce_mean",
    "min": "math.reduce_min",
    "prod": "math.reduce_prod",
    "std": "math.reduce_std",
    "sum": "math.reduce_sum",
    "var": "math.reduce_variance",
}
DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
CONSTANTS = {
    "pi": 3.141592653589793,
    "e": 2.718281828459045,
    "inf": float("inf"),
    "nan": float("nan"),
    "newaxis": None,
}


def _attribute(path: str) -> Any:
    found: Any = tf
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _reduction(path: str) -> Callable[..., Any]:
    function = _attribute(path)

    def reduce(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return function(x, axis=axis, keepdims=keepdims)

    return reduce


class Namespace:
    """Names of the Python array API standard, on TensorFlow's own functions."""

    def __getattr__(self, name: str) -> Any:
        """Raises: AttributeError for what TensorFlow lacks, by name."""
        if name in RENAMED:
            return _attribute(RENAMED[name])
        if name in REDUCTIONS:
            return _reduction(REDUCTIONS[name])
        if name in DTYPES:
            return getattr(tf, name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        raise AttributeError(
            f"TensorFlow's namespace has no {name!r}: it holds the names of the array API standard "
            "that TensorFlow's own functions serve; write it with others, or race without it",
            name=name,
            obj=self,
        )

    @staticmethod
    def asarray(x: Any, /, *, dtype: Any = None) -> Any:
        """A tensor of these values."""
        return tf.convert_to_tensor(x) if dtype is None else tf.cast(x, dtype)

    @staticmethod
    def astype(x: Any, dtype: Any, /) -> Any:
        """The values in another dtype."""
        return tf.cast(x, dtype)

    @staticmethod
    def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
        """Numbers in steps."""
        begin, end = (0, start) if stop is None else (start, stop)
        return tf.range(begin, end, step, dtype=dtype)

    @staticmethod
    def linspace(start: Any, stop: Any, /, num: int, *, dtype: Any = None) -> Any:
        """So many numbers at equal distances, both ends included."""
        return tf.linspace(tf.cast(start, dtype or tf.float64), stop, num)

    @staticmethod
    def zeros(shape: Any, *, dtype: Any = tf.float64) -> Any:
        """All zeros."""
        return tf.zeros(shape, dtype)

    @staticmethod
    def ones(shape: Any, *, dtype: Any = tf.float64) -> Any:
        """All ones."""
        return tf.ones(shape, dtype)

    @staticmethod
    def full(shape: Any, fill_value: Any, *, dtype: Any = tf.float64) -> Any:
        """One value everywhere."""
        return tf.fill(shape, tf.cast(fill_value, dtype))

    @staticmethod
    def expand_dims(x: Any, /, *, axis: int = 0) -> Any:
        """A new axis of length 1."""
        return tf.expand_dims(x, axis)

    @staticmethod
    def squeeze(x: Any, /, axis: Any) -> Any:
        """Without these axes of length 1."""
        return tf.squeeze(x, axis)

    @staticmethod
    def permute_dims(x: Any, /, axes: Any) -> Any:
        """The axes in another order."""
        return tf.transpose(x, axes)

    @staticmethod
    def matrix_transpose(x: Any, /) -> Any:
        """The last two axes exchanged."""
        return tf.linalg.matrix_transpose(x)

    @staticmethod
    def concat(arrays: Any, /, *, axis: Any = 0) -> Any:
        """Arrays one after another."""
        return tf.concat(list(arrays), axis)

    @staticmethod
    def cumulative_sum(x: Any, /, *, axis: int = 0) -> Any:
        """Running sums."""
        return tf.cumsum(x, axis)

    @staticmethod
    def argmax(x: Any, /, *, axis: int = 0) -> Any:
        """Where the largest is."""
        return tf.argmax(x, axis)

    @staticmethod
    def argmin(x: Any, /, *, axis: int = 0) -> Any:
        """Where the smallest is."""
        return tf.argmin(x, axis)

    @staticmethod
    def take(x: Any, indices: Any, /, *, axis: int = 0) -> Any:
        """Entries by place."""
        return tf.gather(x, indices, axis=axis)

    @staticmethod
    def sort(x: Any, /, *, axis: int = -1, descending: bool = False) -> Any:
        """In order."""
        return tf.sort(x, axis, "DESCENDING" if descending else "ASCENDING")

    @staticmethod
    def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:  # noqa: A002  the standard's names
        """No less and no more than these."""
        low = x if min is None else tf.maximum(x, tf.cast(min, x.dtype))
        return low if max is None else tf.minimum(low, tf.cast(max, x.dtype))


def namespace() -> Any:
    """TensorFlow by the names of the Python array API standard, as far as it has them."""
    return Namespace()


def compiled(function: Callable[..., Any], mode: Mode) -> tuple[Callable[..., Any], Traces]:
    """A function of tensors as a graph, in mode compiled by XLA, and how often it was traced."""
    graph = tf.function(function, jit_compile=mode == "compiled", autograph=False)
    return graph, graph.experimental_get_tracing_count


def placed(function: Any, device: str) -> Any:
    """The function: TensorFlow computes where its arguments are."""
    return function


def tensor(host: Any, device: str, dtype: str | None) -> Any:
    """A tensor of a host array, on a device."""
    kind, _, number = device.partition(":")
    with tf.device(f"/{'CPU' if kind == 'cpu' else 'GPU'}:{number or 0}"):
        return tf.constant(host, dtype)
