"""`python -m xbench`, and the `xbench` command."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the command line; see `xbench --help`."""
    _open_standard_streams()
    from xbench.cli import main as run

    return run(sys.argv[1:])


def _open_standard_streams() -> None:
    """Where the caller closed stdin, stdout or stderr, put /dev/null: else the next file opened
    takes its number and gets what is printed. What stdout's encoding lacks is escaped, as on
    stderr: files' names may be any bytes, and a terminal may know ASCII only."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _forget_working_directory() -> None:
    """Drop the folder that `python -m` put first on the path, unless xbench itself lies there:
    the command `xbench` does not have it either, and a user's `numpy.py` must not shadow NumPy."""
    own = Path(__file__).resolve().parent.parent
    if not sys.flags.safe_path and sys.path and Path(sys.path[0] or ".").resolve() != own:
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    sys.exit(main())
