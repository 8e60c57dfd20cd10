"""One end of the protocol: send a request, wait for its reply, not spinning, for a limited time."""

from __future__ import annotations

import os
import select
import time
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from xbench.errors import STATUSES, CellFailed, StorageFailed, WorkerDied, WorkerTimeout
from xbench.process import protocol
from xbench.text import readable, show_bytes

R = TypeVar("R")

# A worker may run anything: what it says is looked at before it is used, so that garbage ends that
# worker and not the run.


def checked(action: str, sent: object, reply: type[R]) -> R:
    """What was sent, as the type of reply that it must be: every field there and none more.

    Raises: WorkerDied if it is none."""
    wanted: Any = reply
    try:
        msgspec.convert(sent, strict_type(wanted))
        return msgspec.convert(sent, reply)
    except msgspec.ValidationError as error:
        raise WorkerDied(f"the worker answered {action!r} with an invalid reply: {error}") from None


@cache
def strict_type(hint: Any) -> Any:
    """A type that `msgspec` checks more strictly than this one: ranges hold, and no field of a
    message may be left out or be unknown."""
    if is_dataclass(hint) or hasattr(hint, "_fields"):  # or a NamedTuple
        hints = get_type_hints(hint, include_extras=True)
        names = [each.name for each in fields(hint)] if is_dataclass(hint) else hint._fields
        return msgspec.defstruct(
            hint.__name__,
            [(name, strict_type(hints[name])) for name in names],
            forbid_unknown_fields=True,
            array_like=not is_dataclass(hint),
        )
    origin, of = get_origin(hint), get_args(hint)
    if origin is Annotated:
        (limits,) = of[1:]
        return Annotated[of[0], msgspec.Meta(ge=limits.least, le=limits.most)]
    if origin is None or origin is Literal:
        return hint
    strict = tuple(map(strict_type, (each for each in of if each is not ...)))
    if origin in (Union, UnionType):
        return Union[strict]  # noqa: UP007 (of a tuple)
    return origin[(*strict, ...) if ... in of else strict]


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

    def ask(self, action: str, timeout_s: float, arguments: object, reply: type[R]) -> R:
        """The reply to one request; `arguments` are the request, or a mapping.

        Raises: CellFailed (the worker said why not), WorkerTimeout, WorkerDied, StorageFailed."""
        self._number += 1
        try:
            os.write(self._write_fd, protocol.request(self._number, action, arguments))
        except BrokenPipeError:
            raise WorkerDied(f"the worker had ended before {action!r}") from None
        try:
            message = protocol.parse(self._line(time.monotonic() + timeout_s, action, timeout_s))
        except ValueError as error:
            raise WorkerDied(
                f"the worker answered {action!r} with an invalid reply: {error}"
            ) from None
        if message.get("n") != self._number:
            raise WorkerDied(f"the worker answered request {message.get('n')}, not {self._number}")
        match message:
            case {"ok": sent}:
                return checked(action, sent, reply)
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
