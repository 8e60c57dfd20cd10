"""Where a process's memory lies, drawn by chance: no two equal processes differ by accident for
life, and none is always lucky.

How fast a call is depends on where its tensors lie: a NumPy product of 100 x 512 float32 took
10.7 µs with its result at an address that 64 divides, and 16 to 18 µs at others (docs/layout.md).
Where they lie depends on all that was allocated before, code that has nothing to do with it too. So
before each burst all is dropped that earlier bursts left, and blocks of random size are held
between tensors: they lie elsewhere each time."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random

UNIT = 16
"""What malloc aligns to on 64-bit systems."""

PAGE = 4096
LEAST_GAP, MOST_GAP = 1040, 64 << 10
"""Of a block before a tensor, without its random part. Smaller blocks come from lists of their own
(tcache), and larger ones fit fewer of the holes that are not meant."""

ALIGNED = 96
"""What a framework that aligns to cache lines asks for beyond a tensor's bytes."""

TRIES, TRIED_BYTES, FEW_BYTES = 40, 16 << 20, 1 << 20
"""How many blocks are held before one tensor at most, and how much together: for large tensors,
whose places matter less, more would only make the heap grow; little where no call comes before the
clock that would touch new pages."""


KEPT_OBJECTS, LARGEST_OBJECT = 200, 512
"""Of Python's own allocator, which serves objects up to that size from pools of one size each."""

KEPT_BLOCKS, LEAST_KEPT, MOST_KEPT = 4, 64 << 10, 120 << 10
"""Blocks that shift the heap: from 128 kB on, malloc would give each its own pages."""


def begin_on(core: int | None) -> None:
    """Move this thread to a core; afterwards it may run on all it was allowed, as before.

    The scheduler leaves a busy thread where it is, so it stays. None, or a system without such
    a call: nothing is done."""
    if core is None or sys.platform != "linux":
        return
    allowed = os.sched_getaffinity(0)
    with suppress(OSError):  # the core is no longer ours
        os.sched_setaffinity(0, {core})
        os.sched_setaffinity(0, allowed)


class Heap:
    """The C library's heap, as far as blocks can be taken from it. From the library itself: NumPy
    would ask for huge pages for what it allocates, and whatever came to lie there later would have
    them too. Blocks are never touched."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._malloc, self._free = library.malloc, library.free
        self._malloc.restype, self._malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        self._free.restype, self._free.argtypes = None, [ctypes.c_void_p]

    def take(self, size_bytes: int) -> int:
        """A block, or 0 where there is none, which `give` takes too."""
        return self._malloc(size_bytes) or 0

    def give(self, block: int) -> None:
        """Free a block."""
        self._free(block)


class Gaps:
    """Blocks of random size, held during a burst, each where a tensor would have come to lie, so
    that the tensor lies behind it. `tried_bytes`: how much is held before one tensor."""

    def __init__(self, heap: Heap, seed: int, tried_bytes: int = TRIED_BYTES) -> None:
        self._heap, self._random, self._tried = heap, Random(seed), tried_bytes
        self._held: list[int] = []

    def shift(self, size_bytes: int) -> None:
        """Hold a block of this size, so that what follows lies on other pages."""
        self._held.append(self._heap.take(size_bytes))

    def before(self, tensor_bytes: int) -> None:
        """Shift the tensor of this size that is allocated next, by up to a page.

        malloc takes the smallest free block that is large enough, which for our block may be
        another than for the tensor. So it is asked where the tensor would lie, and blocks are held,
        ever larger ones, until one lies there and the tensor would follow it."""
        if tensor_bytes < LEAST_GAP:
            return
        least, left = max(LEAST_GAP, min(MOST_GAP, tensor_bytes // 2)), self._tried
        for _ in range(TRIES):
            if least > left:
                return
            left -= least
            address = self._address(tensor_bytes)
            size = least + UNIT * self._random.randrange(PAGE // UNIT)
            self._held.append(self._heap.take(size))
            if (
                self._held[-1] == address
                and 0 < self._address(tensor_bytes) - address <= size + UNIT
            ):
                return
            least = min(2 * least, max(LEAST_GAP, tensor_bytes))

    def _address(self, tensor_bytes: int) -> int:
        """Where a tensor would lie."""
        block = self._heap.take(tensor_bytes + ALIGNED)
        self._heap.give(block)
        return block

    def close(self) -> None:
        """Give them all back."""
        for block in self._held:
            self._heap.give(block)
        self._held.clear()


def scatter_process(seed: int) -> list[object]:
    """Shift what this process allocates from now on: its heap by blocks of random size, each of
    Python's pools by a random number of objects. Returns: what must be kept to the end.

    One block would not do: it may lie in a hole that earlier code left, or, where it is large, in
    pages of its own, and then it shifts nothing."""
    random = Random(seed)
    made: list[Callable[[], object]] = [object, partial(float, "0.5")]  # of 16 and of 24 bytes
    made += [partial(bytes, size) for size in range(UNIT, LARGEST_OBJECT, UNIT)]
    kept = [make() for make in made for _ in range(random.randrange(KEPT_OBJECTS))]
    heap = Heap()
    for _ in range(KEPT_BLOCKS):  # never given back
        heap.take(UNIT * random.randrange(LEAST_KEPT // UNIT, MOST_KEPT // UNIT))
    return kept
