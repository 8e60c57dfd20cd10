"""`xbench export`: a run in another tool's format."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.cli import EXIT_NOTHING
from xbench.cli.options import add_stored_runs_folder, newest_run
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.reports.formats.exports import Measured

FORMATS = ("pytest-benchmark", "github-action-benchmark", "bencher")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Write a run in the format of pytest-benchmark, github-action-benchmark or Bencher. Cells "
        "without a number are left out."
    )
    parser.epilog = (
        "Exit status: 0 success; 2 wrong usage or input; 5 no cell of the run has a number."
    )
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="a run's folder or its run.jsonl (default: the newest run)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, required=True, help="the tool whose format is written"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write to this file (default: print)"
    )
    add_stored_runs_folder(parser, "--results")
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Write the run. Returns: 0, 5 if it holds no number (nothing is written then)."""
    from xbench.reports.formats.exports import read_measured
    from xbench.text import one_line

    measured = read_measured(options.run or newest_run(options.results))
    for note in measured.run.notes:
        print(f"xbench: {one_line(note)}", file=sys.stderr)
    written = _in_format(measured, options.format)
    if not (written["benchmarks"] if options.format == "pytest-benchmark" else written):
        path = measured.run.journal
        print(f"xbench: nothing to export: no cell of {path} has a number", file=sys.stderr)
        return EXIT_NOTHING
    if measured.left_out:
        planned = len(measured.cells) + len(measured.left_out)
        print(
            f"xbench: left out, without a number: {len(measured.left_out)} of {planned} cells",
            file=sys.stderr,
        )
    text = json.dumps(written, allow_nan=False, indent=1)
    if options.output is None:
        print(text)
    else:
        _write(options.output, text + "\n")
    return 0


def _in_format(measured: Measured, name: str) -> Any:
    """The run as JSON data of one of `FORMATS`. Raises: RecordError where that is not possible."""
    from xbench.reports.formats.exports import (
        to_bencher,
        to_github_action,
        to_pytest_benchmark,
    )

    writers: dict[str, Callable[[Measured], Any]] = {
        "pytest-benchmark": to_pytest_benchmark,
        "github-action-benchmark": to_github_action,
        "bencher": to_bencher,
    }
    return writers[name](measured)


def _write(file: Path, text: str) -> None:
    """Whole or not at all, unless it is no plain file but a pipe, say. Raises: UsageError."""
    from xbench.files import write_whole

    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="ascii")
        else:
            write_whole(file.resolve(), text.encode("ascii"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {file}: {error}", "name a writable file") from None
