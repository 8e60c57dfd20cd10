"""Ends workers, and what they started, when the parent is gone.

Linux is asked to end a worker with its parent, but not the compilers that a worker started; macOS
cannot be asked at all, and a stopped process notices nothing itself. So a small process of its own
holds the read end of a pipe whose write end only the parent has; at end of file it kills the group
of every worker still listed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

_SCRIPT = """
import os, signal, sys
alive = set()
for line in sys.stdin:
    (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
for pid in alive:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Watcher:
    """A watcher process; `add` and `remove` take the ids of process groups."""

    def __init__(self) -> None:
        read_fd, self._write_fd = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-P", "-c", _SCRIPT],
            stdin=read_fd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read_fd)

    def add(self, group: int) -> None:
        """Kill this process group should the parent end."""
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """This process group has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the watcher; it kills what is still listed."""
        os.close(self._write_fd)
        self._process.wait()

    def _tell(self, line: str) -> None:
        """One write, since several threads may tell. A watcher that somebody ended is done without:
        the kernel still ends the workers themselves, where it can be asked to."""
        with suppress(BrokenPipeError):
            os.write(self._write_fd, line.encode())
