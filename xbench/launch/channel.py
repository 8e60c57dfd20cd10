"""One end of the protocol: send a request, wait for its reply, not spinning, for a limited time."""

from __future__ import annotations

import os
import select
import time
from typing import Any

from xbench.errors import STATUSES, CellFailed, WorkerDied, WorkerTimeout
from xbench.worker import wire

CHUNK_BYTES = 1 << 16


class Channel:
    """Requests out on `write_fd`, replies in on `read_fd`; owns both."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._number = 0
        self._buffer = b""
        self._poll = select.poll()
        self._poll.register(read_fd, select.POLLIN | select.POLLHUP)

    def ask(self, action: str, timeout_s: float, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of one request.

        Raises: CellFailed (the worker said why not), WorkerTimeout, WorkerDied."""
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
                return result
            case {"failed": {"status": status, "reason": str(reason)}} if status in STATUSES:
                raise CellFailed(status, reason)
        raise WorkerDied(f"the worker answered {action!r} with neither a result nor a reason")

    def close(self) -> None:
        """Close both descriptors: the worker reads end of file."""
        for descriptor in (self._read_fd, self._write_fd):
            os.close(descriptor)

    def _line(self, deadline: float, action: str, timeout_s: float) -> bytes:
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise WorkerTimeout(f"no answer to {action!r} within {timeout_s:.0f} s")
            chunk = os.read(self._read_fd, CHUNK_BYTES)
            if not chunk:
                raise WorkerDied(f"the worker ended during {action!r}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line
