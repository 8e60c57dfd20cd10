"""`python -m xbench`, and the `xbench` command."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Run the command line; see `xbench --help`."""
    from xbench.cli import main as run

    return run(sys.argv[1:])


def _forget_working_directory() -> None:
    """Drop the folder `python -m` put first on the path, unless xbench itself lies there: a user's
    own `reports/` or `suites/` must not shadow ours."""
    own = Path(__file__).resolve().parent.parent
    if not sys.flags.safe_path and sys.path and Path(sys.path[0] or ".").resolve() != own:
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    sys.exit(main())
