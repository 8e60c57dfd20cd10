"""From a function of tensors to a `Step`: recording off or on, eager or compiled."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from types import FunctionType
from typing import ClassVar
from weakref import WeakSet

import torch

from xbench.contracts import Step, Tensors, Variant

_NUMBERS = count()
Run = Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]


def build(
    run: Run,
    variant: Variant,
    prepare: Callable[[Tensors], Tensors] = lambda state: state,
    *,
    recording: bool = False,
) -> Step:
    """The step of one cell.

    Whatever takes no derivative (`none`, `manual`, unless it is `recording` for one) runs under
    `inference_mode`, entered at every call (about 2 µs), as a user's `predict` would. It is
    entered outside the compiled function, where both modes pay alike."""
    compiled = variant.mode == "compiled"
    inner: Run = Compiled(run) if compiled else run
    derives = recording or variant.gradient not in {"none", "manual"}
    outer = inner if derives else _unrecorded(inner)
    return Step(outer, prepare, compilations) if compiled else Step(outer, prepare)


def _unrecorded(run: Run) -> Run:
    def unrecorded(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        with torch.inference_mode():
            return run(state, batch)

    return unrecorded


def compilations() -> int:
    """Graphs compiled so far in this process, by any step: constant while cells are timed."""
    from torch._dynamo.utils import counters

    return counters["stats"]["unique_graphs"]


def _with_own_code(run: Run) -> Run:
    """The same function under a name that no other has; its closure stays."""
    if not isinstance(run, FunctionType):
        return run
    code = run.__code__.replace(co_name=f"{run.__code__.co_name}_{next(_NUMBERS)}")
    return FunctionType(code, run.__globals__, code.co_name, run.__defaults__, run.__closure__)


class Compiled:
    """One cell's function as one graph for fixed shapes, compiled by its first call.

    Several cells of a process are alive at once, and cells of one op share a code object, by which
    Dynamo keeps what it compiled. So every cell gets a code object of its own: none walks through
    the guards of another or counts towards its recompile limit. What finished cells left is thrown
    away when no cell is alive, since `reset` would also take the code of those that are.

    Only a first call may compile. Between first calls the process stands at `fail_on_recompile`,
    which costs a later call nothing but a flag: a change of shape, layout or recording then raises
    instead of being compiled, or run eagerly, inside the clock. It does so while there are such
    cells: a user's op may compile by itself.
    """

    _alive: ClassVar[WeakSet[Compiled]] = WeakSet()

    def __init__(self, run: Run) -> None:
        if not self._alive:
            torch.compiler.reset()
        self._run: Run = torch.compile(_with_own_code(run), fullgraph=True, dynamic=False)
        self._compiled = False
        self._alive.add(self)

    def __del__(self) -> None:
        self._alive.discard(self)
        if not self._alive and not sys.is_finalizing():
            torch.compiler.set_stance("default")

    def __call__(self, state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        if self._compiled:
            return self._run(state, batch)
        torch.compiler.set_stance("default")
        try:
            results = self._run(state, batch)
        finally:
            torch.compiler.set_stance("fail_on_recompile")
        self._compiled = True
        return results
