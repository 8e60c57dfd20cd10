"""Files written whole or not at all, where no reader and no power cut ever finds half of one."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex


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
