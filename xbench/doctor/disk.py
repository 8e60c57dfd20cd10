"""The disk that results, and inputs while they are measured, are written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from xbench.doctor.finding import Finding, by_room
from xbench.text import show_bytes

TOO_LITTLE_BYTES, LITTLE_BYTES = 100_000_000, 5_000_000_000
"""Inputs are kept up to 4 GiB a run, beside results of a few MB."""


def disk(folder: str, free: int, writable: bool) -> Finding:
    """`free` bytes where `folder` is or will be made, and whether we may write there."""
    refused = "" if writable else ", not writable"
    return Finding(
        "disk",
        by_room(free, TOO_LITTLE_BYTES, LITTLE_BYTES) if writable else "problem",
        f"{show_bytes(free)} free for {folder}{refused}",
        "inputs of up to 4 GiB and the journal are written there while it is measured",
        "name a roomier folder that can be written:",
        "xbench run --out DIR",
        {"folder": folder, "free_bytes": free, "writable": writable},
    )


def look_at(folder: Path) -> tuple[int, bool]:
    """Free bytes and whether we may write, at `folder` or the nearest parent there is."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    usable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return shutil.disk_usage(there).free, usable
