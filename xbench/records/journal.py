"""Writing a run's journal, a line at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from xbench.errors import StorageFailed, UsageError
from xbench.records.schema import Line
from xbench.text import readable

# Saving a journal whose folder was deleted under a run that still holds it open.


def rescue(held: BinaryIO, path: Path) -> tuple[Path, BinaryIO]:
    """Copy an open file to where it was, its folder made anew, or to a new folder for temporary
    files if that cannot be. Returns: where it is now, open for appending and locked. Raises:
    OSError if there is room nowhere."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, _copied(held, path)
    except OSError:
        other = Path(tempfile.mkdtemp(prefix=f"xbench-{path.parent.name[:80]}-")) / path.name
        return other, _copied(held, other)


def _copied(held: BinaryIO, path: Path) -> BinaryIO:
    copy = path.open("x+b")
    try:
        held.seek(0)
        shutil.copyfileobj(held, copy)
        copy.flush()
        fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        copy.close()
        path.unlink(missing_ok=True)
        raise
    return copy


JOURNAL = "run.jsonl"
SUMMARY = "summary.jsonl"
CHUNK_BYTES = 1 << 16
_encode = msgspec.json.Encoder().encode


class Journal:
    """An append-only file of lines. What was written before a crash is never touched again.

    Open, it is locked: two processes that add to one run would measure beside each other, and
    everything twice. The lock ends with the process."""

    def __init__(self, path: Path) -> None:
        """Raises: UsageError if another process adds to it, or it is a link to elsewhere."""
        self.path = path
        self._written = False
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise UsageError(
                f"cannot write {path}: {error.strerror}",
                "a journal is a plain file in a folder that can be written",
            ) from None
        self._file: BinaryIO = os.fdopen(descriptor, "a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UsageError(
                f"another process is measuring {path}", "wait for it, or end it and resume then"
            ) from None

    def write(self, line: Line) -> None:
        """Append one line, and have it on the disk before anything else is timed: what the kernel
        writes later, it may write beside a burst.

        Raises: StorageFailed if it is not taken, as when the disk is full, or if the file is not in
        its place any more; what was written before is safe."""
        data, self._written = encoded(line) + b"\n", True
        try:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._check_place()
        except OSError as error:
            raise self.failed(error) from None

    def begun(self) -> bool:
        """Whether a line of it was written, or was to be."""
        return self._written or os.fstat(self._file.fileno()).st_size > 0

    def failed(self, error: OSError) -> StorageFailed:
        """The error of a run some of whose files cannot be written."""
        return StorageFailed(
            f"cannot write {error.filename or self.path}: {error.strerror}",
            f"make room, then go on with `xbench run --resume {self.path.parent}`",
        )

    def cut_torn_line(self) -> None:
        """Remove what follows the last line end: what was being written when the run ended."""
        end = self._file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - CHUNK_BYTES)
            self._file.seek(start)
            found = self._file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        self._file.truncate(end)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _check_place(self) -> None:
        """A folder that is deleted while a run goes on takes no more lines, though writing works:
        save what was measured, once, and say where. Raises: StorageFailed."""
        mine = os.fstat(self._file.fileno())
        try:
            there = os.lstat(self.path)
        except OSError:
            there = None
        if there is not None and os.path.samestat(mine, there):
            return
        gone = self.path.parent
        if mine.st_nlink:
            said = f"{gone} was moved while it was measured; what was measured moved along"
            raise StorageFailed(said, "go on with `xbench run --resume` where it is now")
        self.path, saved = rescue(self._file, self.path)
        self._file.close()
        self._file = saved
        raise StorageFailed(
            f"{gone} was deleted while it was measured; what was measured is in {self.path}",
            f"go on with `xbench run --resume {self.path.parent}`",
        )


def encoded(line: msgspec.Struct) -> bytes:
    """A line as JSON. Text that is no UTF-8, as names of files may be, keeps all but that."""
    try:
        return _encode(line)
    except UnicodeEncodeError:
        return _encode(_readable(msgspec.to_builtins(line)))


def _readable(value: Any) -> Any:
    match value:
        case str():
            return readable(value)
        case dict():
            return {_readable(key): _readable(each) for key, each in value.items()}
        case list() | tuple():
            return [_readable(each) for each in value]
    return value


def replace_link_with_folder(folder: Path) -> None:
    """Make sure of a folder, in place of a link if there is one: what is written to it would go
    elsewhere, and what is deleted from it too. Raises: UsageError."""
    try:
        if folder.is_symlink():
            folder.unlink()
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {folder}: {error.strerror}", "make room for it") from None


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
