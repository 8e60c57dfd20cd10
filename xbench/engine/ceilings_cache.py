"""Ceilings kept for a day in the user's cache folder: a hint, never a source of errors.

What cannot be read, is damaged, is too old or comes from the future is as if it were not there;
what cannot be written is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from math import isfinite
from pathlib import Path

import msgspec

from xbench.errors import RecordError
from xbench.files import UNREADABLE, whole_file, write_whole
from xbench.machine.machine import this_machine
from xbench.records.schema import CeilingsLine

KEPT_S = 86400.0
METHOD = 3
"""Raised when the way of measuring changes: what was measured the old way is not used."""


def ceilings_file(
    dtype: str, threads: int, allocator: str, variables: Mapping[str, str] | None = None
) -> str:
    """A file name for everything that decides a ceiling: machine, NumPy, dtype, threads, allocator
    and the variables of the worker (a kernel that the BLAS was told to use)."""
    return _name(version("numpy"), dtype, threads, allocator, *_told(variables))


def product_file(
    backend: str,
    release: str,
    dtype: str,
    math: str,
    mode: str,
    threads: int,
    allocator: str,
    variables: Mapping[str, str] | None = None,
) -> str:
    """The same for the product of a framework of that release."""
    how = (dtype, math, mode, threads, allocator)
    return _name("product", backend, release, *how, *_told(variables))


def _told(variables: Mapping[str, str] | None) -> list[str]:
    return [f"{name}={value}" for name, value in sorted((variables or {}).items())]


def device_file(device: str, dtype: str, math: str, by: tuple[str, ...]) -> str:
    """The same for a device: `by` are the frameworks it is reached through, with versions."""
    return _name(device, dtype, math, *by)


def _name(*decisive: str | int) -> str:
    parts = (METHOD, this_machine().key, *decisive)
    return f"ceilings-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}.json"


def read_cached(folder: Path | None, name: str) -> CeilingsLine | None:
    """The ceilings of that name, if they are whole and not older than a day."""
    if folder is None:
        return None
    try:
        line = msgspec.json.decode(whole_file(folder / name), type=CeilingsLine)
        age_s = (datetime.now(UTC) - datetime.fromisoformat(line.measured_utc)).total_seconds()
    except (OSError, TypeError, RecordError, *UNREADABLE):
        return None
    figures = [each for each in (line.bandwidth, line.compute, line.fault_ns) if each is not None]
    figures += [each.bandwidth for each in line.caches]
    sound = all(isfinite(each.best) and each.best > 0.0 for each in figures)
    return line if sound and figures and 0.0 <= age_s < KEPT_S else None


def write_cached(folder: Path | None, name: str, line: CeilingsLine) -> None:
    """Keep ceilings, whole or not at all."""
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, msgspec.json.encode(line))
