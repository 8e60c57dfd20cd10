"""Writing a run's journal, a line at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from xbench.errors import UsageError
from xbench.records.schema import Line

JOURNAL = "run.jsonl"
SUMMARY = "summary.jsonl"
_encode = msgspec.json.Encoder().encode


class Journal:
    """An append-only file of lines. What was written before a crash is never touched again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, line: Line) -> None:
        """Append one line and hand it to the operating system."""
        with self.path.open("ab") as file:
            file.write(_encode(line) + b"\n")


def cut_torn_line(path: Path) -> None:
    """Remove what follows the last line end: a line that was being written when the run ended."""
    with path.open("rb+") as file:
        data = file.read()
        file.truncate(data.rfind(b"\n") + 1)


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
