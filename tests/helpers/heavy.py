"""A user's suite file of ops whose memory is known, and of some that fail only when it is measured.

`copy`, `triad` and `elementwise` are the built-in ones on 8 MB tensors; the others are `copy` under
another name, which NumPy spoils in the process that measures memory and nowhere else."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.ops import get_op
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements

WEIGHED = "MALLOC_MMAP_THRESHOLD_" not in os.environ
"""Whether this is the process that measures memory: the tests time with allocator `reuse` only."""

LARGE: dict[str, int | str] = {"n": 100, "w": 20480}
SMALL: dict[str, int | str] = {"n": 10, "w": 100}
PASSING_BYTES, LEAK_BYTES = 64 << 20, 4 << 20
KEPT: list[object] = []
SWEEPS = [
    Sweep(op, f"{op} of 8 MB", lambda w: LARGE, widths=(1,))
    for op in ("copy", "triad", "elementwise")
]


def spoilt(do: Callable[[], None]) -> Callable[[], None]:
    """Decorator: an op named like the function, which it calls in each call, while it is weighed.
    Other backends have it without."""
    name = do.__name__
    add_op(replace(get_op("copy"), name=name))
    SWEEPS.append(Sweep(name, f"{name} of copy", lambda w: SMALL, widths=(1,)))

    def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
        honest = FACTORIES["copy"](backend, spec, variant)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            if WEIGHED:
                do()
            return honest.run(state, batch)

        return Step(run)

    implements(name, "numpy")(factory)
    implements(name, "second")(FACTORIES["copy"])
    return do


@spoilt
def dies_weighed() -> None:
    """Its process is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


@spoilt
def lacks_memory() -> None:
    """There is not so much."""
    np.empty(1 << 50, "uint8")


@spoilt
def passing_peak() -> None:
    """Takes memory and gives it back before it returns."""
    np.ones(PASSING_BYTES, "uint8")


@spoilt
def leaks_memory() -> None:
    """Keeps more with every call."""
    KEPT.append(np.ones(LEAK_BYTES, "uint8"))


add_op(replace(get_op("copy"), name="wrong_copy"))
SWEEPS.append(Sweep("wrong_copy", "wrong of copy", lambda w: SMALL, widths=(1,)))


@implements("wrong_copy", "numpy")
def wrong_copy(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """Its result is refused."""
    return Step(lambda state, batch: (state, {"y": batch["x"] + 1}))


SUITE = Suite("heavy", "ops whose memory is known", tuple(SWEEPS))
