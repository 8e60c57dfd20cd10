"""Which cells of both sides are compared, and the rows of a plan that holds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from xbench.ab.asked import POLICIES
from xbench.cell import Cell
from xbench.plan.build import Row


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell as both sides have it; None where one has not. `name` is the cell's id in an ordinary
    run: base's where it has the cell, since along a policy they differ."""

    name: str
    base: Row | None
    head: Row | None


def make_pairs(
    base: Sequence[Row], head: Sequence[Row], policies: Iterable[str]
) -> list[Pair]:  # fmt: skip
    """The cells of both sides, in head's order, then those that only base has; `policies` are the
    axes along which both sides of a pair may differ."""
    axes = set(policies)
    bases, heads = ({_alike(row.cell, axes): row for row in rows} for rows in (base, head))
    pairs = []
    for key in dict.fromkeys([*heads, *bases]):
        one, other = bases.get(key), heads.get(key)
        named = one or other
        assert named is not None
        name = named.cell.pair
        pairs.append(Pair(name, _paired(one, name), _paired(other, name)))
    return _only_both(pairs) if axes else pairs


def rows_to_measure(pairs: Iterable[Pair]) -> list[Row]:
    """Those of both sides, and those that are new; what head has no more has nobody to run it."""
    return [row for pair in pairs if pair.head is not None for row in (pair.base, pair.head) if row]


def _only_both(pairs: list[Pair]) -> list[Pair]:
    """Under a policy that one side of a pair does not offer, there is nothing to compare."""
    return [
        pair
        if pair.base and pair.head and pair.base.status is pair.head.status is None
        else Pair(pair.name, _refused(pair.base, pair.head), _refused(pair.head, pair.base))
        for pair in pairs
    ]


def _refused(row: Row | None, other: Row | None) -> Row | None:
    if row is None or row.status is not None:
        return row
    if other is None:
        return Row(row.cell, "unsupported", "the other side does not offer it")
    return Row(row.cell, other.status, f"on the other side: {other.reason}")


def _paired(row: Row | None, name: str) -> Row | None:
    return None if row is None else replace(row, cell=replace(row.cell, pair=name))


def _alike(cell: Cell, differing: Collection[str]) -> tuple[str, ...]:
    """What both cells of a pair have alike. The workload is told by the id that the side gave it,
    since the other may not know the op."""
    key, workload = cell.worker, cell.pair.split("/")[:3]
    policy = [str(getattr(key, axis)) for axis in POLICIES if axis not in differing]
    return (*workload, cell.gradient, key.backend, key.device, key.math, *policy)
