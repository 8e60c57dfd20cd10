"""The command line: `main` runs one command and turns errors into messages and exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from xbench.cli.parser import make_parser
from xbench.errors import XbenchError

EXIT_USAGE = 2
EXIT_FAILED = 3
"""A cell or a check failed, or this machine is unfit to measure on."""
EXIT_NOTHING = 5
"""Nothing was measured, or nothing could be exported."""
EXIT_INTERRUPTED = 130

OS_HINT = "the operating system refused this; check the file, its permissions and the free space"
LONGEST_LINE = 1000
"""Characters of a line of an error; what stands in a damaged file may be longer."""


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns: the exit status."""
    try:
        options = make_parser().parse_args(arguments)
        options.command_line = ["xbench", *arguments]
        status = int(options.handler(options))
        sys.stdout.flush()
        return status
    except XbenchError as error:
        print(f"xbench: {printable(str(error))}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print("xbench: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # as with `| head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"xbench: {error}\nHint: {OS_HINT}", file=sys.stderr)
        return EXIT_USAGE
    except Exception:  # a defect of our own: Python's status 1 would say that there is a regression
        import traceback

        traceback.print_exc()
        print("xbench: this is a defect of xbench; report it with the lines above", file=sys.stderr)
        return EXIT_USAGE


def printable(text: str) -> str:
    """As a terminal may show it: lines not too long, and without codes that would steer it."""
    from xbench.text import one_line

    lines = [one_line(line[: LONGEST_LINE + 1]) for line in text.split("\n")]
    return "\n".join(
        f"{each[:LONGEST_LINE]}…" if len(each) > LONGEST_LINE else each for each in lines
    )
