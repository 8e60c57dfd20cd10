"""What one side of an A/B has: its cells and its adapters' environments, asked of a process that
runs under that side's interpreter, with that side's suites and backends."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from xbench.cell import Cell, WorkerKey
from xbench.contracts import Spec
from xbench.errors import UsageError
from xbench.plan.build import Row, build_rows
from xbench.plan.preset import Preset
from xbench.plan.select import Selection
from xbench.registry import backend_paths, load_backend
from xbench.worker.serve import Handler, serve

Reply = dict[str, Any]
NEEDED = ("numpy", "xbench.worker.session")


def main(config: Reply) -> None:
    """Serve `survey`."""
    handlers: dict[str, Handler] = {"survey": survey, "close": dict}
    serve(config["read_fd"], config["write_fd"], handlers, lambda _: None)


def survey(
    side: str, preset: Reply, suites: list[str], axes: dict[str, list[str]], devices: list[str],
    cores: int,
) -> Reply:  # fmt: skip
    """The rows of a selection (`rows`, each with its ordinary id as `pair`), `backends` by name,
    and what the adapter of each worker sets (`adapters`); or `problem` and `hint` where the
    selection fails, or `lacks`, a package that workers import and this interpreter has not."""
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        return {"lacks": (error.name or name).partition(".")[0]}
    chosen = {axis: tuple(patterns) for axis, patterns in axes.items()}
    selection = Selection(Preset(**_tuples(preset)), tuple(suites), chosen)
    try:
        rows = build_rows(selection, tuple(devices), cores)
    except UsageError as error:
        return {"problem": error.message, "hint": error.hint}
    cells = [
        replace(row.cell, worker=replace(row.cell.worker, side=side), pair=row.cell.id)
        for row in rows
    ]
    keys = {cell.worker: None for cell, row in zip(cells, rows, strict=True) if row.status is None}
    return {
        "rows": [
            [asdict(cell), row.status, row.reason] for cell, row in zip(cells, rows, strict=True)
        ],
        "backends": backend_paths(),
        "adapters": {key.id: load_backend(key.backend).env(key.policy(cores)) for key in keys},
    }


def rows_of(sent: Iterable[list[Any]]) -> list[Row]:
    """The rows of a reply."""
    return [Row(_cell(cell), status, reason) for cell, status, reason in sent]


def _cell(sent: Reply) -> Cell:
    spec = sent["spec"]
    params = tuple((name, value) for name, value in spec["params"])
    made = Spec(spec["op"], params, spec["dtype"])
    return Cell(**(sent | {"spec": made, "worker": WorkerKey(**sent["worker"])}))


def _tuples(sent: Reply) -> Reply:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in sent.items()}
