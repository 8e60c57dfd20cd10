"""xbench: cross-framework benchmarks whose numbers hold. See ARCHITECTURE.md for the map.

`xbench.load("xbench-results/...")` reads a stored run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbench.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from reports.results import Results

__all__ = ["__version__", "load"]


def load(path: str | Path, reference: str | None = None) -> Results:
    """A stored run; see `reports.results.load`, imported late so that the command line is quick."""
    from reports.results import load as read

    return read(path, reference)
