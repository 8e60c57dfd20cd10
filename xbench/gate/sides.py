"""What may be named as a side of a comparison."""

from __future__ import annotations

from pathlib import Path

from xbench.gate.stored import StoredRun, read_stored


def read_side(path: Path) -> StoredRun:
    """A run's folder, or a file in it. Raises: RecordError for anything else."""
    return read_stored(path)
