"""`xbench doctor`: what about this machine may spoil a measurement."""

from __future__ import annotations

import argparse
import json
import shutil
import sys

from xbench.doctor.examine import examine
from xbench.doctor.finding import as_data, as_text

EXIT_PROBLEM = 3
WIDEST = 110


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, or 3 if a problem makes measuring here meaningless."""
    found = examine(options.out, workers=not options.no_workers, say=_say)
    status = EXIT_PROBLEM if found.level == "problem" else 0
    if options.json:
        print(json.dumps(as_data(found, status), indent=2, default=str))
    else:
        print(as_text(found, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)))
    return status


def _say(what: str) -> None:
    """Tell someone who waits; a pipe or a file is not told."""
    if sys.stderr.isatty():
        print(f"xbench: {what} …", file=sys.stderr)
