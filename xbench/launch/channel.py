"""One end of the protocol: send a request, wait for its reply, not spinning, for a limited time."""

from __future__ import annotations

import os
import select
import time
from typing import Any

from xbench.errors import STATUSES, CellFailed, StorageFailed, WorkerDied, WorkerTimeout
from xbench.launch.replies import checked
from xbench.text import readable, show_bytes
from xbench.worker import wire

CHUNK_BYTES = 1 << 16
MOST_BYTES = 16 << 20
"""Of a reply. Results travel in files: whoever sends more than this sends something else."""


class Channel:
    """Requests out on `write_fd`, replies in on `read_fd`; owns both."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._number = 0
        self._rest = b""
        self._poll = select.poll()
        self._poll.register(read_fd, select.POLLIN | select.POLLHUP)

    def ask(self, action: str, timeout_s: float, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of one request.

        Raises: CellFailed (the worker said why not), WorkerTimeout, WorkerDied, StorageFailed."""
        self._number += 1
        try:
            os.write(self._write_fd, wire.request(self._number, action, arguments))
        except BrokenPipeError:
            raise WorkerDied(f"the worker had ended before {action!r}") from None
        try:
            message = wire.parse(self._line(time.monotonic() + timeout_s, action, timeout_s))
        except ValueError as error:
            raise WorkerDied(f"the worker answered {action!r} with noise: {error}") from None
        if message.get("n") != self._number:
            raise WorkerDied(f"the worker answered request {message.get('n')}, not {self._number}")
        match message:
            case {"ok": dict(result)}:
                return checked(action, result)
            case {"stopped": str(reason)}:
                raise StorageFailed(reason, "make room, then go on with `xbench run --resume`")
            case {"failed": {"status": status, "reason": str(reason)}} if status in STATUSES:
                raise CellFailed(status, readable(reason))
        raise WorkerDied(f"the worker answered {action!r} with neither a result nor a reason")

    def close(self) -> None:
        """Close both descriptors: the worker reads end of file."""
        for descriptor in (self._read_fd, self._write_fd):
            os.close(descriptor)

    def _line(self, deadline: float, action: str, timeout_s: float) -> bytes:
        parts, size = [self._rest], len(self._rest)
        while b"\n" not in parts[-1]:
            left = deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise WorkerTimeout(f"no answer to {action!r} within {timeout_s:.0f} s")
            chunk = os.read(self._read_fd, CHUNK_BYTES)
            if not chunk:
                raise WorkerDied(f"the worker ended during {action!r}")
            parts.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                most = show_bytes(MOST_BYTES)
                raise WorkerDied(f"the worker answered {action!r} with more than {most}")
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line
