"""What the files of commands share: where runs are kept, and handlers imported when called."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module

RESULTS = "xbench-results"
Handler = Callable[[argparse.Namespace], int]


def late(module: str) -> Handler:
    """A handler that imports its module when it is called."""

    def handler(options: argparse.Namespace) -> int:
        return int(import_module(module).main(options))

    return handler
