"""Journals and pytest-benchmark files made up for the tests of the report."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.made_keys import cell_key, worker_key
from xbench.keys import CellKey
from xbench.records.journal import JOURNAL, Journal
from xbench.records.schema import (
    SCHEMA_VERSION,
    CeilingsLine,
    CellLine,
    CellPlan,
    Footer,
    GroupLine,
    Header,
    MemoryLine,
    Samples,
    WorkerLine,
)

AXES = CellKey.__dataclass_fields__.keys()
Variant = tuple[str, str, str]
VARIANTS: tuple[Variant, ...] = (
    ("numpy", "eager", "manual"),
    ("torch", "eager", "autograd"),
    ("tensorflow", "eager", "autograd"),
    ("tensorflow", "graph", "autograd"),
    ("torch", "compiled", "autograd"),
)
SPEED = {"numpy": 1.0, "torch": 0.5, "tensorflow": 2.0}
MODE_SPEED = {"eager": 1.0, "graph": 0.3, "compiled": 0.2}
WIDTHS = (512, 2048, 20480, 204800)
MACHINE = {"cpu": "Test CPU", "cores": 8, "ram_bytes": 64 * 10**9, "gpus": []}
STATS = {"median": 1.5e-3, "min": 1.2e-3, "iqr": 1e-4, "rounds": 30}
CARRIED: dict[str, Any] = {
    "status": "ok",
    "reason": "",
    "time_s": 1e-3,
    "low_s": 0.9e-3,
    "high_s": 1.1e-3,
    "launch_s": [],
    "first_s": None,
    "build_s": None,
    "open_s": None,
    "calls": 0,
    "rounds": 30,
    "overhead": None,
    "converged": True,
    "check": {},
    "faults_per_call": None,
    "environment_hash": "",
}
"""What a row of ours carries, beside its plan."""
PLANNED: dict[str, Any] = {
    "group": "",
    "default_gradient": True,
    "flop": 0,
    "min_bytes": 0,
    "eager_bytes": 0,
    "predicted_s": 0.0,
    "predicted_bytes": 0,
}


def plan(family: str, width: int, variant: Variant, **changes: Any) -> CellPlan:
    """One planned cell; `changes` replace fields of it or of its key."""
    backend, mode, gradient = variant
    axes: dict[str, Any] = {
        "op": family.split(maxsplit=1)[0],
        "params": {"n": 100, "w": width},
        "backend": backend,
        "mode": mode,
        "gradient": gradient,
    }
    axes |= {name: changes.pop(name) for name in AXES & changes.keys()}
    fields: dict[str, Any] = {
        "key": cell_key(**axes),
        "group": f"{axes['op']}/n100-w{width}/float32/cpu/tall",
        "family": family,
        "width": width,
        "default_gradient": True,
        "flop": 2000 * width,
        "min_bytes": 400 * width,
        "eager_bytes": 800 * width,
        "predicted_s": 1e-4,
        "predicted_bytes": 1600 * width,
    }
    return CellPlan(**(fields | changes))


def cell_line(cell: CellPlan, chance: random.Random, rounds: int, **changes: Any) -> CellLine:
    """A cell's line: about its true time, which rounds and launches scatter by some percent."""
    true_ns = (
        4e4
        * cell.width**0.8
        * SPEED.get(cell.key.backend, 1.0)
        * MODE_SPEED.get(cell.key.mode, 1.0)
    )
    centre = true_ns * chance.lognormvariate(0.0, 0.01)
    wall = [round(centre * chance.lognormvariate(0.0, 0.03)) for _ in range(rounds)]
    fields: dict[str, Any] = {
        "key": cell.key,
        "calls": 1,
        "lead_in": 0,
        "build_ns": 10_000,
        "first_ns": round(9 * true_ns),
        "memory_bytes": 0,
        "overhead": 0.001,
        "warmup_converged": True,
        "check": {"y": "full"},
        "timed": Samples(wall_ns=wall, minor_faults=[0] * rounds),
    }
    made = {name: value(chance) if callable(value) else value for name, value in changes.items()}
    return CellLine(**(fields | made))


