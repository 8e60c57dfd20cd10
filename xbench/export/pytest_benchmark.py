"""pytest-benchmark's saved JSON, as `pytest-benchmark compare` takes it.

`name`, `fullname` and `param` of a row are the cell's id; `params` holds what `--group-by
param:backend` and the like may ask for. Its figures are worked out by pytest-benchmark from all
bursts of all launches, in seconds of a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from math import isfinite
from typing import Any

from xbench.errors import Status
from xbench.export.measured import Measured, carried
from xbench.records.schema import CellLine, Header
from xbench.records.summary import CellSummary, per_call_s

AXES = ("op", "width", "dtype", "backend", "device", "mode", "gradient", "threads", "allocator")


def to_pytest_benchmark(measured: Measured) -> dict[str, Any]:
    """The whole document. Cells without a finite figure are listed in `xbench.left_out`."""
    from pytest_benchmark import __version__

    header, rows = measured.run.header, []
    left_out = [(cell.id, cell.status, cell.reason) for cell in measured.left_out]
    for cell in measured.cells:
        row = _row(cell, measured.lines[cell.id], header.group_s)
        if all(isfinite(each) for each in row["stats"].values() if isinstance(each, float)):
            rows.append(row)
        else:
            left_out.append((cell.id, "invalid", "its figures are no finite numbers"))
    return {
        "machine_info": _machine(header.environment),
        "commit_info": _commit(header.environment.get("git")),
        "benchmarks": rows,
        "datetime": header.started_utc,
        "version": __version__,
        "xbench": about(header, left_out),
    }


def about(header: Header, left_out: Iterable[tuple[str, Status, str]]) -> dict[str, Any]:
    """What stands beside `benchmarks` under our own key: whose run it is, and the id, status and
    reason of each cell that has no row."""
    return {
        "version": header.xbench_version,
        "run_id": header.run_id,
        "preset": header.preset,
        "machine_key": str(header.environment.get("machine_key") or ""),
        "target": header.target,
        "left_out": [
            {"id": name, "status": status, "reason": reason} for name, status, reason in left_out
        ],
    }


def _row(cell: CellSummary, lines: list[CellLine], group_s: float) -> dict[str, Any]:
    stats: Any = import_module("pytest_benchmark.stats").Stats()  # its functions carry no types
    for line in lines:
        for seconds in per_call_s(line):
            stats.update(seconds)
    figures: dict[str, Any] = stats.as_dict()
    plan = cell.plan
    return {
        "group": plan.group,
        "name": plan.id,
        "fullname": plan.id,
        "params": {axis: getattr(plan, axis) for axis in AXES},
        "param": plan.id,
        "extra_info": {"xbench": carried(cell)},
        "options": {
            "disable_gc": False, "timer": "xbench", "min_rounds": len(lines[0].timed.wall_ns),
            "max_time": group_s, "min_time": 0.0, "warmup": True,
        },
        "stats": figures | {"data": stats.data, "iterations": cell.calls},
    }  # fmt: skip


def _machine(environment: dict[str, Any]) -> dict[str, Any]:
    """As far as a journal knows it, by pytest-benchmark's names."""
    machine = environment.get("machine")
    known: dict[str, Any] = machine if isinstance(machine, dict) else {}
    system, _, release = str(environment.get("os") or "").partition("-")
    return {
        "system": system,
        "release": release,
        "python_version": str(environment.get("python") or ""),
        "cpu": {"brand_raw": str(known.get("cpu") or "unknown CPU"), "count": known.get("cores")},
    }


def _commit(git: Any) -> dict[str, Any]:
    known: dict[str, Any] = git if isinstance(git, dict) else {}
    return {
        "id": str(known.get("commit") or "unversioned"),
        "time": None,
        "author_time": None,
        "dirty": bool(known.get("dirty")),
        "project": "xbench",
        "branch": str(known.get("branch") or "(unknown)"),
    }
