"""What one side of an A/B has: its cells and its adapters' environments, asked of a process that
runs under that side's interpreter, with that side's suites and backends."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xbench.errors import UsageError
from xbench.ops.suite import Preset
from xbench.plan.build import Row, build_rows
from xbench.plan.select import Selection
from xbench.process.messages import CloseRequest, Done, Request
from xbench.process.serve import Answers, serve, typed
from xbench.registry import backend_paths, load_backend

NEEDED = ("numpy", "xbench.worker.session")


@dataclass(frozen=True)
class SurveyReply:
    """The rows of a selection, each with its ordinary id as `pair`; `backends` by name, and what
    the adapter of each worker sets (`adapters`, by the key's id). Or `problem` and `hint` where the
    selection fails, or `lacks`, a package that workers import and this interpreter has not."""

    rows: list[Row] = field(default_factory=list)
    backends: dict[str, str] = field(default_factory=dict)
    adapters: dict[str, dict[str, str]] = field(default_factory=dict)
    problem: str = ""
    hint: str = ""
    lacks: str = ""


@dataclass(frozen=True)
class SurveyRequest(Request[SurveyReply], action="survey"):
    """What a side has of a selection, its patterns by axis."""

    side: str
    preset: Preset
    suites: tuple[str, ...]
    axes: dict[str, tuple[str, ...]]
    devices: tuple[str, ...]
    cores: int


def main(config: Mapping[str, Any]) -> None:
    """Serve `survey`."""
    answers: Answers = {SurveyRequest: survey, CloseRequest: lambda _: Done()}
    serve(config["read_fd"], config["write_fd"], typed(answers), lambda _: None)


def survey(request: SurveyRequest) -> SurveyReply:
    """What this side has."""
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        return SurveyReply(lacks=(error.name or name).partition(".")[0])
    side, cores = request.side, request.cores
    try:
        rows = build_rows(
            Selection(request.preset, request.suites, request.axes), request.devices, cores
        )
    except UsageError as error:
        return SurveyReply(problem=error.message, hint=error.hint)
    cells = [
        replace(row.cell, key=replace(row.cell.key, side=side), pair=row.cell.id) for row in rows
    ]
    keys = {cell.worker: None for cell, row in zip(cells, rows, strict=True) if row.status is None}
    return SurveyReply(
        rows=[replace(row, cell=cell) for cell, row in zip(cells, rows, strict=True)],
        backends=backend_paths(),
        adapters={key.id: load_backend(key.backend).env(key.policy(cores)) for key in keys},
    )
