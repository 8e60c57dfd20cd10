"""A worker's role that fails on request, and how it is asked; `tests/` is on the worker's path."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import make_dataclass
from typing import TYPE_CHECKING, Any

from xbench.process.serve import serve

if TYPE_CHECKING:
    from xbench.process.child import ChildProcess

Reply = dict[str, Any]


def call(worker: ChildProcess, action: str, timeout_s: float, **given: Any) -> Reply:
    """Ask a worker of this role for one of its actions."""
    kind = make_dataclass("Asked", given, namespace={"action": action, "reply": Reply})
    asked: Any = kind(**given)
    reply: Reply = worker.ask(asked, timeout_s)
    return reply


def main(config: dict[str, Any]) -> None:
    """Serve every kind of failure."""

    def garbage(text: str) -> Reply:
        os.write(config["write_fd"], text.encode())
        return {}

    handlers: dict[str, Callable[..., Reply]] = {
        "echo": lambda **given: given,
        "environment": lambda: dict(os.environ),
        "exit": os._exit,
        "abort": os.abort,
        "segfault": lambda: {"never": ctypes.string_at(0)},
        "deaf": deaf,
        "memory": memory,
        "noise": noise,
        "child": child,
        "garbage": garbage,
        "wrong": wrong,
        "close": dict,
    }
    serve(config["read_fd"], config["write_fd"], handlers, lambda error: None)


def noise() -> Reply:
    """Print as frameworks do, in the process and below it."""
    print("noise on stdout", flush=True)
    print("noise on stderr", file=sys.stderr, flush=True)
    os.system("echo noise of a child; echo more >&2")
    return {"said": "enough"}


def memory() -> Reply:
    """Ask for more than the process may have."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    return {"bytes": len(bytearray(1 << 32))}


def child() -> Reply:
    """Leave a process behind, as a compiler's pool would."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    return {"pid": subprocess.Popen(command).pid}


def deaf() -> Reply:
    """Hang, and ignore a polite request to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    return {}


def wrong() -> Reply:
    """Raise what a framework might."""
    raise ZeroDivisionError("of a framework")
