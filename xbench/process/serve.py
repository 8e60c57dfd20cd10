"""The loop of a worker or of the oracle: read a request, call its handler, reply.

An error becomes a status of the cell, unless the disk is full, which stops the run."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import cache, partial
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from xbench.errors import CellFailed, Status, StorageFailed
from xbench.process import protocol
from xbench.process.messages import Request

T = TypeVar("T")

# The run's files as a worker or the oracle meets them: a full disk is no fault of a cell's.

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


Handler = Callable[..., object]
"""Takes the arguments of a request by name, and gives its reply."""

Answers = Mapping[type[Request[Any]], Callable[[Any], object]]
"""What answers each kind of request."""

Classify = Callable[[BaseException], Status | None]


def serve(read_fd: int, write_fd: int, handlers: Mapping[str, Handler], classify: Classify) -> None:
    """Answer requests until the parent closes its end or asks to `close`."""
    with os.fdopen(read_fd, "rb") as requests, os.fdopen(write_fd, "wb", buffering=0) as replies:
        for line in requests:
            message = protocol.parse(line)
            replies.write(_answer(message, handlers, classify))
            if message["do"] == "close":
                return


def typed(answers: Answers) -> dict[str, Handler]:
    """Handlers by action."""
    return {kind.action: _handler(kind, answer) for kind, answer in answers.items()}


def _handler(kind: Callable[..., Request[Any]], answer: Callable[[Any], object]) -> Handler:
    if _makers(kind):
        return lambda **sent: answer(received(kind, sent))
    return lambda **sent: answer(kind(**sent))  # a burst's: the less is done before it the better


def received(kind: Callable[..., T], sent: Mapping[str, Any]) -> T:
    """A request as a worker has it, made of the JSON that its parent sent."""
    makers = _makers(kind)
    if not makers:
        return kind(**sent)
    return kind(
        **{name: makers[name](each) if name in makers else each for name, each in sent.items()}
    )


@cache
def _makers(kind: Callable[..., object]) -> dict[str, Callable[[Any], Any]]:
    """How those fields are made whose types JSON has not."""
    makers = {name: _maker(hint) for name, hint in get_type_hints(kind).items()}
    return {name: make for name, make in makers.items() if make is not None}


def _maker(hint: Any) -> Callable[[Any], Any] | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(received, hint)
    if get_origin(hint) is tuple:
        each = _maker(get_args(hint)[0])
        return tuple if each is None else partial(_tuple, each)
    if get_origin(hint) is dict and (each := _maker(get_args(hint)[1])) is not None:
        return partial(_dict, each)
    return None


def _tuple(make: Callable[[Any], Any], sent: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(map(make, sent))


def _dict(make: Callable[[Any], Any], sent: Mapping[str, Any]) -> dict[str, object]:
    return {name: make(each) for name, each in sent.items()}


def _answer(
    message: Mapping[str, Any], handlers: Mapping[str, Handler], classify: Classify
) -> bytes:
    number = message["n"]
    try:
        return protocol.success(number, handlers[message["do"]](**message["with"]))
    except CellFailed as error:
        return protocol.failure(number, error.status, error.message)
    except StorageFailed as error:
        return protocol.stopped(number, error.message)
    except Exception as error:  # anything a framework raises is a cell's status, not our end
        traceback.print_exc()
        if (full := no_room(error)) is not None:
            return protocol.stopped(number, full)
        status = classify(error) or ("oom" if _no_memory(error) else "crashed")
        reason = f"{type(error).__name__}: {error}".strip()
        return protocol.failure(number, status, reason[:2000])


def _no_memory(error: Exception) -> bool:
    """Python's own word for it, or the kernel's, as when a file is to be mapped."""
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return refused or isinstance(error, MemoryError)
