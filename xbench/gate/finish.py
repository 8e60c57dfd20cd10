"""The end of a tracking command: its verdict is made, written, shown, and is the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from xbench import __version__
from xbench.gate.github import add_job_summary, annotation_lines
from xbench.gate.model import (
    Difference,
    Finding,
    Side,
    Tool,
    Verdict,
    count_kinds,
    exit_status,
)
from xbench.gate.show import as_text
from xbench.gate.write import write_verdict


def make_verdict(
    tool: Tool, base: Side, head: Side, findings: list[Finding], *,
    differences: Iterable[Difference] = (), notes: Iterable[str] = (), comparable: bool = True,
    learning: bool = False, strict: bool = False, confirms: bool = True,
) -> Verdict:  # fmt: skip
    """The document, with its counts and its exit status (see `model.exit_status`)."""
    status = exit_status(
        findings, comparable=comparable, learning=learning, strict=strict, confirms=confirms
    )
    return Verdict(
        xbench_version=__version__, made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        tool=tool, exit_status=status, base=base, head=head, counts=count_kinds(findings),
        findings=findings, differences=list(differences), notes=list(notes),
    )  # fmt: skip


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
