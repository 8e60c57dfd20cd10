"""What stands on top of the core and is known to it by name only: commands, sections of the report.

An extension is a line here, "module:attribute" as text. The core imports it when it is asked for,
and knows nothing else of it. It may use all of xbench and of the reports; nothing imports it.

A command that measures may ask workers for more than times. It passes `after_last_launch` to
`run_plan` of `xbench.engine.run_plan`, which calls it with workers when all timing is done:

    def after_last_launch(workers: Workers) -> Iterator[ValuesLine]:
        request = CallRequest("my_package.my_module:show", {"size": 3})
        told = workers.get(key).ask(request, limit_s)
        yield ValuesLine(name="shown", worker=key, values=told.reply)

In the worker, `show(backend, size=3)` gets the opened adapter and returns a dictionary of JSON's
types. The lines that are yielded stand in the journal; `Run.values` of `xbench.records.read` has
them, and the extension's section of the report may show them."""

from __future__ import annotations

import importlib
from typing import Any

COMMANDS = {
    "claims": (
        "check what the course notebooks claim",
        "xbench.suites.claims.claims_command:add_options",
    )
}
"""As `COMMANDS` of `xbench.cli.parser`: name to its line in `xbench --help`, and to what adds its
options to a parser, a `handler` among the defaults. It is called when the command is given."""

SECTIONS = {"claims": "xbench.suites.claims.tables_of_rulings:read_section"}
"""Name to what reads a run's folder: it takes the path and returns an `Added` (defined in
`xbench.reports.model`), or None where the folder holds nothing for it. The name stands in the
page's links and in JSON."""


def resolve(path: str) -> Any:
    """What "module:attribute" names; importing it is the caller's wish."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)
