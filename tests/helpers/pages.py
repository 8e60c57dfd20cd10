"""The page of a report as it was written."""

from __future__ import annotations

import re
from pathlib import Path


def written(folder: Path) -> str:
    """The page in a report's folder, without its scripts and its data."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    return re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
