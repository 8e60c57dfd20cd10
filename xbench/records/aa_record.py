"""What `xbench selftest --aa` found out about a machine, kept in the user's cache: how far apart
two equal things were measured."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec

from xbench.errors import RecordError, UsageError
from xbench.files import UNREADABLE, cache_folder, whole_file, write_whole


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Ratios of equal things. `false_alarms` excluded 1 from their 95 % interval, `margin_alarms`
    were called faster or slower; `rms_log` and `worst_log` are of |ln ratio|; `smallest_log` is the
    smallest true |ln ratio| that would exclude 1 in 80 % of runs."""

    comparisons: int
    false_alarms: int
    margin_alarms: int
    rms_log: float
    worst_log: float
    smallest_log: float


class AaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The A/A of one machine: `trials` runs of `launches` launches; `by_width` tells widths
    apart, in decimal."""

    date: str
    xbench_version: str
    machine_key: str
    trials: int
    launches: int
    overall: Figures
    by_width: dict[str, Figures]


def make_cache() -> None:
    """Make sure that a record can be kept. Raises: UsageError."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / "writable").touch()
        (_folder() / "writable").unlink()
    except OSError as error:
        raise UsageError(
            f"an A/A is kept in the user's cache, which cannot be written: {error}",
            "set XDG_CACHE_HOME to a folder that can",
        ) from None


def keep(record: AaRecord) -> Path:
    """Write a machine's record over its former one, whole or not at all. Returns: the file."""
    return write_whole(_file(record.machine_key), msgspec.json.encode(record))


def kept(machine_key: str) -> AaRecord | None:
    """The last A/A of a machine; None if there was none, or its file cannot be read."""
    try:
        found = msgspec.json.decode(whole_file(_file(machine_key)), type=AaRecord)
    except (OSError, RecordError, *UNREADABLE):
        return None
    return found if found.machine_key == machine_key else None


def _file(machine_key: str) -> Path:
    return _folder() / f"aa-{machine_key}.json"


def _folder() -> Path:
    """Raises: FileNotFoundError if there is no home."""
    found = cache_folder()
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "there is no home folder, and no XDG_CACHE_HOME")
    return found
