"""Saving a journal whose folder was deleted under a run that still holds it open."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO


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
