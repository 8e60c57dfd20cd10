"""What an op is, apart from any framework: its parameters, inputs, exact answer, cost.

The parent plans with costs and never imports NumPy for it; `inputs` and `expected` run
in the oracle process only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from xbench.contracts import Gradient, Spec
from xbench.errors import UsageError
from xbench.ops.rounding import HALVES, ITEM_BYTES, gamma, host_dtype, rounded

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Shapes = dict[str, tuple[int, ...]]

__all__ = [
    "ITEM_BYTES",
    "Block",
    "Cost",
    "Inputs",
    "Op",
    "Shapes",
    "TensorShapes",
    "gamma",
    "normal",
]

RUN_ELEMENTS = 1 << 22
"""Values drawn from one random stream."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Work of one call. `min_bytes`: perfectly fused; `eager_bytes`: one kernel an operator.

    `operators`: calls of a framework's operators that the formula takes where nothing is fused;
    None: unknown, and nothing is then said about the cost of launching them."""

    flop: int
    min_bytes: int
    eager_bytes: int
    operators: int | None = None


@dataclass(frozen=True, slots=True)
class TensorShapes:
    """Shapes of everything an op touches; `scratch_elements` counts an eager run's temporaries."""

    batch: Shapes
    outputs: Shapes
    state: Shapes = field(default_factory=dict)
    scratch_elements: int = 0

    def elements(self, kind: str) -> int:
        """Elements held by one kind of tensor (`batch`, `state`, `outputs`)."""
        shapes: Shapes = getattr(self, kind)
        return sum(prod(shape) for shape in shapes.values())


@dataclass(frozen=True, slots=True)
class Inputs:
    """Host arrays by name, of the dtype's `host_dtype`. Shared, read-only: every backend gets the
    same bytes."""

    batch: dict[str, Array]
    state: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of columns (last axis, from `start`) of one exact output, in float64.

    Entrywise check: |result - exact| <= bound. Norm check, where `bound` is None: over the tensor,
    |result - exact| <= rtol * |exact - base| + rounding * |exact| + slack in the 2-norm.
    """

    name: str
    exact: Array
    bound: Array | None
    start: int = 0
    base: Array | None = None
    rtol: float = 0.0
    rounding: float = 0.0
    slack: float = 0.0


@dataclass(frozen=True, slots=True)
class Op:
    """An op by name. `params` gives the parameters in order; one that is left out has its value in
    `optional`; a parameter in `choices` takes one of the values there, any other a positive
    integer. `expected(spec, inputs, steps)` yields the exact results after `steps` training steps,
    one a call; an op that does not train ignores the number. `trains`: each call changes the
    state."""

    name: str
    params: tuple[str, ...]
    tensors: Callable[[Spec], TensorShapes]
    cost: Callable[[Spec], Cost]
    inputs: Callable[[Spec, np.random.Generator], Inputs]
    expected: Callable[[Spec, Inputs, int], Iterator[Block]]
    gradients: tuple[Gradient, ...] = ("none",)
    optional: tuple[tuple[str, int | str], ...] = ()
    choices: tuple[tuple[str, tuple[int | str, ...]], ...] = ()
    trains: bool = False
    constant: tuple[str, ...] = ()
    """Outputs that no input changes."""
    telling: str = ""
    """The operand that is halved to see whether results follow; the smallest where it is empty."""
    uncompared: tuple[str, ...] = ()
    """Backends whose results are not compared with the exact ones."""
    on_host: tuple[str, ...] = ()
    """Operands and results that are in host memory, whatever the policy's device (transfers)."""
    streams: bool = False
    """Whether memory decides its time, so that a figure with cold caches means something."""
    products: bool = False
    """Whether it multiplies matrices, so that the math mode `tf32` means something."""
    why_not_16_bits: str = (
        "it does not say that it runs in float16 and bfloat16 (`why_not_16_bits`)"
    )
    """Why it has no float16 and bfloat16, in a clause; empty where it has."""

    def spec(self, dtype: str, **params: int | str) -> Spec:
        """A checked spec. Raises: UsageError on a missing, unknown or non-positive parameter."""
        given = dict(self.optional) | params
        unknown = [name for name in given if name not in self.params]
        missing = [name for name in self.params if name not in given]
        if unknown or missing:
            raise UsageError(
                f"{self.name}: unknown parameters {unknown}, missing {missing}",
                f"it takes {', '.join(self.params)}",
            )
        choices = dict(self.choices)
        for name, value in given.items():
            if name in choices and value not in choices[name]:
                raise UsageError(f"{self.name}: {name} is {value!r}", f"one of {choices[name]}")
            if name not in choices and (type(value) is not int or value < 1):
                raise UsageError(f"{self.name}: {name} is {value!r}, and must be at least 1")
        if dtype not in ITEM_BYTES:
            raise UsageError(f"dtype {dtype!r} is not known", f"one of {', '.join(ITEM_BYTES)}")
        return Spec(self.name, tuple((name, given[name]) for name in self.params), dtype)

    def why_not(self, dtype: str, math: str = "ieee") -> str | None:
        """None if the op has this dtype and math mode, whatever the backend, else why not."""
        if dtype in HALVES and self.why_not_16_bits:
            return f"{self.name} is not measured in {dtype}: {self.why_not_16_bits}"
        if math != "ieee" and not self.products:
            return f"{self.name} multiplies no matrices, so {math} changes nothing"
        if math != "ieee" and dtype != "float32":
            return f"{math} is a way to multiply float32, not {dtype}"
        return None


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Standard normal values, drawn in the dtype itself (in float32 for 16 bits, and rounded): on
    all cores, in runs of `RUN_ELEMENTS` that each have a stream of their own, so that the values do
    not depend on the cores."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    values = np.empty(shape, host_dtype(dtype))
    flat = values.reshape(-1)
    starts = range(0, flat.size, RUN_ELEMENTS)

    def fill(start: int, stream: np.random.Generator) -> None:
        run = flat[start : start + RUN_ELEMENTS]
        if dtype in HALVES:
            run[...] = rounded(stream.standard_normal(run.size, dtype="float32"), dtype)
        else:
            stream.standard_normal(out=run, dtype=run.dtype)

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, starts, rng.spawn(len(starts))))
    return values


# Constants and names that the oracle and every adapter must share to compute the same thing.

TRIAD_SCALE = 3.0

ADAM_RATE, ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-8
"""Kingma and Ba's defaults. The epsilon is added after the root, on bias-corrected moments:
m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  t = t + 1,
theta = theta - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)."""


def sgd_rate(hidden: int) -> float:
    """1e-4 / H: 1e-6 at H = 100, and as stable at every other width."""
    return 1e-4 / hidden


def parameter_names(spec: Spec) -> tuple[str, ...]:
    """w1 b1 w2 b2, or w1 w2 without bias."""
    return ("w1", "b1", "w2", "b2") if spec["bias"] else ("w1", "w2")
