"""What a backend adapter promises. This module is the contract: read it before writing an adapter.

It imports the standard library and `xbench.errors` only, so that the parent process, which must
never load a framework, and the worker process, which may run under an interpreter without xbench's
own dependencies, share it.

Names of tensors, in every op and every backend. `batch` tensors are given to each call and never
changed; `state` tensors are what a call takes from the call before and gives to the next, such as
weights in training. What is right of `->` are the results.

    elementwise   batch x w z              -> y
    elementwise_grad  batch x w z          -> loss dx dw dz            (loss = sum(x * w + z))
    matmul        batch a b                -> y                        (y = a @ b)
    linear        batch x w1 b1            -> y                        (y = x @ w1 + b1)
    linear_layer  batch x, state w1 b1     -> y, and the same state    (the framework's own layer)
    mlp_forward   batch x w1 b1 w2 b2      -> y
    mlp_forward_recorded  batch x w1 b1 w2 b2  -> y                    (gradients are recorded)
    mlp_backward  batch x y w1 b1 w2 b2    -> loss dw1 db1 dw2 db2     (y here is the target)
    mlp_train     batch x y, state w1 b1 w2 b2 [m_w1 v_w1 ... t]       -> loss, and the new state
    copy          batch x                  -> y                        (an owning copy)
    triad         batch x w                -> y                        (y = x + 3 * w)
    noop          batch x                  -> y                        (y is x: an empty call)
    host_to_device    batch x (on the host)    -> y                    (a copy on the device)
    device_to_host    batch x                  -> y (on the host)      (a copy in host memory)

Weights are laid out (in, out); biases have shape (out,). Without bias (`bias=0`) the names b1, b2
and db1, db2 are absent. `t`, Adam's step count, is a 0-d tensor of the workload's dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from xbench.errors import Status

if TYPE_CHECKING:
    import numpy as np

Handle = Any
"""A tensor of the backend's own kind. Only its adapter looks inside."""

Tensors = dict[str, Handle]
Mode = Literal["eager", "graph", "compiled"]
Gradient = Literal["none", "manual", "autograd", "custom"]

MODES: tuple[Mode, ...] = ("eager", "graph", "compiled")
GRADIENTS: tuple[Gradient, ...] = ("none", "manual", "autograd", "custom")


@dataclass(frozen=True, slots=True)
class Variant:
    """How a backend runs an op. `none` is the gradient of an op that has no derivative to take."""

    mode: Mode
    gradient: Gradient


@dataclass(frozen=True, slots=True)
class Policy:
    """What one worker process is told before it starts; with the variant, the policy of a cell.

    `threads` is 1 or the number of cores; `math` is `ieee` (no TF32) or `tf32` (products of float32
    may keep 11 significant bits of their factors); `allocator` is `reuse`
    (freed pages are kept, so page faults do not decide a ratio) or `system` (as shipped).
    """

    device: str
    mode: Mode
    threads: int
    math: str
    allocator: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A workload, which is an op with parameters and dtype.

    `params` are in the op's own order, e.g. (("m", 64), ("k", 1000), ...).

    `math` is the policy's, repeated where exact answers get their bounds; inputs, answers and ids
    do not depend on it."""

    op: str
    params: tuple[tuple[str, int | str], ...]
    dtype: str
    math: str = "ieee"

    def __getitem__(self, name: str) -> int:
        """An integer parameter by name. Raises: KeyError, TypeError."""
        value = dict(self.params)[name]
        if not isinstance(value, int):
            raise TypeError(f"{self.op}: parameter {name} is {value!r}, not an integer")
        return value

    def text(self, name: str) -> str:
        """A string parameter by name. Raises: KeyError."""
        return str(dict(self.params)[name])


def _same(state: Tensors) -> Tensors:
    return state


def _never_traced() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Step:
    """One execution of an op, made once per cell by a factory, outside every clock.

    `run(state, batch) -> (state, outputs)`: may consume its state (update it in place), never its
    batch; returns every result of the op, or a graph compiler may prune the work. The results may
    still be pending: the engine calls `fence` before it reads a clock.
    `prepare(state) -> state`: readies a freshly `put` state, outside the clock (for instance marks
    leaves as requiring gradients). `traces()`: how often the step was traced or compiled so far.

    A framework that is lazy by default must be told inside `run` to begin: a call that only notes
    what is to be computed lets a burst of calls end with most of them undone. Every call computes
    anew, whatever its operands are. The engine sees to that: it makes calls on operands times a
    factor near 1 and with one operand halved, and keeps the results of several calls at once. A
    step may reuse one output buffer, which it then gives back each time.
    """

    run: Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]
    prepare: Callable[[Tensors], Tensors] = _same
    traces: Callable[[], int] = _never_traced


Factory = Callable[["Backend", Spec, Variant], Step]
"""Builds the step of one cell and applies the variant itself (compiling included)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What can be known of a backend without importing its framework."""

    installed: bool
    version: str
    hint: str
    """How to install it, or why it cannot be used."""
    modes: tuple[Mode, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]
    """Kinds of device (`cpu`, `cuda`) it can drive, `*` for any other too; which are there is known
    only after `open`."""
    default_gradient: Gradient

    def drives(self, device: str) -> bool:
        """Whether it can drive a device of that kind (`cuda`, `cuda:1`)."""
        return device.partition(":")[0] in self.devices or "*" in self.devices

    @property
    def kinds(self) -> str:
        """The kinds of device in words: `cpu, cuda and other accelerators`."""
        named = ", ".join(kind for kind in self.devices if kind != "*")
        return f"{named} and other accelerators" if "*" in self.devices else named


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes held on the device, now and at the highest since the process began."""

    current_bytes: int
    peak_bytes: int


