"""Writing a run's journal, a line at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO

import msgspec

from xbench.errors import UsageError
from xbench.records.schema import Line

JOURNAL = "run.jsonl"
SUMMARY = "summary.jsonl"
_encode = msgspec.json.Encoder().encode


class Journal:
    """An append-only file of lines. What was written before a crash is never touched again.

    Open, it is locked: two processes that add to one run would measure beside each other, and
    everything twice. The lock ends with the process."""

    def __init__(self, path: Path) -> None:
        """Raises: UsageError if another process adds to it."""
        self.path = path
        self._file: BinaryIO = path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UsageError(
                f"another process is measuring {path}", "wait for it, or end it and resume then"
            ) from None

    def write(self, line: Line) -> None:
        """Append one line and hand it to the operating system. Raises: UsageError if it is not
        taken, as when the disk is full; what was written before stays."""
        try:
            self._file.write(_encode(line) + b"\n")
            self._file.flush()
        except OSError as error:
            raise UsageError(
                f"cannot write {self.path}: {error.strerror}",
                f"make room, then go on with `xbench run --resume {self.path.parent}`",
            ) from None

    def cut_torn_line(self) -> None:
        """Remove what follows the last line end: what was being written when the run ended."""
        self._file.truncate(self.path.read_bytes().rfind(b"\n") + 1)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def make_run_folder(root: Path, run_id: str) -> Path:
    """A new folder `root/run_id`. Raises: UsageError if it cannot be written."""
    folder = root / run_id
    try:
        folder.mkdir(parents=True)
        for name in ("scratch", "logs"):
            (folder / name).mkdir()
    except OSError as error:
        raise UsageError(
            f"cannot write results to {folder}: {error.strerror}",
            "name a writable folder with --out",
        ) from None
    return folder
