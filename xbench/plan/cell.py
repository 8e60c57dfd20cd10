"""Cells as a plan has them, and their grouping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xbench.contracts import Spec
from xbench.keys import CellKey, WorkerKey


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the result table: a workload under a policy.

    `family` and `width` place it on a scaling curve; `pair` is the same for a cell and what it is
    compared with on the other side of an A/B. They are no part of the id."""

    key: CellKey
    family: str = ""
    width: int = 0
    pair: str = ""

    @property
    def id(self) -> str:
        """The key's."""
        return self.key.id

    @property
    def spec(self) -> Spec:
        """The op at these sizes."""
        return self.key.spec

    @property
    def worker(self) -> WorkerKey:
        """The process that serves it."""
        return self.key.worker


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one workload that share device, threads, math and cache. In an A/B the threads of
    the two sides may differ."""

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
        members.setdefault(cell.key.group_id, []).append(cell)
    return [Group(name, tuple(found)) for name, found in members.items()]
