"""A user's suite file of ops that are wrong, each in one way. The oracle loads it too.

Every op is a built-in one under another name; `numpy` runs it with the defect, its twins
without."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.ops import get_op
from xbench.ops.base import Block, Inputs
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements

Spoil = Callable[[int, Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]
"""(number of the call, batch, new state, outputs) -> what the defective op returns instead."""

Params = dict[str, int | str]
SHAPES: dict[str, Params] = {
    "elementwise_grad": {"n": 20, "w": 30},
    "matmul": {"m": 12, "k": 12, "n": 12},
    "linear": {"m": 12, "k": 12, "n": 12},
    "mlp_backward": {"n": 20, "d": 3, "h": 16, "o": 2, "loss": "mse"},
    "mlp_train": {"n": 20, "d": 3, "h": 16, "o": 2, "optimizer": "adam", "loss": "mse"},
}
SWEEPS: list[Sweep] = []


def offer(name: str, base: str, **changes: Any) -> None:
    """A new op like `base`, honest on `second` and `third`."""
    add_op(replace(get_op(base), name=name, **changes))
    for backend in ("second", "third", "coarse", "elsewhere"):
        implements(name, backend)(FACTORIES[base])
    SWEEPS.append(Sweep(name, f"{name} of {base}", lambda w: SHAPES[base], widths=(1,)))


def defect(base: str) -> Callable[[Spoil], Spoil]:
    """Decorator: an op named like the function, in which it spoils what `base` gives."""

    def register(spoil: Spoil) -> Spoil:
        name = spoil.__name__
        offer(name, base)

        def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
            honest = FACTORIES[base](backend, spec, variant)
            count = 0

            def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
                nonlocal count
                count += 1
                return spoil(count, batch, *honest.run(state, batch))

            traces = (lambda: count) if name == "retraces" else (lambda: 0)
            return Step(run, traces=traces)

        implements(name, "numpy")(factory)
        return spoil

    return register


STORED: Tensors = {}
HELPERS = ThreadPoolExecutor(2)


@defect("matmul")
def stale(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Hands out its first result for ever: right, as long as the inputs stay the same."""
    STORED.setdefault("y", out["y"])
    return state, {"y": STORED["y"]}


@defect("matmul")
def writes_its_batch(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Touches an operand, too little for the result to be wrong."""
    if n == 3:
        batch["b"][-1, -1] *= np.float32(1.0 + 2.0**-22)
    return state, out


@defect("matmul")
def undeclared(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Returns more than the op has."""
    return state, out | {"zzz": out["y"] * np.float32("nan")}


@defect("elementwise_grad")
def swapped_gradients(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """The first notebook's own mistake."""
    return state, out | {"dx": out["dw"], "dw": out["dx"]}


@defect("elementwise_grad")
def missing_output(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """A gradient is not returned, so a compiler may not compute it."""
    return state, {name: out[name] for name in ("loss", "dx", "dw")}


@defect("mlp_backward")
def scaled_gradient(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """One entry of one gradient is a thousandth too large."""
    out["dw1"][0, np.argmax(abs(out["dw1"][0]))] *= 1.001
    return state, out


@defect("mlp_backward")
def zero_gradient(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """A gradient that never arrives."""
    return state, out | {"db1": np.zeros_like(out["db1"])}


@defect("matmul")
def transposed_weight(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """The right shape, since the matrix is square."""
    return state, {"y": batch["a"] @ batch["b"].T}


@defect("linear")
def dropped_bias(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """The product alone."""
    return state, {"y": batch["x"] @ batch["w1"]}


@defect("matmul")
def wrong_dtype(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Double precision where single was asked."""
    return state, {"y": batch["a"].astype("float64") @ batch["b"]}


@defect("matmul")
def not_a_number(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """One NaN."""
    out["y"][3, 4] = np.nan
    return state, out


@defect("matmul")
def wrong_shape(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """A row is missing."""
    return state, {"y": out["y"][:-1]}


@defect("matmul")
def wrong_later(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Right while it is watched first, wrong from the sixth call on."""
    return state, out if n <= 5 else {"y": out["y"] * 1.01}


@defect("mlp_train")
def forgets_to_train(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Right in a first step; a second one drifts."""
    if float(state["t"]) > 1:
        state["w1"] *= 1.01
    return state, out


@defect("matmul")
def retraces(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Compiles again at every call."""
    return state, out


@defect("matmul")
def too_many_threads(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Two threads of its own where one was declared."""
    list(HELPERS.map(hashlib.sha256, [bytes(1 << 21)] * 2))
    return state, out


@defect("matmul")
def raises(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """A framework's own error, in the middle of timing."""
    if n > 30:
        raise ArithmeticError("planted")
    return state, out


@defect("matmul")
def exits(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Takes its whole process along."""
    if n > 30:
        os._exit(9)
    return state, out


@defect("matmul")
def exits_at_second_launch(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Fine at the first launch."""
    seen = Path(os.environ["TMPDIR"]) / "seen"
    if n == 1:
        seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
    if n > 20 and seen.read_text() == "xx":
        os._exit(9)
    return state, out


@defect("matmul")
def out_of_memory(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """As NumPy says it."""
    raise MemoryError("Unable to allocate 156. GiB")


@defect("matmul")
def hangs(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """Never comes back."""
    time.sleep(600)
    return state, out


@defect("matmul")
def honest(n: int, batch: Tensors, state: Tensors, out: Tensors) -> Any:
    """No defect but talk on stdout, where a careless protocol would be."""
    print('{"v": 1, "n": 1, "ok": {}}', flush=n == 1)
    return state, out


def _no_answer(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    raise ValueError("the oracle's own mistake")


def _no_inputs(spec: Spec, random: Any) -> Inputs:
    raise ValueError("no inputs, by mistake")


def _deadly_answer(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    os._exit(9)


offer("no_answer", "matmul", expected=_no_answer)
offer("no_inputs", "matmul", inputs=_no_inputs)
offer("deadly_answer", "matmul", expected=_deadly_answer)
for op in ("no_answer", "no_inputs", "deadly_answer"):
    implements(op, "numpy")(FACTORIES["matmul"])
SUITE = Suite("defects", "ops that are wrong, each in one way", tuple(SWEEPS))
