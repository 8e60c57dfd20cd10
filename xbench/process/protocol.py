"""The protocol between parent and worker: JSON lines, one request at a time, one reply each.

    request  {"v": 1, "n": 7, "do": "burst", "with": {...}}
    reply    {"v": 1, "n": 7, "ok": {...}}  or  {"v": 1, "n": 7, "failed": {"status", "reason"}}
             or  {"v": 1, "n": 7, "stopped": reason}, where the disk failed and not the cell

They travel on descriptors of their own, so that whatever a framework prints cannot reach them.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

PROTOCOL = 1


def request(number: int, action: str, arguments: object) -> bytes:
    """One request line; `arguments` are a request, or a mapping."""
    return _line({"v": PROTOCOL, "n": number, "do": action, "with": arguments})


def success(number: int, result: object) -> bytes:
    """One reply line with a result."""
    return _line({"v": PROTOCOL, "n": number, "ok": result})


def failure(number: int, status: str, reason: str) -> bytes:
    """One reply line that says why there is no result."""
    return _line({"v": PROTOCOL, "n": number, "failed": {"status": status, "reason": reason}})


def stopped(number: int, reason: str) -> bytes:
    """One reply line that says why nothing more can be done."""
    return _line({"v": PROTOCOL, "n": number, "stopped": reason})


def parse(line: bytes) -> dict[str, Any]:  # JSON: nobody has looked at it yet
    """A message. Raises: ValueError if it is not one, or of another protocol version."""
    try:
        message = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict) or message.get("v") != PROTOCOL:
        raise ValueError(f"not a message of protocol {PROTOCOL}: {line[:200]!r}")
    return message


def _line(message: dict[str, object]) -> bytes:
    return _ENCODER.encode(message).encode() + b"\n"


def _plain(message: object) -> dict[str, object]:
    """The fields of a message. Raises: TypeError for what is none."""
    if not is_dataclass(message):
        raise TypeError(f"{type(message).__name__} cannot be sent")
    return {each.name: getattr(message, each.name) for each in fields(message)}


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)
"""Made once, as `json.dumps` would make one for every line."""