class Stopwatch(Protocol):
    """A device's own clock: two events in its queue of work, and the time between them."""

    def start(self) -> None:
        """Queue the first event, before the calls."""

    def stop(self) -> None:
        """Queue the second, after the calls and before the fence."""

    def elapsed_ns(self) -> int:
        """Asked after the fence: device time between the events; -1 if the device has not come to
        the second, so that the fence had not waited."""


class Backend(Protocol):
    """One framework. Created in the parent (which calls only the first group) and in its worker.

    The class and its module import the framework inside `open`, never before.

    An adapter may say `product_rates`, flop/s by dtype, where a product is far slower than a plan
    would think. It may have more than is listed here, read after `open` only: `stopwatch()`, a new
    `Stopwatch` of the policy's device, or None where it has no timed events; `cache_bytes()`, the
    size of that device's last-level cache, or None; `first_entry(tensor)`, its first entry as a
    tensor, taken by the device after all it has queued. Copying 80 MB takes so long that unfinished
    work would not be seen.

    An adapter that offers the modes `graph` or `compiled` shows that they happened, in one of two
    ways. Either its steps count (`Step.traces`). Or it has `made() -> Mapping[str, int]`: how many
    `graphs` the framework has traced in this process, how many functions it has `compiled`, and how
    many `breaks` sent parts of one back to eager mode, by the framework's own counters; that holds
    for users' ops too. With `switches() -> Sequence[str]`, the settings in force that switch a mode
    off, a refusal can name them.
    """

    name: str

    # --- without the framework -------------------------------------------------------------
    def probe(self) -> Probe:
        """Is it installed, in which version, with what modes and dtypes?"""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """None if the combination runs, else the reason in one sentence."""

    def env(self, policy: Policy) -> dict[str, str]:
        """Environment variables the worker must start with (thread pools read them at load)."""

    # --- in the worker ---------------------------------------------------------------------
    def open(self, policy: Policy) -> None:
        """Import the framework and set every flag the policy names.

        Raises: CellFailed("unsupported", reason) where the device or a compiler is missing."""

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Op name to factory. Read after `open` only."""

    def attest(self) -> dict[str, Any]:
        """Read back what `open` set: versions, BLAS, thread counts, math mode, device name.

        Must hold `threads` (int) and `version` (str); `threads` is compared with the policy."""

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> Handle:
        """An owning copy on the device: later writes to `host` must not show.

        `dtype` is given only where it is not the array's own: NumPy has no bfloat16, whose values
        therefore come as the float32 that holds them exactly. `device` is given only as `cpu`, for
        a tensor that stays in host memory while the policy's device is another (transfers). An
        adapter without that dtype or device may leave the argument out."""

    def get(self, tensor: Handle) -> np.ndarray[Any, Any]:
        """A NumPy array with the tensor's values (it may alias: do not write to it)."""

    def where(self, tensor: Handle) -> tuple[str, str]:
        """The device (`cpu`, `cuda:0`) and dtype (`float32`) the tensor really has."""

    def fence(self, tensors: Tensors) -> None:
        """Return only when these tensors are computed, and all that was called before them: a burst
        is fenced once, with the results of its last call."""

    def memory(self) -> Memory:
        """Device memory, or the process's resident memory on a CPU."""

    def classify(self, error: BaseException) -> Status | None:
        """`oom` for this framework's out-of-memory errors, `unsupported` for a missing compiler.
        None for any other error: the cell is then `oom` after a MemoryError, else `crashed`."""

    def close(self) -> None:
        """Release what `open` took. The process ends right after."""
