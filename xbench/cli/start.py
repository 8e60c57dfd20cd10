"""What every command that measures does first: where it may run, and how it ends when told to."""

from __future__ import annotations

import signal
import sys

from xbench.errors import UsageError


def end_cleanly_on_signals() -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: readable, nothing left behind. Only the first of
    them counts: what tidies up takes seconds, and whoever ends a group of processes sends two."""
    ending = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, interrupt)


def refuse_windows() -> None:
    """Raise UsageError on Windows."""
    if sys.platform == "win32":
        raise UsageError("xbench measures on Linux and macOS", "use WSL on Windows")
