"""Cells, their ids and their grouping: the vocabulary of plans, journals and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xbench.contracts import Gradient, Mode, Policy, Spec, Variant
from xbench.ops import label

DEFAULT_MATH, DEFAULT_ALLOCATOR, DEFAULT_CACHE = "ieee", "reuse", "warm"
CACHES = ("warm", "cold")
"""`warm`: each call finds its operands where the last one left them; `cold`: calls take copies in
turn that no cache holds together."""

ALLOCATOR_POLICIES = ("reuse", "system")
MATH_MODES = ("ieee", "tf32")


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """What one process can serve. `threads` is "all" or a number in decimal; `side` is `base` or
    `head` in an A/B, where each side has processes of its own, else empty."""

    backend: str
    device: str
    mode: Mode
    threads: str
    math: str
    allocator: str
    side: str = ""

    @property
    def id(self) -> str:
        """`torch/cpu/eager/tall`, with math and allocator where they are not the default, and the
        side where there is one."""
        parts = [self.backend, self.device, self.mode, f"t{self.threads}"]
        return "/".join([*parts, *_unusual(self), *_side(self)])

    def policy(self, cores: int) -> Policy:
        """The policy with the thread count spelled out."""
        count = cores if self.threads == "all" else int(self.threads)
        return Policy(self.device, self.mode, count, self.math, self.allocator)


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the result table: a workload under a policy.

    `family` and `width` place it on a scaling curve; `pair` is the same for a cell and what it is
    compared with on the other side of an A/B. They are no part of the id."""

    spec: Spec
    worker: WorkerKey
    gradient: Gradient
    family: str = ""
    width: int = 0
    pair: str = ""
    cache: str = DEFAULT_CACHE

    @property
    def id(self) -> str:
        """`op/params/dtype/backend/device/mode/gradient/tN[/math][/allocator][/cold][/side]`; no
        `=` or `,`."""
        key = self.worker
        parts = [self.spec.op, label(self.spec), self.spec.dtype, key.backend, key.device, key.mode]
        parts += [self.gradient, f"t{key.threads}"]
        own = [self.cache] if self.cache != DEFAULT_CACHE else []
        return "/".join([*parts, *_unusual(key), *own, *_side(key)])

    @property
    def variant(self) -> Variant:
        """Mode and gradient: what the op's factory is told."""
        return Variant(self.worker.mode, self.gradient)

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """Which of the machine's ceilings hold: by device, dtype, math, threads and allocator."""
        key = self.worker
        return key.device, self.spec.dtype, key.math, key.threads, key.allocator

    @property
    def workload_id(self) -> str:
        """`op/params/dtype`: the same inputs and the same answer for every backend."""
        return f"{self.spec.op}/{label(self.spec)}/{self.spec.dtype}"

    @property
    def group_id(self) -> str:
        """The cells that are measured in the same rounds: of all backends, modes, gradients and
        allocators, and of both sides of an A/B, which may differ in threads; cold ones apart."""
        key = self.worker
        parts = [self.workload_id, key.device, "ab" if key.side else f"t{key.threads}"]
        parts += [key.math] if key.math != DEFAULT_MATH else []
        return "/".join([*parts, self.cache] if self.cache != DEFAULT_CACHE else parts)


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one workload that share device, threads and math."""

    id: str
    cells: tuple[Cell, ...]

    @property
    def spec(self) -> Spec:
        """The workload's op, parameters and dtype."""
        return self.cells[0].spec


def make_groups(cells: Iterable[Cell]) -> list[Group]:
    """Cells by group, in the order of first appearance."""
    members: dict[str, list[Cell]] = {}
    for cell in cells:
        members.setdefault(cell.group_id, []).append(cell)
    return [Group(name, tuple(found)) for name, found in members.items()]


def _unusual(key: WorkerKey) -> list[str]:
    usual = (DEFAULT_MATH, DEFAULT_ALLOCATOR)
    return [part for part in (key.math, key.allocator) if part not in usual]


def _side(key: WorkerKey) -> list[str]:
    return [key.side] if key.side else []
