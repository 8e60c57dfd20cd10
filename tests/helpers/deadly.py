"""A user's suite file of products that run out of memory, each in its own way, or are killed.

Every op is `matmul` under another name; `numpy` runs it with the defect, `second` without."""

from __future__ import annotations

import mmap
import os
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.ops import get_op
from xbench.ops.base import Block, Inputs
from xbench.ops.suite import Suite, Sweep
from xbench.registry import add_op, implements
from xbench.worker.session import Session

SWEEPS: list[Sweep] = []


def in_a_burst() -> bool:
    """Whether the parent has asked for the burst that this call belongs to."""
    asked = Session.burst.__code__
    return any(frame.f_code is asked for frame, _ in traceback.walk_stack(None))


def offer(name: str, **changes: Any) -> None:
    """A new op like `matmul`, honest on `second`."""
    add_op(replace(get_op("matmul"), name=name, **changes))
    implements(name, "second")(FACTORIES["matmul"])
    shape: dict[str, int | str] = {"m": 12, "k": 12, "n": 12}
    SWEEPS.append(Sweep(name, f"{name} of matmul", lambda w: shape, widths=(1,)))


def deadly(end: Callable[[], None]) -> None:
    """Decorator: an op named like the function, which it calls in its first timed burst."""
    offer(end.__name__)

    def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
        honest = FACTORIES["matmul"](backend, spec, variant)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            if in_a_burst():
                end()
            return honest.run(state, batch)

        return Step(run)

    implements(end.__name__, "numpy")(factory)


@deadly
def killed() -> None:
    """By somebody, who does not say why."""
    os.kill(os.getpid(), signal.SIGKILL)


@deadly
def limited() -> None:
    """More than the process may have, as under `ulimit -v`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, hard))
    try:
        np.ones(1 << 28, "float64")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@deadly
def devours() -> None:
    """More than its control group, whose folder the test names, may have: the kernel kills it."""
    Path(os.environ["XBENCH_TEST_GROUP"], "cgroup.procs").write_text(str(os.getpid()))
    np.ones(1 << 28, "float64")


def _unmappable(spec: Spec, given: Inputs, steps: int) -> NoReturn:
    """The oracle's turn: the kernel refuses."""
    mmap.mmap(-1, 1 << 50)
    raise AssertionError("a petabyte was there")


def _too_large(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    """The oracle's turn: NumPy refuses."""
    np.empty(1 << 50, "uint8")
    raise AssertionError("a petabyte was there")


for op, answer in (("unmappable", _unmappable), ("too_large", _too_large)):
    offer(op, expected=answer)
    implements(op, "numpy")(FACTORIES["matmul"])
offer("harmless")
implements("harmless", "numpy")(FACTORIES["matmul"])
SUITE = Suite("deadly", "products that run out of memory", tuple(SWEEPS))
