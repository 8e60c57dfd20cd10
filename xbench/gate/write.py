"""Files of a verdict, each written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec

from xbench.errors import UsageError
from xbench.gate.model import Verdict
from xbench.gate.summary import as_markdown
from xbench.records.whole import write_whole

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
