"""The loop of a worker or of the oracle: read a request, call its handler, reply."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from xbench.errors import CellFailed, Status, StorageFailed
from xbench.worker import wire
from xbench.worker.storage import no_room

Handler = Callable[..., dict[str, Any]]
Classify = Callable[[BaseException], Status | None]


def serve(read_fd: int, write_fd: int, handlers: Mapping[str, Handler], classify: Classify) -> None:
    """Answer requests until the parent closes its end or asks to `close`."""
    with os.fdopen(read_fd, "rb") as requests, os.fdopen(write_fd, "wb", buffering=0) as replies:
        for line in requests:
            message = wire.parse(line)
            replies.write(_answer(message, handlers, classify))
            if message["do"] == "close":
                return


def _answer(message: dict[str, Any], handlers: Mapping[str, Handler], classify: Classify) -> bytes:
    number = message["n"]
    try:
        return wire.success(number, handlers[message["do"]](**message["with"]))
    except CellFailed as error:
        return wire.failure(number, error.status, error.message)
    except StorageFailed as error:
        return wire.stopped(number, error.message)
    except Exception as error:  # anything a framework raises is a cell's status, not our end
        traceback.print_exc()
        if (full := no_room(error)) is not None:
            return wire.stopped(number, full)
        status = classify(error) or ("oom" if _no_memory(error) else "crashed")
        reason = f"{type(error).__name__}: {error}".strip()
        return wire.failure(number, status, reason[:2000])


def _no_memory(error: Exception) -> bool:
    """Python's own word for it, or the kernel's, as when a file is to be mapped."""
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return refused or isinstance(error, MemoryError)