def header(cells: Sequence[CellPlan], launches: int = 3, **changes: Any) -> Header:
    """A run's first line."""
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "xbench_version": "0.1.0",
        "run_id": "20260102T030405Z-abcdef",
        "started_utc": "2026-01-02T03:04:05+00:00",
        "preset": "quick",
        "command": ["xbench", "run"],
        "seed": 5,
        "launches": launches,
        "group_s": 0.5,
        "plan_hash": "0123",
        "cells": list(cells),
        "environment": {"machine": MACHINE, "load_average": [0.1, 0.1, 0.1], "os": "Linux"},
    }
    return Header(**(fields | changes))


def write_run(
    folder: Path,
    cells: Sequence[CellPlan],
    launches: int = 3,
    rounds: int = 9,
    changes: dict[str, dict[str, Any]] | None = None,
    ceilings: Sequence[CeilingsLine] = (),
    memory: Sequence[MemoryLine] = (),
    **of_header: Any,
) -> Path:
    """A whole journal; `changes` are fields of cell lines by id, or make them from chance.

    Returns: the run's folder."""
    chance = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / JOURNAL)
    journal.write(header(cells, launches, **of_header))
    for line in ceilings:
        journal.write(line)
    timed = [cell for cell in cells if cell.status is None]
    for launch in range(launches):
        for backend in sorted({cell.key.backend for cell in timed}):
            journal.write(_worker(launch, backend))
        for group in sorted({cell.group for cell in timed}):
            members = [cell for cell in timed if cell.group == group]
            lines = [
                cell_line(cell, chance, rounds, **(changes or {}).get(cell.id, {}))
                for cell in members
            ]
            journal.write(
                GroupLine(
                    group=group,
                    launch=launch,
                    started_utc="",
                    inputs_sha256="",
                    order=[],
                    cells=lines,
                )
            )
    for each in memory:
        journal.write(each)
    journal.write(Footer(ended_utc="2026-01-02T03:14:05+00:00", outcome="complete"))
    journal.close()
    return folder


def _worker(launch: int, backend: str) -> WorkerLine:
    attest = {"version": "9.9", "blas": {"name": "openblas", "version": "0.3", "kernel": "Zen"}}
    return WorkerLine(
        launch=launch,
        worker=worker_key(backend),
        pid=1,
        environment={},
        open_ns=10**9,
        fence_ns=500,
        python="3.11",
        attest=attest,
        dispatch_ns=300,
        operator_ns=900,
    )


def families(count: int, widths: Sequence[int] = WIDTHS) -> list[CellPlan]:
    """Cells of `count` scaling curves at every width and variant."""
    names = [f"op{number} 100×w" for number in range(count)]
    return [plan(name, width, each) for name in names for width in widths for each in VARIANTS]


def benchmark_json(rows: Sequence[dict[str, Any]]) -> str:
    """A pytest-benchmark file with these rows."""
    info = {"cpu": {"brand_raw": "Test CPU", "count": 8}, "python_version": "3.11.7"}
    found = {"machine_info": info, "commit_info": {}, "benchmarks": list(rows)}
    return json.dumps(found | {"datetime": "2026-01-02", "version": "5.3.1"})


def carried(width: int, **changes: Any) -> dict[str, Any]:
    """A row of a pytest-benchmark file with a cell of ours; `changes` replace fields of its line,
    of its plan or of its key."""
    key = cell_key("matmul", params={"m": width, "k": width, "n": width})
    axes = {name: changes.pop(name) for name in AXES & changes.keys()}
    plan = {"key": asdict(key) | axes, "family": "matmul w", "width": width} | PLANNED
    plan |= {name: changes.pop(name) for name in {"key", "family", "width"} & changes.keys()}
    cell = {"plan": plan, **CARRIED, **changes}
    return {"name": "x", "group": "g", "stats": STATS, "extra_info": {"xbench": cell}}
