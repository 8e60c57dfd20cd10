"""Result files as bytes, within bounds: whoever wrote them, and whatever became of them since.

What is no result file at all (a disk image, a core dump, gigabytes without a line end) is refused
before much of it is in memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from xbench.errors import RecordError
from xbench.text import show_bytes

LONGEST_LINE = 32 << 20
"""Bytes. A journal's longest line is its header, of 700 bytes a cell: 14 MB for 20 000 cells. The
numbers of a line take ten times its bytes while it is decoded, before they are packed."""

LARGEST_FILE = 256 << 20
"""Bytes of a file that is read whole. The largest that are real hold every sample of a suite:
pytest-benchmark's of 10 000 tests with 1000 rounds each takes 220 MB."""

LARGEST_LIST = 16 << 20
"""Bytes of a file of short rows (acceptances, rulings, names with a time), which take up to twenty
times as much in memory: 100 000 rows."""

UNREADABLE = (ValueError, RecursionError)
"""What decoding damaged JSON raises: msgspec's own errors and those of bytes that are no UTF-8 are
ValueErrors, the other comes of arrays in arrays without end."""

DAMAGED = "the file was changed or damaged"
_ELSE = "it is no result file, or was damaged: give another"


def lines_of(file: BinaryIO, name: Path, most: float = inf) -> Iterator[bytes]:
    """The lines with their ends, as `bytes.splitlines` has them: a carriage return alone ends one
    too. Raises: RecordError for one that is too long to be a result's, and for more than `most`
    bytes in all."""
    number = read = 0
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise RecordError(
                f"{name}, line {number + 1} is longer than {show_bytes(LONGEST_LINE)}", _ELSE
            )
        read += len(line)
        check_size(name, read, most)
        for each in line.splitlines(keepends=True) if b"\r" in line else (line,):
            number += 1
            yield each


def whole_file(name: Path) -> bytes:
    """All of a file. Raises: OSError; RecordError for more than can be a result."""
    with name.open("rb") as file:
        known = os.fstat(file.fileno()).st_size  # 0 of a pipe, or a device without end
        data = b"" if known > LARGEST_FILE else file.read(LARGEST_FILE + 1)
    check_size(name, max(known, len(data)), LARGEST_FILE)
    return data


def check_size(name: Path, size: int, most: float) -> None:
    """Raises: RecordError for a file of more than `most` bytes."""
    if size > most:
        raise RecordError(f"{name} is larger than {show_bytes(most)}", _ELSE)


@contextmanager
def figures_of(name: Path) -> Iterator[None]:
    """For what is worked out of a file that was read. Raises: RecordError where its figures, each
    right by itself, cannot be together."""
    try:
        yield
    except (ArithmeticError, *UNREADABLE) as error:
        raise RecordError(f"{name} holds figures that cannot be: {error}", DAMAGED) from None


# Files written whole or not at all, where no reader and no power cut ever finds half of one.


def write_whole(file: Path, content: bytes) -> Path:
    """Write a file over what had its name; a link of that name is replaced, never followed.

    The content is on the disk before it gets the name. Returns: the file. Raises: OSError; nothing
    has changed then."""
    fresh = file.with_name(f".{file.name[:200]}.{token_hex(4)}.tmp")
    try:
        with fresh.open("xb") as opened:  # x: what lies there already is neither followed nor lost
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        return fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


# Small files in which a system tells of itself: /proc, /sys.


def read(path: str) -> str | None:
    """A file's text without surrounding space; None if it cannot be read."""
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


# The one folder for what xbench keeps between runs.


def cache_folder() -> Path | None:
    """`xbench/` in XDG_CACHE_HOME if that is an absolute path, else where this system keeps caches
    (`~/.cache`, on macOS `~/Library/Caches`); None if there is no home."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "xbench"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "xbench"
