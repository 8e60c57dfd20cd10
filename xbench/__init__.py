"""xbench: cross-framework benchmarks whose numbers hold. See ARCHITECTURE.md for the map.

`xbench.load("xbench-results/...")` reads a stored run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from xbench.results import Results

__version__ = "0.1.0"


def load(path: str | Path, reference: str | None = None) -> Results:
    """A stored run; see `xbench.results.load`, imported late so that the command line is quick."""
    from xbench.results import load as read

    return read(path, reference)
