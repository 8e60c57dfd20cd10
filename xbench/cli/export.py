"""`xbench export`: a run in another tool's format."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xbench.cli.report import newest_run
from xbench.errors import UsageError
from xbench.files import write_whole
from xbench.reports.formats.exports import (
    Measured,
    read_measured,
    to_bencher,
    to_github_action,
    to_pytest_benchmark,
)
from xbench.text import one_line

EXIT_NOTHING = 5
WRITERS: dict[str, Callable[[Measured], Any]] = {
    "pytest-benchmark": to_pytest_benchmark,
    "github-action-benchmark": to_github_action,
    "bencher": to_bencher,
}


def main(options: argparse.Namespace) -> int:
    """Write the run. Returns: 0, 5 if it holds no number (nothing is written then)."""
    measured = read_measured(options.run or newest_run(options.results))
    for note in measured.run.notes:
        print(f"xbench: {one_line(note)}", file=sys.stderr)
    written = WRITERS[options.format](measured)
    if not (written["benchmarks"] if options.format == "pytest-benchmark" else written):
        path = measured.run.path
        print(f"xbench: nothing to export: no cell of {path} has a number", file=sys.stderr)
        return EXIT_NOTHING
    if measured.left_out:
        planned = len(measured.cells) + len(measured.left_out)
        without = f"{len(measured.left_out)} of {planned} cells"
        print(f"xbench: left out, having no number: {without}", file=sys.stderr)
    text = json.dumps(written, allow_nan=False, indent=1)
    if options.output is None:
        print(text)
    else:
        _write(options.output, text + "\n")
    return 0


def _write(file: Path, text: str) -> None:
    """Whole or not at all, unless it is no plain file but a pipe, say. Raises: UsageError."""
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="ascii")
        else:
            write_whole(file.resolve(), text.encode("ascii"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {file}: {error}", "name a writable file") from None
