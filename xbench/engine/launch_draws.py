"""What is drawn at random in a launch, from the run's seed: orders, the core that bursts begin on,
and where memory lies. Two equal processes would otherwise differ in these by accident, for life."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from random import Random
from typing import TypeVar

from xbench.plan.cell import Cell
from xbench.process.environment import PADDING

T = TypeVar("T")
SHIFT_LIMIT_BYTES = 64 << 20
"""Beyond the caches of a core, where a tensor lies matters little."""

PADDING_BYTES = 4096
"""A page: the kernel moves the stack by whole ones itself."""


class LaunchDraws:
    """The random draws of one launch. `core`: where the main thread of every worker begins every
    burst, so that no cell of a pair sits on a better core; None where cores cannot be chosen."""

    def __init__(self, seed: int, launch: int) -> None:
        self._random = Random(f"{seed}/{launch}/scatter")
        self.core = self._random.choice(_allowed()) if _allowed() else None

    def order(self, things: Iterable[T]) -> list[T]:
        """An order of this launch's own, so that none is always the first to open or to load."""
        found = list(things)
        return self._random.sample(found, len(found))

    def process_variables(self) -> dict[str, str]:
        """What decides the layout of a process before its first line runs: the seed of Python's
        hashes, which dictionaries collide by, and the size of the environment, which moves the
        stack. As in a user's program, no two processes have them alike."""
        seed, size = self._random.randrange(1, 1 << 32), self._random.randrange(PADDING_BYTES)
        return {"PYTHONHASHSEED": str(seed), PADDING: "x" * size}

    def process_seed(self) -> int:
        """Seeds what a process draws for itself when it begins."""
        return self._random.getrandbits(32)

    def layout(self, cell: Cell) -> int | None:
        """Seeds the draw of where the next burst's tensors lie; None where the heap is not ours to
        shift: with an allocator as shipped, or on another device, whose memory is its own."""
        own = cell.worker.allocator == "reuse" and cell.worker.device == "cpu"
        return self._random.getrandbits(32) if own else None

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
