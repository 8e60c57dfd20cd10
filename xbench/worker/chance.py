"""What a process keeps by accident for its whole life, decided anew by the parent instead: the core
its main thread begins a burst on, and where in the heap a burst's tensors lie."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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


@contextmanager
def shifted(size_bytes: int) -> Iterator[None]:
    """Hold so many bytes of the heap, never touched, so that what is allocated meanwhile lies
    elsewhere. From the C library itself: NumPy would ask for huge pages for what it allocates, and
    whatever came to lie there later would have them too."""
    if size_bytes <= 0:
        yield
        return
    library = ctypes.CDLL(None)
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
    block = library.malloc(size_bytes)  # null if there is no memory, which free() takes too
    try:
        yield
    finally:
        library.free(block)
