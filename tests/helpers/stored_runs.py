"""Stored runs made up for the tests of tracking: a header and a `summary.jsonl`, nothing more."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from helpers.made_keys import worker_key
from xbench.errors import Status
from xbench.keys import CellKey
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.records.schema import SCHEMA_VERSION

MACHINE = {"cpu": "Test CPU", "cores": 8, "ram_bytes": 64 * 10**9, "gpus": []}
Cell = Sequence[float] | Status
"""Seconds of a call, one a launch; or the status of a cell without a number."""


def name(number: int) -> str:
    """A cell's id."""
    return f"mlp_train/n100-w{number}/float32/torch/cpu/eager/autograd/tall"


def cell_line(cell: str, found: Cell, **changes: Any) -> dict[str, Any]:
    """A line of `summary.jsonl`; `changes` replace fields."""
    key = CellKey.parse(cell)
    line: dict[str, Any] = {
        "plan": {"key": asdict(key), "family": key.op, "width": 100},
        "status": found if isinstance(found, str) else "ok",
        "reason": f"its reason: {found}" if isinstance(found, str) else "",
        "launch_s": [] if isinstance(found, str) else list(found),
        "time_s": None if isinstance(found, str) else geometric_mean(found),
    }
    return line | changes


def head_line(run_id: str = "20260102T030405Z-abcdef", **environment: Any) -> dict[str, Any]:
    """A journal's first line; an environment's fields may be replaced."""
    known = {
        "machine": MACHINE,
        "machine_key": "0123456789ab",
        "os": "Linux-6.1",
        "python": "3.11.7",
        "load_average": [0.1, 0.1, 0.1],
        "git": {"commit": "c0ffee" * 7, "branch": "main", "dirty": False},
    }
    return {
        "type": "header",
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "xbench_version": "0.1.0",
        "started_utc": "2026-01-02T03:04:05+00:00",
        "environment": known | environment,
    }


def write_stored(
    folder: Path,
    cells: Mapping[str, Cell],
    changes: Mapping[str, Any] | None = None,
    version: str = "2.12.0",
    **environment: Any,
) -> Path:
    """A run's folder; `changes` replace fields of every cell's line."""
    folder.mkdir(parents=True, exist_ok=True)
    served_by = asdict(worker_key("torch"))
    worker = {"type": "worker", "worker": served_by, "attest": {"version": version}}
    head = head_line(run_id=folder.name, **environment)
    (folder / JOURNAL).write_text("".join(_line(each) for each in (head, worker)))
    lines = [cell_line(each, found, **(changes or {})) for each, found in cells.items()]
    (folder / SUMMARY).write_text("".join(_line(each) for each in lines))
    return folder


def times(
    chance: random.Random, count: int, launches: int = 5, spread: float = 0.02, by: float = 1.0
) -> dict[str, list[float]]:
    """So many cells of `by` ms, whose launches scatter by `spread` (of the logarithm)."""
    return {
        name(number): [1e-3 * by * chance.lognormvariate(0.0, spread) for _ in range(launches)]
        for number in range(count)
    }


def _line(found: dict[str, Any]) -> str:
    return json.dumps(found, separators=(",", ":")) + "\n"
