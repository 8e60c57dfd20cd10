"""The run's files as a worker or the oracle meets them: a full disk is no fault of a cell's."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from xbench.errors import StorageFailed

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def storage() -> Iterator[None]:
    """Around whatever reads or writes the run's own files. Raises: StorageFailed."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOMEM:  # a file that could not be mapped: the cell's own matter
            raise
        raise StorageFailed(_said(error)) from None


def no_room(error: BaseException | None) -> str | None:
    """What the system said, if a full disk is behind this error, as when a compiler's cache cannot
    be written; else None."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in FULL:
            return _said(error)
        error = error.__cause__ or error.__context__
    return None


def _said(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"
