"""`xbench doctor`: what about this machine may spoil a measurement."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from xbench.cli import EXIT_FAILED
from xbench.cli.options import folder
from xbench.defaults import RESULTS

WIDEST = 110
"""Columns of what is printed, at most."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Find what may spoil a measurement on this machine and in a worker of each backend. Each "
        "finding says what was seen, why it matters and what to do. Nothing is changed."
    )
    parser.epilog = "Exit status: 0 success; 3 a problem makes measuring on this machine pointless."
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--no-workers", action="store_true", help="start no worker, so that no framework is loaded"
    )
    parser.add_argument(
        "--out",
        type=folder,
        default=Path(RESULTS),
        metavar="DIR",
        help=f"the folder that you keep runs in, to examine it too (default {RESULTS})",
    )
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, or 3 if a problem makes measuring here meaningless."""
    from xbench.doctor.examine import examine
    from xbench.doctor.finding import as_data, as_text

    found = examine(options.out, workers=not options.no_workers, say=_print_to_terminal)
    status = EXIT_FAILED if found.level == "problem" else 0
    if options.json:
        print(json.dumps(as_data(found, status), indent=2, default=str))
    else:
        print(as_text(found, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)))
    return status


def _print_to_terminal(step: str) -> None:
    """Tell someone who waits; a pipe or a file is not told."""
    if sys.stderr.isatty():
        print(f"xbench: {step} …", file=sys.stderr)
