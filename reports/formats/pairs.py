"""The ratios of each cell, those that could not be taken among them."""

from __future__ import annotations

from collections.abc import Sequence

from xbench.records.compare import Comparison, Unpaired

NOT_PAIRED = "not paired"
Pair = Comparison | Unpaired


def pairs_of_cells(
    comparisons: Sequence[Comparison], unpaired: Sequence[Unpaired]
) -> dict[str, list[Pair]]:
    """By the id of the cell that is compared with another."""
    pairs: list[Pair] = [*comparisons, *unpaired]
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.cell.id, []).append(pair)
    return found
