"""Ends workers when the parent is gone, where the kernel cannot be asked to (macOS).

A stopped process cannot notice anything itself, so a small process of its own holds the read end of
a pipe whose write end only the parent has; at end of file it kills every worker still listed.
"""

from __future__ import annotations

import subprocess
import sys
from typing import IO

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
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-P", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def _pipe(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def add(self, group: int) -> None:
        """Kill this process group should the parent end."""
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """This process group has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the watcher; it kills what is still listed."""
        self._pipe.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        self._pipe.write(line)
        self._pipe.flush()
