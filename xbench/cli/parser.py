"""The table of commands, and the parser that is made of it.

A command is a module. Its `add_options(parser)` adds the options and sets `main(options)` as the
handler. The module is imported when its command is given, so that `xbench --help` needs this table
alone.

`xbench COMMAND --help` imports the command's module. It answers at once because that module imports
what its work needs inside functions. With these imports at the top of the file, `xbench run --help`
takes 0.27 s instead of 0.03 s on two cores."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from xbench import extensions
from xbench.version import __version__

COMMANDS = {
    "run": ("measure, then write a report", "xbench.cli.run:add_options"),
    "race": (
        "measure your own lines of Python against each other",
        "xbench.cli.race:add_options",
    ),
    "report": ("write a report of stored runs", "xbench.cli.report:add_options"),
    # Not `list.py`: imported, it would hide the builtin `list` in `xbench/cli/__init__.py`.
    "list": (
        "list what there is: backends, suites, ops and presets",
        "xbench.cli.listing:add_options",
    ),
    "doctor": (
        "find what may spoil a measurement on this machine",
        "xbench.cli.doctor:add_options",
    ),
    "selftest": (
        "check xbench itself on this machine, with cases whose answer is known",
        "xbench.cli.selftest:add_options",
    ),
    "ab": (
        "compare two commits, environments or settings, measured in the same rounds",
        "xbench.cli.ab:add_options",
    ),
    "compare": ("compare two stored runs of one machine", "xbench.cli.compare:add_options"),
    "gate": (
        "check a run for regressions against the stored runs of its machine",
        "xbench.cli.gate:add_options",
    ),
    "history": (
        "show how cells changed over the stored runs of a machine",
        "xbench.cli.history:add_options",
    ),
    "accept": ("accept the speed of a run as the new normal", "xbench.cli.accept:add_options"),
    "export": ("write a run in the format of another tool", "xbench.cli.export:add_options"),
}
"""Name to its line in `xbench --help`, and to what adds its options to a parser."""


class CommandParser(argparse.ArgumentParser):
    """The parser of one command. It gets its options when it first parses: `add_options_path` is
    the "module:function" that adds them."""

    def __init__(self, *, add_options_path: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.add_options_path = add_options_path

    def parse_known_args(  # type: ignore[override]  # typeshed has it in three forms
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does, with the options of the command."""
        if self.add_options_path:
            add_options = extensions.resolve(self.add_options_path)
            self.add_options_path = ""
            add_options(self)
        return super().parse_known_args(args, namespace)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="xbench",
        description="Measure which of NumPy, TensorFlow, PyTorch and JAX is faster for an "
        "operation at a size on a device, by how much, and how certain that is.",
        epilog="Exit status: 0 success; 2 wrong usage or input; 3 a cell crashed, timed out or "
        "gave a wrong result; 5 nothing was measured; 130 interrupted (Ctrl-C, SIGTERM or SIGHUP). "
        "`xbench COMMAND --help` says what else a command's exit status can be.",
    )
    parser.add_argument("--version", action="version", version=f"xbench {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name, (about, path) in {**COMMANDS, **extensions.COMMANDS}.items():
        commands.add_parser(name, help=about, add_options_path=path)
    return parser
