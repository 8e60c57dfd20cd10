"""Chance, drawn from the seed, where two equal processes would differ by accident for life."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from random import Random
from typing import TypeVar

from xbench.cell import Cell

T = TypeVar("T")
SHIFT_LIMIT_BYTES = 64 << 20
"""Beyond the caches of a core, where a tensor lies matters little."""


class Scatter:
    """The draws of one launch. `core`: where the main thread of every worker begins every burst, so
    that no cell of a pair sits on a better core; None where cores cannot be chosen."""

    def __init__(self, seed: int, launch: int) -> None:
        self._random = Random(f"{seed}/{launch}/scatter")
        self.core = self._random.choice(_allowed()) if _allowed() else None

    def order(self, things: Iterable[T]) -> list[T]:
        """An order of this launch's own, so that none is always the first to open or to load."""
        found = list(things)
        return self._random.sample(found, len(found))

    def shift_bytes(self, cell: Cell, lead_in: int, held_bytes: int) -> int:
        """How far the next burst's tensors are shifted in the heap."""
        return self._random.randrange(largest_shift(cell, lead_in, held_bytes) + 1)


def largest_shift(cell: Cell, lead_in: int, held_bytes: int) -> int:
    """How far a cell's tensors may be shifted: as far as what it holds.

    0 where that would change what is measured: without a lead-in to touch the new pages first,
    with an allocator as shipped, or on another device, whose memory is its own."""
    if lead_in == 0 or cell.worker.allocator != "reuse" or cell.worker.device != "cpu":
        return 0
    return min(SHIFT_LIMIT_BYTES, held_bytes)


def _allowed() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
