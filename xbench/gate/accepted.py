"""Which runs were accepted, by whom and why: `accepted.jsonl` beside the stored runs.

The level of an accepted run is the baseline and the anchor of its cells from then on; what it has
no number of is no longer expected.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

import msgspec

from xbench.errors import RecordError, UsageError
from xbench.records.files import LARGEST_LIST, UNREADABLE, lines_of

ACCEPTED = "accepted.jsonl"
ALL = "*"


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `cells`: patterns of ids, or ops."""

    run: str
    cells: list[str]
    reason: str
    who: str
    when_utc: str

    def covers(self, cell: str) -> bool:
        """Whether it is about this cell."""
        return any(matches(cell, pattern) for pattern in self.cells)


def matches(cell: str, pattern: str) -> bool:
    """Whether a cell's id or its op matches a pattern."""
    if pattern == ALL:
        return True
    return fnmatchcase(cell, pattern) or fnmatchcase(cell.partition("/")[0], pattern)


_line = msgspec.json.Decoder(Acceptance).decode


def read_accepted(folder: Path) -> list[Acceptance]:
    """All of a folder's, oldest first. Raises: RecordError for a file that cannot be read: without
    it a regression would fail that was accepted, or the other way round."""
    file = folder / ACCEPTED
    try:
        with file.open("rb") as opened:
            return [
                _acceptance(file, *each)
                for each in enumerate(lines_of(opened, file, LARGEST_LIST), 1)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"cannot read {file}: {error.strerror}", "make it readable") from None


def _acceptance(file: Path, number: int, line: bytes) -> Acceptance:
    try:
        return _line(line)
    except UNREADABLE as error:
        raise RecordError(f"{file}, line {number}: {error}", "mend or remove that line") from None


def accept(folder: Path, run: str, cells: Iterable[str], reason: str) -> Acceptance:
    """Append an acceptance. Raises: UsageError if it cannot be written."""
    made = Acceptance(
        run=run, cells=list(cells), reason=reason, who=_who(),
        when_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip
    try:
        with (folder / ACCEPTED).open("a+b") as file:
            file.write(_line_end(file) + msgspec.json.encode(made) + b"\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {folder / ACCEPTED}: {error.strerror}", "make the folder writable"
        ) from None
    return made


def _line_end(file: BinaryIO) -> bytes:
    """What is missing for a new line to begin: an editor may have left the last one open."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read() == b"\n" else b"\n"


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return "unknown"
