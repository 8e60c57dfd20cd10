"""Made-up stored runs, as tracking reads them: the beginning of a journal, and a summary."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path
from typing import Any

from helpers.made_keys import worker_key
from xbench.keys import CellKey
from xbench.process.child import ROOT
from xbench.records.schema import SCHEMA_VERSION

SPREAD = 0.01
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CELLS = tuple(
    f"matmul/m{width}-k{width}-n{width}/float32/numpy/cpu/eager/none/tall"
    for width in (512, 1024, 2048)
)


@dataclass(frozen=True)
class Made:
    """A cell's figure in a made-up run; a status without a time has a reason."""

    time_s: float | None = 1e-3
    status: str = "ok"
    peak_bytes: int | None = None


def run_id(number: int) -> str:
    """Of the run of that day."""
    return f"{BEGAN + timedelta(days=number):%Y%m%dT%H%M%SZ}-{number:06x}"


def write_run(
    root: Path,
    number: int,
    cells: Mapping[str, Made],
    *,
    machine: str = "here",
    versions: str = "2.4.6",
    preset: str = "quick",
    commit: str = "c0ffee",
) -> Path:
    """A run's folder. Returns: its path."""
    folder = root / run_id(number)
    folder.mkdir(parents=True)
    head = {
        "type": "header",
        "schema_version": SCHEMA_VERSION,
        "xbench_version": "0.1.0",
        "run_id": folder.name,
        "started_utc": (BEGAN + timedelta(days=number)).isoformat(),
        "preset": preset,
        "command": ["xbench", "run"],
        "environment": {"machine_key": machine, "git": {"commit": commit, "branch": "main"}},
    }
    worker = {
        "type": "worker",
        "worker": asdict(worker_key()),
        "attest": {"version": versions, "blas": {"name": "openblas", "version": "0.3.31"}},
    }
    write_lines(folder / "run.jsonl", [head, worker, {"type": "footer", "outcome": "complete"}])
    write_lines(folder / "summary.jsonl", [summary(*each) for each in cells.items()])
    return folder


def summary(cell: str, made: Made) -> dict[str, Any]:
    """A line of `summary.jsonl`."""
    key = CellKey.parse(cell)
    width = next(iter(key.params.values()))
    plan = {"key": asdict(key), "family": f"{key.op} w×w×w", "width": width}
    time = made.time_s
    return {
        "plan": plan,
        "status": made.status,
        "reason": "" if time else f"it was {made.status}",
        "time_s": time,
        "low_s": time and 0.99 * time,
        "high_s": time and 1.01 * time,
        "launch_s": [time] * 3 if time else [],
        "peak_bytes": made.peak_bytes,
    }


def write_lines(file: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """One JSON document a line, without spaces, as xbench writes them."""
    text = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)
    file.write_text(text, encoding="utf-8")


def steady(
    root: Path,
    runs: int,
    cells: Sequence[str] = CELLS,
    *,
    first: int = 0,
    level: float = 0.0,
    peak: int | None = None,
    **more: str,
) -> None:
    """That many runs of cells that do not change."""
    chance = random.Random(first)
    for number in range(first, first + runs):
        made = {
            cell: Made(1e-3 * exp(chance.gauss(level, SPREAD)), peak_bytes=peak) for cell in cells
        }
        write_run(root, number, made, **more)


def tool(*arguments: str | Path, folder: Path, **more: str) -> tuple[int, str]:
    """Run xbench in a process. Returns: its exit status, and what it printed, errors last."""
    names = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-m", "xbench", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"PYTHONPATH": str(ROOT)} | more,
    )
    return done.returncode, done.stdout + done.stderr
