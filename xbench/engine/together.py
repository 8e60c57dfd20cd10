"""Doing the same to several workers at once, where nothing is timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from xbench.errors import XbenchError

T = TypeVar("T")
MOST_AT_ONCE = 4
"""Beyond this, disks and memory bandwidth are what is waited for."""


def together(
    jobs: Sequence[Callable[[], T]], cores: int, stop: Callable[[], None]
) -> list[T | XbenchError]:
    """The results, or errors, of jobs that each wait for a process; as many at once as cores.

    If this thread is interrupted, `stop` must make the jobs return; then that goes on."""
    pool = ThreadPoolExecutor(max(1, min(cores, MOST_AT_ONCE)))
    try:
        futures = [pool.submit(_caught, job) for job in jobs]
        return [future.result() for future in futures]
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _caught(job: Callable[[], T]) -> T | XbenchError:
    try:
        return job()
    except XbenchError as error:
        return error
