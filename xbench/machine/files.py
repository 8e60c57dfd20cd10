"""Small files in which a system tells of itself: /proc, /sys."""

from __future__ import annotations

from pathlib import Path


def read(path: str) -> str | None:
    """A file's text without surrounding space; None if it cannot be read."""
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
