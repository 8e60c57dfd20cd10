"""The command line. Only argparse is imported before it is known which command runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from xbench.cli.parser import make_parser
from xbench.errors import XbenchError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns: the exit status."""
    try:
        options = make_parser().parse_args(arguments)
        options.command_line = ["xbench", *arguments]
        status = int(options.handler(options))
        sys.stdout.flush()
        return status
    except XbenchError as error:
        print(f"xbench: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print("xbench: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # as with `| head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"xbench: {error}", file=sys.stderr)
        return EXIT_USAGE
    except Exception:  # a defect of our own: Python's status 1 would say that there is a regression
        import traceback

        traceback.print_exc()
        return EXIT_USAGE
