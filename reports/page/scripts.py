"""A page's own scripts as one, and the hashes by which its policy lets them run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

SHARED = Path(__file__).resolve().parent / "js"


def joined(files: Iterable[Path]) -> str:
    """The files as one script, with names of its own."""
    texts = [file.read_text(encoding="utf-8") for file in files]
    return "\n".join(['"use strict";', "(() => {", *texts, "})();"])


def policy(*scripts: bytes) -> str:
    """The sources that a policy names, so that only these scripts run."""
    return " ".join(
        f"'sha256-{b64encode(sha256(each).digest()).decode('ascii')}'" for each in scripts
    )
