"""The end of a tracking command: its verdict is written, shown, and gives the exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from xbench.errors import UsageError
from xbench.files import write_whole
from xbench.reports.verdict.job_summary import add_job_summary, annotation_lines, as_markdown
from xbench.reports.verdict.wording import as_text
from xbench.tracking.verdict import Verdict

# Files of a verdict, each written whole or not at all.

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


def finish(verdict: Verdict, out: Path | None = None) -> int:
    """Write the files into `out` if it is given, tell GitHub Actions if it runs this, and print.

    Returns: the exit status, also where the reader of a pipe has gone. Raises: UsageError if a file
    cannot be written, OSError if the job's summary cannot."""
    written = write_verdict(verdict, out) if out is not None else []
    add_job_summary(verdict, os.environ)
    lines = [f"written: {', '.join(map(str, written))}"] if written else []
    lines += annotation_lines(verdict, os.environ)
    try:
        sys.stdout.write(as_text(verdict) + "".join(f"{each}\n" for each in lines))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return verdict.exit_status
