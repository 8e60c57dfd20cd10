"""What may be named as a side of a comparison."""

from __future__ import annotations

from pathlib import Path

from xbench.gate.foreign import is_foreign, read_foreign
from xbench.gate.stored import StoredRun, read_stored


def read_side(path: Path) -> StoredRun:
    """A run's folder, a file in it, or another tool's. Raises: RecordError for anything else."""
    return read_foreign(path) if is_foreign(path) else read_stored(path)
