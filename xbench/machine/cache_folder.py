"""The one folder for what xbench keeps between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path | None:
    """`xbench/` in XDG_CACHE_HOME if that is an absolute path, else where this system keeps caches
    (`~/.cache`, on macOS `~/Library/Caches`); None if there is no home."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "xbench"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "xbench"
