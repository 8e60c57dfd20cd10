"""Files of a verdict, each written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from xbench.errors import UsageError
from xbench.gate.model import Verdict
from xbench.gate.summary import as_markdown

VERDICT, SUMMARY = "verdict.json", "summary.md"


def write_verdict(verdict: Verdict, out: Path) -> list[Path]:
    """Write `verdict.json` and `summary.md` into a folder, which is made if it is not there.

    Returns: the files. Raises: UsageError if they cannot be written."""
    document = msgspec.json.format(msgspec.json.encode(verdict), indent=1) + b"\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
        return [
            write_whole(out / VERDICT, document),
            write_whole(out / SUMMARY, as_markdown(verdict).encode()),
        ]
    except OSError as error:
        raise UsageError(
            f"cannot write to {out}: {error.strerror}", "name another folder with --out"
        ) from None


def write_whole(file: Path, content: bytes) -> Path:
    """Write a file so that whoever reads it finds the old one or the new one. Raises: OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as fresh:
            fresh.write(content)
        os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return file
