"""Run as a plain script: allocates, fills and frees the same large block again and again, and
prints the minor page faults that one such pass costs. Standard library only.

The environment it starts with decides the answer: glibc reads its tunables when it is loaded.
"""

from __future__ import annotations

import ctypes
import resource
import sys

BLOCK_BYTES = 64 << 20
WARM_UP, PASSES = 2, 8


def one_pass(libc: ctypes.CDLL) -> None:
    """Allocate, touch every page, free."""
    block = libc.malloc(BLOCK_BYTES)
    libc.memset(block, 1, BLOCK_BYTES)
    libc.free(block)


def main() -> None:
    """Print faults per pass, once the first passes have grown the heap."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    for _ in range(WARM_UP):
        one_pass(libc)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(PASSES):
        one_pass(libc)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    sys.stdout.write(f"{faults / PASSES}\n")


if __name__ == "__main__":
    main()
