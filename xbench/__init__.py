"""xbench: cross-framework benchmarks whose numbers hold. See ARCHITECTURE.md for the map.

`xbench.load("xbench-results/...")` reads a stored run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbench.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from xbench.reports.results import Results

__all__ = ["__version__", "load"]


def load(path: str | Path, reference: str | None = None) -> Results:
    """A stored run; see `xbench.reports.results.load`, imported late: the command line is quick."""
    from xbench.reports.results import load as read

    return read(path, reference)
